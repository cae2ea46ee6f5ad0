//! Tasks that outlive their caller.

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::Bridge;
#[cfg(feature = "rt-multi-thread")]
use super::SHARED;
use super::inner::{Backend, Inner, inherited};
use crate::error::{Cause, WaitError};
use crate::site::Site;

impl Bridge {
    /// Spawns a task that outlives its caller: a thread of the bridge runs it, whatever the calling thread does.
    ///
    /// It can be called anywhere, in async code and in destructors too. A private bridge runs the task on a runtime
    /// of its own, [`per_thread`](Bridge::per_thread) and [`shared`](Bridge::shared) on the process's background
    /// runtime, [`from_handle`](Bridge::from_handle) on that runtime. [`shutdown`](Bridge::shutdown) and
    /// [`drain`](crate::drain) wait for it.
    ///
    /// # Panics
    ///
    /// Where [`try_spawn`](Bridge::try_spawn) returns an error.
    ///
    /// # Examples
    ///
    /// Asynchronous clean-up in a destructor, which may run in sync code and in async code:
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::Bridge;
    ///
    /// struct Session { id: u32 }
    ///
    /// async fn log_out(id: u32) { /* tell the server */ }
    ///
    /// impl Drop for Session {
    ///     fn drop(&mut self) {
    ///         Bridge::per_thread().spawn(log_out(self.id));
    ///     }
    /// }
    ///
    /// drop(Session { id: 7 });
    /// assert!(smartasync::drain(Duration::from_secs(5)).tasks_ended); // at the end of `main`
    /// ```
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match self.try_spawn(future) {
            Ok(task) => task,
            Err(error) => panic!("{error}"),
        }
    }

    /// Spawns a task that outlives its caller, or hands its future back if there is no runtime for it.
    ///
    /// # Errors
    ///
    /// [`Runtime`](crate::WaitErrorKind::Runtime) when there is no runtime to run on, and
    /// [`Shutdown`](crate::WaitErrorKind::Shutdown) when the bridge has been shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Bridge, WaitErrorKind};
    ///
    /// let bridge = Bridge::builder().build();
    /// let task = bridge.try_spawn(async { 1 + 1 }).unwrap();
    /// assert_eq!(bridge.block_on(task).unwrap(), 2);
    ///
    /// bridge.shutdown(Duration::ZERO);
    /// let error = bridge.try_spawn(async { 1 + 1 }).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::Shutdown);
    /// assert!(error.into_call().is_some(), "the future is handed back");
    /// ```
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<JoinHandle<F::Output>, WaitError<F>>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match self.inner().task_handle() {
            Ok(handle) => Ok(handle.spawn(future)),
            Err(cause) => {
                Err(WaitError::new(cause, Box::new(future), Site::of(|| "Bridge::spawn")))
            }
        }
    }
}

impl Inner {
    /// Returns the runtime of tasks that belong to no thread.
    fn task_handle(&self) -> Result<Handle, Cause> {
        match &self.backend {
            // Not the handle that lives as long as the process: it keeps the descriptors of a runtime that has ended.
            #[cfg(feature = "rt-multi-thread")]
            Backend::PerThread(_) => SHARED.inner().task_handle(),
            #[cfg(not(feature = "rt-multi-thread"))]
            Backend::PerThread(runtimes) => Ok(runtimes.task_runtime()?.handle().clone()),
            Backend::Private(runtimes, _) => Ok(runtimes.task_runtime()?.handle().clone()),
            Backend::Background(background, _) => Ok(background.runtime()?.handle().clone()),
            Backend::Handle(handle) => Ok(handle.clone()),
            Backend::Inherited => Err(Cause::Runtime(inherited())),
        }
    }
}
