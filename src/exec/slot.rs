//! One reusable current-thread runtime.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use atomic_waker::AtomicWaker;
use pin_project_lite::pin_project;
use tokio::runtime::{Builder, Runtime, RuntimeMetrics};

use crate::exec::epoch::{Epoch, Stamp};
use crate::exec::fleet::{Blueprint, Lease};
use crate::exec::handover::Handover;
use crate::exec::parked::Rearming;
use crate::exec::relay::Relay;

/// A runtime that is built once and runs many calls.
pub(crate) struct Slot {
    /// Absent only while the slot is being dropped.
    runtime: Option<Runtime>,
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
        let name = blueprint.name.as_deref().unwrap_or("smartasync");
        let mut builder = Builder::new_current_thread();
        builder.thread_name(format!("{name}/blocking")).enable_all();
        if let Some(limit) = blueprint.max_blocking_threads {
            builder.max_blocking_threads(limit);
        }
        let runtime = builder.build()?;
        alive.fetch_add(1, Ordering::Relaxed);
        Ok(Slot {
            metrics: runtime.metrics(),
            runtime: Some(runtime),
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
    fn poll_once<F: Future>(&self, mut future: Pin<&mut F>, relay: &Relay) -> Poll<F::Output> {
        let first = poll_fn(|_| Poll::Ready(relay.poll(future.as_mut())));
        self.runtime().handle().block_on(first)
    }

    /// Polls `future` to its end. `block_on` polls once at its start, so a wake since an earlier poll
    /// is not lost.
    fn drive<F: Future>(&self, mut future: Pin<&mut F>, relay: &Relay) -> F::Output {
        let _forget = relay.forget_on_drop();
        self.runtime().block_on(poll_fn(|cx| relay.poll_for(future.as_mut(), cx)))
    }

    /// The same while a keeper drives: this thread parks, as it does on a handle.
    fn wait_beside_keeper<F: Future>(&self, mut future: Pin<&mut F>, relay: &Relay) -> F::Output {
        let _forget = relay.forget_on_drop();
        let polls = poll_fn(|cx| relay.poll_for(future.as_mut(), cx));
        self.runtime().block_on(Rearming::new(polls))
    }

    /// Lets the driver and the tasks that are ready have their turn.
    fn turn(&self) {
        self.runtime().block_on(tokio::task::yield_now());
    }

    /// A keeper's work.
    pub(crate) fn drive_until_closed(&self) {
        self.runtime().block_on(poll_fn(|cx| {
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
    fn has_tasks(&self) -> bool {
        self.metrics.num_alive_tasks() > 0
    }

    #[inline]
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("taken only by drop")
    }
}

impl Drop for Slot {
    /// Waits for nothing: a `spawn_blocking` job that still runs keeps its thread, not ours. It is
    /// legal anywhere, inside async code too.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("handover", &self.handover).finish_non_exhaustive()
    }
}

impl Lease {
    /// Runs `future` to its end, and leaves the runtime to whoever has to drive it next.
    #[inline]
    pub(crate) fn block_on<F: Future>(&self, future: F, relay: &Relay) -> F::Output {
        // By return or by panic, after the future is gone: it may leave tasks behind as it goes.
        let _leave = Leave(self);
        let mut future = pin!(DropsWhenReady { future: Some(future) });
        self.count_call();
        match self.slot().poll_once(future.as_mut(), relay) {
            Poll::Ready(output) => output,
            Poll::Pending if self.slot().handover.begin() => self.slot().drive(future, relay),
            Poll::Pending => self.slot().wait_beside_keeper(future, relay),
        }
    }

    #[inline]
    fn leave(&self) {
        let slot = self.slot();
        if slot.handover.is_fresh() && !slot.has_tasks() {
            return;
        }
        self.hand_over();
    }

    fn hand_over(&self) {
        let slot = self.slot();
        if slot.handover.is_kept() {
            return;
        }
        let has_tasks = slot.has_tasks();
        if slot.handover.is_driven() {
            self.fleet().follow(slot, slot.handover.end(has_tasks));
        } else if has_tasks {
            self.fleet().keep(slot);
        } else if slot.handover.is_due() {
            self.take_turn();
        }
    }

    /// A call that was ready drove nothing. When the warden has come by since somebody drove, the
    /// driver gets a turn: a thread that calls often, and is never kept waiting, needs no keeper.
    #[cold]
    fn take_turn(&self) {
        let slot = self.slot();
        if !std::thread::panicking() && slot.handover.begin() {
            slot.turn();
            self.fleet().follow(slot, slot.handover.end(slot.has_tasks()));
        }
    }
}

/// The end of a call.
struct Leave<'a>(&'a Lease);

impl Drop for Leave<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.leave();
    }
}

pin_project! {
    /// A future that is dropped where it becomes ready: inside its runtime, as `Runtime::block_on` does.
    struct DropsWhenReady<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Future for DropsWhenReady<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut future = self.project().future;
        let running = future.as_mut().as_pin_mut().expect("not polled after it is ready");
        let result = running.poll(cx);
        if result.is_ready() {
            future.set(None);
        }
        result
    }
}
