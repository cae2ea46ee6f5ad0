//! One reusable current-thread runtime.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use atomic_waker::AtomicWaker;
use tokio::runtime::{Builder, Handle, RuntimeMetrics};

use crate::exec::berth::Berth;
use crate::exec::blueprint::Blueprint;
use crate::exec::epoch::Epoch;
use crate::exec::handover::Handover;
use crate::exec::owned::OwnedRuntime;
use crate::exec::pool::Pooled;

/// A runtime that is built once and runs many calls.
pub(crate) struct Slot {
    runtime: OwnedRuntime,
    handle: Handle,
    metrics: RuntimeMetrics,
    pub(crate) berth: Arc<Berth>,
    /// The keeper, to be woken by the end.
    closing: AtomicWaker,
    is_lost: AtomicBool,
    /// How many runtimes of its fleet have not been closed.
    alive: Arc<AtomicUsize>,
}

impl Slot {
    /// Builds a runtime with one owner.
    pub(crate) fn build(
        blueprint: &Blueprint,
        epoch: &Epoch,
        alive: &Arc<AtomicUsize>,
    ) -> io::Result<Slot> {
        let made_in = epoch.now();
        let mut builder = Builder::new_current_thread();
        builder.thread_name(format!("{}/blocking", blueprint.name)).enable_all();
        if let Some(limit) = blueprint.max_blocking_threads {
            builder.max_blocking_threads(limit);
        }
        let runtime = builder.build()?;
        alive.fetch_add(1, Ordering::Relaxed);
        Ok(Slot {
            handle: runtime.handle().clone(),
            metrics: runtime.metrics(),
            runtime: OwnedRuntime::new(runtime),
            berth: Arc::new(Berth::new(made_in)),
            closing: AtomicWaker::new(),
            is_lost: AtomicBool::new(false),
            alive: Arc::clone(alive),
        })
    }

    #[inline]
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Drives the runtime, or waits beside the thread that does, until `wait` is ready. Returns false if the
    /// runtime is lost, which is closed then.
    ///
    /// Nothing of the user's is polled in `wait`, and Tokio keeps the panics of tasks. So what panics here is a
    /// waker that the driver calls. Tokio drops the driver then, and nobody can drive this runtime any more.
    pub(crate) fn block_on(&self, wait: impl Future<Output = ()>) -> bool {
        if self.is_lost() {
            return false;
        }
        let has_waited = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(wait))).is_ok();
        if !has_waited {
            self.lose();
        }
        has_waited
    }

    /// Lets the driver, and the tasks that are ready, have their turn.
    pub(crate) fn turn(&self) -> bool {
        let mut has_yielded = false;
        self.block_on(poll_fn(|cx| {
            if std::mem::replace(&mut has_yielded, true) {
                return Poll::Ready(());
            }
            // Not Tokio's `yield_now`: that allocates.
            cx.waker().wake_by_ref();
            Poll::Pending
        }))
    }

    #[cold]
    fn lose(&self) {
        // Before those who park are woken: they look for it. Release pairs with `is_lost`.
        self.is_lost.store(true, Ordering::Release);
        self.close();
    }

    pub(crate) fn lost_flag(&self) -> &AtomicBool {
        &self.is_lost
    }

    /// Whether nobody can drive the runtime any more.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }

    /// A keeper's work.
    pub(crate) fn drive_until_closed(&self) -> bool {
        self.block_on(poll_fn(|cx| {
            self.closing.register(cx.waker());
            if self.berth.handover.is_closed() { Poll::Ready(()) } else { Poll::Pending }
        }))
    }

    /// No keeper drives it any more, and it is dropped with its last user.
    fn close(&self) {
        if self.berth.handover.close() {
            self.alive.fetch_sub(1, Ordering::Relaxed);
            self.closing.wake();
        }
    }

    #[inline]
    pub(crate) fn handover(&self) -> &Handover {
        &self.berth.handover
    }

    #[inline]
    pub(crate) fn has_tasks(&self) -> bool {
        self.metrics.num_alive_tasks() > 0
    }
}

impl Pooled for Arc<Slot> {
    fn berth(&self) -> &Berth {
        &self.berth
    }

    fn close(&self) {
        Slot::close(self);
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("berth", &self.berth).finish_non_exhaustive()
    }
}
