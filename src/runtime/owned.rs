//! A runtime that can be dropped anywhere.

use std::cell::Cell;
use std::ops::Deref;
use std::thread;

use tokio::runtime::{Handle, Runtime};

use crate::context::mark;
use crate::process::Process;

/// A runtime whose end waits for nothing: a `spawn_blocking` job that still runs keeps its thread, not
/// ours.
///
/// Inside of it the destructors of tasks run, which are the user's: not on a thread that has a current runtime or
/// has no time for them, and under the mark. Tokio shows nothing of what it tears down, and a call would wait
/// for it. In a forked child it is left alone.
#[derive(Debug)]
pub(crate) struct OwnedRuntime {
    /// Absent only while it is being dropped.
    runtime: Option<Runtime>,
    made_in: Process,
}

impl OwnedRuntime {
    pub(crate) fn new(runtime: Runtime) -> OwnedRuntime {
        OwnedRuntime { runtime: Some(runtime), made_in: Process::current() }
    }

    /// Gives the runtime up without its end: what lives on it is never dropped.
    pub(crate) fn leak(&mut self) {
        std::mem::forget(self.runtime.take());
    }
}

impl Deref for OwnedRuntime {
    type Target = Runtime;

    #[inline]
    fn deref(&self) -> &Runtime {
        self.runtime.as_ref().expect("taken only by drop")
    }
}

impl Drop for OwnedRuntime {
    fn drop(&mut self) {
        match self.runtime.take() {
            Some(runtime) if self.made_in.is_current() => end(runtime),
            inherited => std::mem::forget(inherited),
        }
    }
}

thread_local! {
    static HAS_NO_TIME: Cell<bool> = const { Cell::new(false) };
}

/// From now on no runtime ends on the calling thread.
pub(crate) fn end_none_here() {
    HAS_NO_TIME.set(true);
}

fn end(runtime: Runtime) {
    struct Ending(Option<Runtime>);

    impl Drop for Ending {
        fn drop(&mut self) {
            if let Some(runtime) = self.0.take() {
                let _mark = mark::set();
                runtime.shutdown_background();
            }
        }
    }

    let ending = Ending(Some(runtime));
    if HAS_NO_TIME.get() || Handle::try_current().is_ok() {
        let thread = thread::Builder::new().name("smartasync/end".into());
        // Where no thread can be started it ends here after all: that is legal too.
        let _ = thread.spawn(move || drop(ending));
    }
}
