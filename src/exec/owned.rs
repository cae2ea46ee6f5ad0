//! A runtime that can be dropped anywhere.

use std::ops::Deref;
use std::thread;

use tokio::runtime::{Handle, Runtime};

use crate::process::Process;

/// A runtime whose end waits for nothing: a `spawn_blocking` job that still runs keeps its thread, not
/// ours.
///
/// Near a runtime it ends on a thread of its own: the destructors of tasks may block, and not inside
/// async code. In a forked child it is left alone.
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

    pub(crate) fn is_inherited(&self) -> bool {
        !self.made_in.is_current()
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
        let inherited = self.is_inherited();
        match self.runtime.take() {
            Some(runtime) if inherited => std::mem::forget(runtime),
            Some(runtime) => end(runtime),
            None => {}
        }
    }
}

fn end(runtime: Runtime) {
    struct Ending(Option<Runtime>);

    impl Drop for Ending {
        fn drop(&mut self) {
            if let Some(runtime) = self.0.take() {
                runtime.shutdown_background();
            }
        }
    }

    let ending = Ending(Some(runtime));
    if Handle::try_current().is_ok() {
        let thread = thread::Builder::new().name("smartasync/end".into());
        // Where there is no thread to be had it ends here after all: that is legal too.
        let _ = thread.spawn(move || drop(ending));
    }
}
