//! One background runtime for all calls of a bridge.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::thread;

use tokio::runtime::{Builder, Handle};

use crate::error::Cause;
use crate::exec::owned::OwnedRuntime;
use crate::sync::ignore_poison;

/// A multi-thread runtime, started at the first call. Each call holds it: a shutdown takes it from nobody.
#[derive(Debug)]
pub(super) struct Background {
    name: String,
    threads: usize,
    state: Mutex<State>,
    /// That of the runtime that was started.
    handle: OnceLock<Handle>,
}

#[derive(Debug)]
enum State {
    Unstarted,
    Started(Arc<OwnedRuntime>),
    ShutDown,
}

impl Background {
    /// Of a bridge called `name`.
    pub(super) fn new(name: &str, threads: usize) -> Background {
        Background::on_threads(format!("{name}/shared"), threads)
    }

    fn on_threads(name: String, threads: usize) -> Background {
        Background { name, threads, state: Mutex::new(State::Unstarted), handle: OnceLock::new() }
    }

    /// The same, not started.
    pub(super) fn renewed(&self) -> Background {
        Background::on_threads(self.name.clone(), self.threads)
    }

    /// The runtime; it is started now if it was not.
    ///
    /// # Errors
    ///
    /// When it cannot be started, in which case the next call tries again, or is shut down.
    pub(super) fn runtime(&self) -> Result<Arc<OwnedRuntime>, Cause> {
        let mut state = self.state();
        match &*state {
            State::Started(runtime) => Ok(Arc::clone(runtime)),
            State::ShutDown => Err(Cause::Shutdown),
            State::Unstarted => {
                let runtime = Arc::new(self.start()?);
                *state = State::Started(Arc::clone(&runtime));
                Ok(runtime)
            }
        }
    }

    /// The handle of a runtime that is never shut down.
    ///
    /// # Errors
    ///
    /// When it cannot be started; the next call tries again.
    pub(super) fn handle(&self) -> io::Result<&Handle> {
        if let Some(handle) = self.handle.get() {
            return Ok(handle);
        }
        match self.runtime() {
            Ok(runtime) => Ok(self.handle.get_or_init(|| runtime.handle().clone())),
            Err(Cause::Runtime(error)) => Err(error),
            Err(_) => Err(io::Error::other("it has been shut down")),
        }
    }

    fn start(&self) -> io::Result<OwnedRuntime> {
        // Tokio panics where it cannot start a thread.
        thread::Builder::new().spawn(|| ())?;
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(self.threads).thread_name(&self.name).enable_all();
        Ok(OwnedRuntime::new(builder.build()?))
    }

    /// Ends the runtime with the last call that holds it. None is started any more.
    pub(super) fn shutdown(&self) {
        let ended = std::mem::replace(&mut *self.state(), State::ShutDown);
        // Dropped unlocked: the destructors of tasks may come back here.
        drop(ended);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        ignore_poison(self.state.lock())
    }
}
