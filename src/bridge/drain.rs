//! The end of bridges, which waits for what their runtimes still have to do.

use std::time::{Duration, Instant};

use super::Bridge;
#[cfg(feature = "rt-multi-thread")]
use super::SHARED;
use super::inner::{Backend, Inner};
use crate::cache::thread;
use crate::context::{Context, context};
use crate::exec::deadline::Timer;
use crate::runtime::drain::{Drain, end, have_jobs_ended};
use crate::runtime::monitor;
use crate::runtime::owned::has_threads_of_ended;
use crate::threads::{join_ended, left_until, wait_until};

/// What has ended on a bridge that was [shut down](Bridge::shutdown) or [drained](drain).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::Bridge;
///
/// let bridge = Bridge::builder().build();
/// bridge.block_on(async { tokio::spawn(std::future::pending::<()>()) });
/// let drained = bridge.shutdown(Duration::from_millis(10));
/// assert!(drained.calls_ended && !drained.tasks_ended);
/// assert!(!drained.is_complete());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Whether all calls have ended, including those that were cancelled.
    pub calls_ended: bool,
    /// Whether all tasks have ended by themselves. The others are dropped, but not while a call still uses their
    /// runtime.
    pub tasks_ended: bool,
    /// Whether all `spawn_blocking` jobs have ended, including those of `tokio::fs`. A job that runs goes on; a
    /// job that has not begun is dropped.
    pub blocking_jobs_ended: bool,
}

impl Drained {
    /// Returns whether everything has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::Bridge;
    ///
    /// let bridge = Bridge::builder().build();
    /// bridge.block_on(async { tokio::spawn(async {}) });
    /// assert!(bridge.shutdown(Duration::from_secs(5)).is_complete());
    /// ```
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.calls_ended && self.tasks_ended && self.blocking_jobs_ended
    }
}

/// Waits, for no longer than `limit`, until everything that calls of the process-wide bridges have left behind has
/// ended. It is meant for the end of `main`.
///
/// [`Bridge::per_thread`] and [`Bridge::shared`] give up their runtimes, those of all threads. Within `limit`, the
/// calls on them may end by themselves, then their tasks, then the `spawn_blocking` jobs, which write the files of
/// `tokio::fs`. At the end the runtimes are gone, unless a call has not ended. A later call uses a new runtime. A
/// call that another thread begins at the same time may find its runtime gone, and return
/// [`WaitErrorKind::Shutdown`](crate::WaitErrorKind::Shutdown).
///
/// A client that keeps connections open has tasks that do not end, so drop it first. Inside async code `drain`
/// does not wait. Inside a call it waits for that call in vain.
///
/// Without `drain`, the process ends with `main`. A main thread that has made calls then waits for at most one
/// second for the `spawn_blocking` jobs of ended threads and of its own, and drops the tasks.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::{block_on, drain};
///
/// fn main() {
///     block_on(async {
///         tokio::spawn(async { /* report something */ });
///     });
///     assert!(drain(Duration::from_secs(5)).is_complete());
/// }
/// ```
pub fn drain(limit: Duration) -> Drained {
    drain_all(
        &[
            Bridge::per_thread().inner(),
            #[cfg(feature = "rt-multi-thread")]
            SHARED.inner(),
        ],
        limit,
    )
}

impl Bridge {
    /// Shuts a private bridge down: refuses new calls, and waits for what it still has to do.
    ///
    /// Calls that have begun have `grace` to end by themselves. Then those that still wait are cancelled: they
    /// return [`WaitErrorKind::Shutdown`](crate::WaitErrorKind::Shutdown), and their futures are dropped where
    /// they were polled. A later call returns the same error and is handed back.
    ///
    /// What is left of `grace` is for the tasks of its runtimes, and then for their `spawn_blocking` jobs, which
    /// write the files of `tokio::fs`. At the end the tasks are dropped and the threads are gone, except those of
    /// jobs that still run. A runtime stays as long as a call uses it.
    ///
    /// Returns what has ended. It takes at most twice `grace`: once before it cancels the calls, and once until
    /// the cancelled calls have ended. Inside async code it does not wait, and cancels the calls at once. A future
    /// that never yields cannot be interrupted. A call that waits for the thread on which `shutdown` is called
    /// does not end. The destructors of tasks may run on the calling thread.
    ///
    /// Dropping the last clone of a bridge shuts it down too, without waiting. No call can be running then.
    ///
    /// # Panics
    ///
    /// When the bridge is not private, that is, not made by [`Bridge::builder`]: see [`drain`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Bridge, WaitErrorKind};
    ///
    /// let bridge = Bridge::builder().build();
    /// let worker = std::thread::spawn({
    ///     let bridge = bridge.clone();
    ///     move || bridge.try_block_on(std::future::pending::<()>())
    /// });
    /// while bridge.stats().calls_on_own_runtime == 0 {
    ///     std::thread::yield_now();
    /// }
    /// bridge.shutdown(Duration::from_millis(10));
    /// let error = worker.join().unwrap().unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::Shutdown);
    /// ```
    #[track_caller]
    pub fn shutdown(&self, grace: Duration) -> Drained {
        let inner = self.inner();
        assert!(
            inner.is_private,
            "only a private bridge, made by `Bridge::builder()`, can be shut down; see `smartasync::drain`"
        );
        if let Some(tracker) = inner.backend.tracker() {
            tracker.close();
        }
        drain_all(&[inner], grace)
    }
}

/// Ends the threads of this crate, and waits for no longer than `limit` until they are gone. It is meant for a
/// host that unloads the library which contains this crate.
///
/// It [drains](drain) the process-wide bridges first. [Shut down](Bridge::shutdown) and drop private bridges
/// before: the threads of a bridge that still exists do not end. Returns whether all threads are gone. They are
/// not gone if a call, a task or a `spawn_blocking` job does not end, or if this is called on one of these
/// threads. A later call starts the threads that it needs again.
///
/// What is left then belongs to the threads that have made calls: when they end, they drop what they have kept.
/// The C libraries of Linux and macOS do not unload a library before that.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::{block_on, join_threads};
///
/// block_on(async { tokio::fs::read("Cargo.toml").await }).unwrap();
/// assert!(join_threads(Duration::from_secs(5)));
/// ```
#[must_use = "code that a thread still runs must not be unloaded"]
pub fn join_threads(limit: Duration) -> bool {
    let deadline = deadline_in(limit);
    drain(limit);
    monitor::stop();
    Timer::stop();
    wait_until(deadline, || join_ended() && !has_threads_of_ended())
}

fn drain_all(bridges: &[&Inner], limit: Duration) -> Drained {
    let deadline = deadline_in(limit);
    let limit = left_until(deadline);
    bridges.iter().for_each(|inner| {
        if let Some(runtimes) = inner.backend.runtimes() {
            runtimes.keep();
        }
        inner.forget_runtimes();
    });
    let mut calls_ended = true;
    for inner in bridges {
        calls_ended &= inner.wait_for_calls(limit, deadline);
    }
    let drains: Vec<Drain> = bridges.iter().map(|inner| inner.give_up_runtimes()).collect();
    wait_until(deadline, || !drains.iter().any(Drain::has_driven_tasks));
    let tasks_ended = !drains.iter().any(Drain::has_tasks);
    // A runtime stays as long as a call runs on it.
    let blocking_jobs_ended =
        if calls_ended { end(&drains, deadline) } else { have_jobs_ended(&drains) };
    Drained { calls_ended, tasks_ended, blocking_jobs_ended }
}

/// Returns the deadline of a wait that begins now. Async code does not wait.
fn deadline_in(limit: Duration) -> Instant {
    let limit = if context() == Context::Async { Duration::ZERO } else { limit };
    let deadline = Instant::now().checked_add(limit);
    // If the clock cannot represent the deadline, wait for decades.
    deadline.unwrap_or_else(|| Instant::now() + Duration::from_secs(1 << 31))
}

impl Inner {
    /// Makes later calls use other runtimes than those that exist now.
    pub(super) fn forget_runtimes(&self) {
        match &self.backend {
            Backend::PerThread(runtimes) => {
                runtimes.reset();
                thread::leave();
            }
            Backend::Private(runtimes, slots) => {
                runtimes.reset();
                slots.clear();
            }
            Backend::Background(background, slots) => {
                background.generation.reset();
                slots.clear();
            }
            Backend::Handle(_) | Backend::Inherited => {}
        }
    }

    /// Waits until no call runs. At the deadline, the calls of a private bridge are cancelled, and have `limit`
    /// once more.
    fn wait_for_calls(&self, limit: Duration, deadline: Instant) -> bool {
        let Some(tracker) = self.backend.tracker() else { return true };
        if self.is_private {
            tracker.wait_until_empty(limit) || {
                tracker.cancel();
                tracker.wait_until_empty(limit)
            }
        } else {
            wait_until(deadline, || tracker.is_idle())
        }
    }

    fn give_up_runtimes(&self) -> Drain {
        let background = match &self.backend {
            Backend::Background(background, _) => background.give_up(self.is_private),
            _ => None,
        };
        Drain::of(self.backend.runtimes(), background)
    }
}
