//! Runtimes whose threads have ended.

use crate::runtime::state::{Generation, State};
use crate::sync::Queue;

/// What can be in a pool: a reference to a runtime.
pub(crate) trait Pooled: Clone {
    fn state(&self) -> &State;

    /// Whether it cannot be told from a new one.
    fn is_fresh(&self) -> bool;

    /// Whether it may become fresh.
    fn is_useful(&self) -> bool;

    /// Ends the runtime.
    fn close(&self);
}

/// Runtimes that wait for a thread, each with its driver thread.
#[derive(Debug)]
pub(crate) struct Pool<R>(Queue<R>);

impl<R: Pooled> Pool<R> {
    pub(crate) fn new() -> Pool<R> {
        Pool(Queue::new())
    }

    /// Takes a runtime that is as good as a new one, and makes the caller its only owner. The others stay in the
    /// pool, where they are driven until they are as good as new.
    pub(crate) fn take_fresh(&self, generation: &Generation) -> Option<R> {
        let mut others = Vec::new();
        let fresh = loop {
            match self.take(generation) {
                Some(runtime) if !runtime.is_fresh() => others.push(runtime),
                taken => break taken,
            }
        };
        // Each has its driver thread.
        others.iter().for_each(|runtime| self.give_back(runtime, true, generation, || ()));
        fresh
    }

    /// Takes a runtime that is not older than the last reset, and makes the caller its only owner.
    pub(crate) fn take(&self, generation: &Generation) -> Option<R> {
        std::iter::from_fn(|| self.0.pop()).find(|runtime| {
            let state = runtime.state();
            let is_good = state.is_of(generation) && !state.is_closed();
            if is_good {
                state.set_owned();
            } else {
                runtime.close();
            }
            is_good
        })
    }

    /// Takes back a runtime that an owner no longer needs. The last owner closes it or, if it `stays`, puts it
    /// into the pool, after `request_driver` has provided a driver thread.
    pub(crate) fn give_back(
        &self,
        runtime: &R,
        stays: bool,
        generation: &Generation,
        request_driver: impl FnOnce(),
    ) {
        if !runtime.state().remove_owner() {
            return;
        }
        if stays && runtime.state().is_of(generation) && runtime.is_useful() {
            request_driver();
            self.0.push(runtime.clone());
            // A reset in the meantime has drained the pool without it.
            if !runtime.state().is_of(generation) {
                self.drain();
            }
        } else {
            runtime.close();
        }
    }

    /// Closes everything in the pool. This follows a reset, which makes it old.
    pub(crate) fn drain(&self) {
        std::iter::from_fn(|| self.0.pop()).for_each(|runtime| runtime.close());
    }
}
