//! Runtimes that are built once and run many calls.

#[cfg(feature = "rt-multi-thread")]
pub(crate) mod background;
#[cfg(not(feature = "rt-multi-thread"))]
#[path = "runtime/no_background.rs"]
pub(crate) mod background;
pub(crate) mod drain;
mod limit;
pub(crate) mod monitor;
pub(crate) mod options;
pub(crate) mod owned;
pub(crate) mod pool;
pub(crate) mod probe;
pub(crate) mod set;
mod share;
pub(crate) mod state;
pub(crate) mod tracker;

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
#[cfg(not(feature = "rt-multi-thread"))]
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Instant;

use tokio::runtime::{Builder, Handle};

use limit::Permit;
use monitor::Monitor;
use options::RuntimeOptions;
use owned::OwnedRuntime;
use pool::Pooled;
use probe::Probe;
use state::{Generation, State};

use crate::sync::{StdAtomicU64, ignore_poison};

/// A current-thread runtime, driven by its owner or by a driver thread.
pub(crate) struct LocalRuntime {
    pub(crate) runtime: OwnedRuntime,
    pub(crate) state: Arc<State>,
    is_lost: AtomicBool,
    /// How often it had parked when its driver thread last began to drive.
    parks_before: StdAtomicU64,
    /// Absent where no driver thread is ever to be started.
    monitor: Option<&'static Monitor>,
    /// A copy of the handle that lives as long as the process.
    #[cfg(not(feature = "rt-multi-thread"))]
    static_handle: OnceLock<&'static Handle>,
    /// The last task that was sent to find out whether somebody drives.
    probe: Mutex<Option<Probe>>,
    /// Dropped last, after the descriptors are closed.
    _permit: Permit,
}

impl LocalRuntime {
    /// Builds a runtime with one owner.
    pub(crate) fn build(
        options: &RuntimeOptions,
        generation: &Generation,
        permit: Permit,
        threads: &Arc<AtomicUsize>,
    ) -> io::Result<LocalRuntime> {
        let made_in = generation.current();
        let mut builder = Builder::new_current_thread();
        builder.thread_name(format!("{}/blocking", options.name)).enable_all();
        if let Some(limit) = options.max_blocking_threads {
            builder.max_blocking_threads(limit);
        }
        let runtime = OwnedRuntime::build(&mut builder, threads, || {})?;
        Ok(LocalRuntime {
            runtime,
            state: Arc::new(State::new(made_in)),
            is_lost: AtomicBool::new(false),
            parks_before: StdAtomicU64::new(0),
            monitor: options.driver_threads.then(Monitor::of_process),
            #[cfg(not(feature = "rt-multi-thread"))]
            static_handle: OnceLock::new(),
            probe: Mutex::default(),
            _permit: permit,
        })
    }

    #[inline]
    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Drives the runtime, or waits next to the thread that drives it, until `wait` is ready. Returns false if the
    /// runtime has ended or is lost. A lost runtime is closed.
    ///
    /// `wait` polls no user code, and Tokio catches the panics of tasks. So a panic here comes from a waker that
    /// the driver calls. Tokio drops the driver then, and nobody can drive this runtime any more.
    pub(crate) fn block_on(&self, wait: impl Future<Output = ()>) -> bool {
        if self.is_lost() {
            return false;
        }
        let waited = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(wait)));
        waited.map_or_else(
            |_panic| {
                self.lose();
                false
            },
            |waited| waited.is_some(),
        )
    }

    /// Has the monitor look after the runtime, which nobody drives now.
    #[inline]
    pub(crate) fn watch(&self) {
        if let Some(monitor) = self.monitor {
            monitor.watch();
        }
    }

    /// Whether somebody drives the runtime, or does so once the monitor has found that nobody does.
    pub(crate) fn is_or_will_be_driven(&self) -> bool {
        !self.state.is_closed() && (self.monitor.is_some() || self.state.is_background())
    }

    /// Gives the driver and the ready tasks a turn.
    pub(crate) fn turn(&self) -> bool {
        let mut has_yielded = false;
        self.block_on(poll_fn(|cx| {
            if std::mem::replace(&mut has_yielded, true) {
                return Poll::Ready(());
            }
            // Not Tokio's `yield_now`, which allocates.
            cx.waker().wake_by_ref();
            Poll::Pending
        }))
    }

    /// Whether nothing holds up the driver. If there are tasks that could, it is asked. A question from before
    /// `start` that is still unanswered counts as no.
    pub(crate) fn answers(&self, start: Instant) -> bool {
        if !self.runtime.has_tasks() {
            return true;
        }
        let mut probe = ignore_poison(self.probe.lock());
        match &*probe {
            Some(probe) if probe.since >= start || !probe.is_answered() => probe.is_answered(),
            _ => {
                *probe = Some(Probe::send(self.handle(), Instant::now()));
                false
            }
        }
    }

    #[cold]
    fn lose(&self) {
        // Set before the parked calls are woken, which check it. Release pairs with `is_lost`.
        self.is_lost.store(true, Release);
        self.close();
    }

    pub(crate) fn lost_flag(&self) -> &AtomicBool {
        &self.is_lost
    }

    /// Whether nobody can drive the runtime any more.
    pub(crate) fn is_lost(&self) -> bool {
        // Acquire pairs with `lose`.
        self.is_lost.load(Acquire)
    }

    /// The loop of a driver thread, which sleeps while the owner drives. Returns false if the runtime is lost.
    pub(crate) fn drive_until_closed(&self) -> bool {
        while !self.state.is_closed() {
            // Relaxed: the owner may miss it, and then judges by an earlier rest.
            self.parks_before.store(self.runtime.parks().unwrap_or(0), Relaxed);
            if !self.block_on(poll_fn(|cx| self.state.poll_driving(cx))) {
                return false;
            }
            // Through the handle: it must not wait for the driver.
            self.handle().block_on(poll_fn(|cx| self.state.poll_sleeping(cx)));
        }
        true
    }

    /// What the driver thread has done since it began to drive.
    pub(crate) fn driven(&self) -> Driven {
        Driven {
            // Relaxed: see `drive_until_closed`.
            parks_before: self.parks_before.load(Relaxed),
            // Where nobody counts, it may have served others.
            parks: self.runtime.parks().unwrap_or(u64::MAX),
        }
    }

    /// Closes the runtime: its driver thread ends, and it is dropped with its last user.
    pub(crate) fn close(&self) {
        self.state.close();
    }
}

/// What a driver thread has done since it began to drive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Driven {
    /// How often the runtime had parked by then.
    pub(crate) parks_before: u64,
    /// How often it has parked by now.
    pub(crate) parks: u64,
}

impl Pooled for Arc<LocalRuntime> {
    fn state(&self) -> &State {
        &self.state
    }

    fn is_fresh(&self) -> bool {
        !self.runtime.has_tasks() && self.runtime.has_running_clock()
    }

    fn is_useful(&self) -> bool {
        // A clock that was paused never becomes right again, but tasks that depend on it get time to end.
        self.runtime.has_tasks() || self.runtime.has_running_clock()
    }

    fn close(&self) {
        LocalRuntime::close(self);
    }
}

impl Drop for LocalRuntime {
    fn drop(&mut self) {
        // A thread that has tried to drive it may have lost the scheduler's core too. Tokio panics then when it
        // drops the runtime, and it cannot be asked.
        if self.is_lost() {
            self.runtime.leak();
        }
    }
}

impl fmt::Debug for LocalRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalRuntime").field("state", &self.state).finish_non_exhaustive()
    }
}
