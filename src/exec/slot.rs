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

use crate::exec::blueprint::Blueprint;
use crate::exec::epoch::{Epoch, Stamp};
use crate::exec::handover::Handover;
use crate::exec::owned::OwnedRuntime;
use crate::exec::parked::Rearming;
use crate::exec::relay::Relay;

/// A runtime that is built once and runs many calls.
pub(crate) struct Slot {
    runtime: OwnedRuntime,
    metrics: RuntimeMetrics,
    pub(crate) handover: Arc<Handover>,
    /// The keeper, to be woken by the end.
    closing: AtomicWaker,
    pub(crate) made_in: Stamp,
    /// The threads that use it.
    owners: AtomicUsize,
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
            handover: Arc::new(Handover::new()),
            closing: AtomicWaker::new(),
            made_in,
            owners: AtomicUsize::new(1),
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
        let first = poll_fn(|_| Poll::Ready(relay.poll(future.as_mut())));
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
            if self.handover.is_closed() { Poll::Ready(()) } else { Poll::Pending }
        }));
    }

    /// Ends it: no keeper drives it any more, and it is dropped with its last user.
    pub(crate) fn close(&self) {
        if self.handover.close() {
            self.alive.fetch_sub(1, Ordering::Relaxed);
            self.closing.wake();
        }
    }

    /// One owner more, where there is one: a runtime without owners is on its way to the pool or to its
    /// end, and not to be caught there.
    pub(crate) fn try_add_owner(&self) -> bool {
        let add = |owners: usize| owners.checked_add(1).filter(|_| owners > 0);
        self.owners.fetch_update(Ordering::Acquire, Ordering::Relaxed, add).is_ok()
    }

    /// Its first owner again, after the pool.
    pub(crate) fn set_owned(&self) {
        self.owners.store(1, Ordering::Relaxed);
    }

    /// True for the last owner.
    pub(crate) fn remove_owner(&self) -> bool {
        self.owners.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Whether it is newer than the last reset.
    pub(crate) fn is_of(&self, epoch: &Epoch) -> bool {
        self.made_in == epoch.now()
    }

    #[inline]
    pub(crate) fn has_tasks(&self) -> bool {
        self.metrics.num_alive_tasks() > 0
    }

    /// Whether it belongs to the process of which this one is a forked child.
    pub(crate) fn is_inherited(&self) -> bool {
        self.runtime.is_inherited()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("handover", &self.handover).finish_non_exhaustive()
    }
}
