//! One background runtime for all calls of a bridge.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};

use tokio::runtime::{Builder, Handle};

use crate::exec::owned::OwnedRuntime;

/// A multi-thread runtime, started at the first call.
#[derive(Debug)]
pub(super) struct Background {
    name: String,
    threads: usize,
    started: OnceLock<Started>,
}

#[derive(Debug)]
struct Started {
    handle: Handle,
    /// Absent once it is shut down.
    runtime: Mutex<Option<OwnedRuntime>>,
}

impl Background {
    /// Of a bridge called `name`.
    pub(super) fn new(name: &str, threads: usize) -> Background {
        Background { name: format!("{name}/shared"), threads, started: OnceLock::new() }
    }

    /// The same, not started.
    pub(super) fn renewed(&self) -> Background {
        Background { name: self.name.clone(), threads: self.threads, started: OnceLock::new() }
    }

    /// The runtime's handle; it is started now if it was not.
    ///
    /// # Errors
    ///
    /// When it cannot be started; the next call tries again.
    pub(super) fn handle(&self) -> io::Result<&Handle> {
        if let Some(started) = self.started.get() {
            return Ok(&started.handle);
        }
        // Of two that are started at once the second is let go again.
        let _ = self.started.set(self.start()?);
        Ok(&self.started.get().expect("it has been set").handle)
    }

    fn start(&self) -> io::Result<Started> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(self.threads)
            .thread_name(&self.name)
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Started { handle, runtime: Mutex::new(Some(OwnedRuntime::new(runtime))) })
    }

    pub(super) fn shutdown(&self) {
        if let Some(started) = self.started.get() {
            let mut runtime = started.runtime.lock().unwrap_or_else(PoisonError::into_inner);
            let ended = runtime.take();
            // Dropped unlocked: the destructors of tasks may come back here.
            drop(runtime);
            drop(ended);
        }
    }
}
