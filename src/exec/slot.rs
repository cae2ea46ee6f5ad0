//! One reusable current-thread runtime.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};

use crate::exec::relay::Relay;

/// How a bridge builds its runtimes, and how many there are.
#[derive(Debug, Default)]
pub(crate) struct Blueprint {
    pub(crate) name: Option<String>,
    pub(crate) max_blocking_threads: Option<usize>,
    pub(crate) alive: Arc<AtomicUsize>,
}

/// A runtime that is built once and runs many calls.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Absent only while the slot is being dropped.
    runtime: Option<Runtime>,
    /// How many runtimes its bridge has.
    alive: Arc<AtomicUsize>,
}

impl Slot {
    #[cold]
    pub(crate) fn build(blueprint: &Blueprint) -> io::Result<Slot> {
        let name = blueprint.name.as_deref().unwrap_or("smartasync");
        let mut builder = Builder::new_current_thread();
        builder.thread_name(format!("{name}/blocking")).enable_all();
        if let Some(limit) = blueprint.max_blocking_threads {
            builder.max_blocking_threads(limit);
        }
        let runtime = builder.build()?;
        let alive = Arc::clone(&blueprint.alive);
        alive.fetch_add(1, Ordering::Relaxed);
        Ok(Slot { runtime: Some(runtime), alive })
    }

    /// Runs `future` to its end.
    #[inline]
    pub(crate) fn block_on<F: Future>(&self, future: F, relay: &Relay) -> F::Output {
        let mut future = pin!(future);
        match self.poll_once(future.as_mut(), relay) {
            Poll::Ready(output) => output,
            Poll::Pending => self.drive(future, relay),
        }
    }

    /// The first poll, without the scheduler and the driver: a future that is ready needs neither.
    ///
    /// It is made under a `block_on` all the same: Tokio's budget then holds for it, so that a loop
    /// over an always-ready resource yields, and its checks against nested runtimes speak.
    #[inline]
    fn poll_once<F: Future>(&self, mut future: Pin<&mut F>, relay: &Relay) -> Poll<F::Output> {
        let first = poll_fn(|_| Poll::Ready(relay.poll(future.as_mut())));
        self.runtime().handle().block_on(first)
    }

    /// The polls after the first. `block_on` always polls once at its start, so a wake since the
    /// first poll is not lost.
    fn drive<F: Future>(&self, mut future: Pin<&mut F>, relay: &Relay) -> F::Output {
        let _forget = relay.forget_on_drop();
        self.runtime().block_on(poll_fn(|cx| relay.poll_for(future.as_mut(), cx)))
    }

    #[inline]
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("taken only by drop")
    }
}

impl Drop for Slot {
    /// Waits for nothing: a `spawn_blocking` job that still runs keeps its thread, not ours. It is
    /// legal anywhere, inside async code too.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        self.alive.fetch_sub(1, Ordering::Relaxed);
    }
}
