//! One reusable current-thread runtime.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use atomic_waker::AtomicWaker;
use tokio::runtime::{Builder, RuntimeMetrics};

use crate::exec::berth::Berth;
use crate::exec::blueprint::Blueprint;
use crate::exec::epoch::Epoch;
use crate::exec::handover::Handover;
use crate::exec::owned::OwnedRuntime;
use crate::exec::parked::Rearming;
use crate::exec::pool::Pooled;
use crate::exec::relay::Relay;

/// A runtime that is built once and runs many calls.
pub(crate) struct Slot {
    runtime: OwnedRuntime,
    metrics: RuntimeMetrics,
    pub(crate) berth: Arc<Berth>,
    /// The keeper, to be woken by the end.
    closing: AtomicWaker,
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
            metrics: runtime.metrics(),
            runtime: OwnedRuntime::new(runtime),
            berth: Arc::new(Berth::new(made_in)),
            closing: AtomicWaker::new(),
            alive: Arc::clone(alive),
        })
    }

    /// The first poll, without the scheduler and the driver: a future that is ready needs neither.
    ///
    /// It is made under a `block_on` all the same: Tokio's budget then holds for it, so that a loop
    /// over an always-ready resource yields, and its checks against nested runtimes speak.
    #[inline]
    pub(crate) fn poll_once<F: Future>(
        &self,
        mut future: Pin<&mut F>,
        relay: &Relay,
    ) -> Poll<F::Output> {
        let first = poll_fn(|_| Poll::Ready(relay.poll_first(future.as_mut())));
        self.runtime.handle().block_on(first)
    }

    /// Drives the runtime until `future` is done.
    pub(crate) fn drive<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    /// The same while a keeper drives: this thread parks, as it does on a handle.
    pub(crate) fn wait_beside_keeper<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(Rearming::new(future))
    }

    /// Lets the driver and the tasks that are ready have their turn.
    pub(crate) fn turn(&self) {
        self.runtime.block_on(tokio::task::yield_now());
    }

    /// A keeper's work.
    pub(crate) fn drive_until_closed(&self) {
        self.runtime.block_on(poll_fn(|cx| {
            self.closing.register(cx.waker());
            if self.berth.handover.is_closed() { Poll::Ready(()) } else { Poll::Pending }
        }));
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

    /// No keeper drives it any more, and it is dropped with its last user.
    fn close(&self) {
        if self.berth.handover.close() {
            self.alive.fetch_sub(1, Ordering::Relaxed);
            self.closing.wake();
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("berth", &self.berth).finish_non_exhaustive()
    }
}
