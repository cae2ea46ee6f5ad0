//! A thread's use of a runtime: the calls that it makes there.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

use crossbeam_utils::CachePadded;
use pin_project_lite::pin_project;

use crate::exec::fleet::Fleet;
use crate::exec::relay::Relay;
use crate::exec::slot::Slot;

/// A thread's use of a runtime. Its end closes the runtime, unless other threads use it too or it is
/// to go to the pool.
#[derive(Debug)]
pub(crate) struct Lease {
    slot: Arc<Slot>,
    fleet: Arc<Fleet>,
    calls: Arc<CachePadded<AtomicU64>>,
    to_pool: AtomicBool,
}

impl Lease {
    /// Takes a runtime of `fleet` for the calling thread.
    #[cold]
    pub(crate) fn take(fleet: &Arc<Fleet>) -> io::Result<Lease> {
        let slot = fleet.acquire()?;
        let calls = Arc::default();
        fleet.enter(&calls);
        Ok(Lease { slot, fleet: Arc::clone(fleet), calls, to_pool: AtomicBool::new(false) })
    }

    /// Runs `future` to its end, and leaves the runtime to whoever has to drive it next.
    #[inline]
    pub(crate) fn block_on<F: Future>(&self, future: F, relay: &Relay) -> F::Output {
        // By return or by panic, after the future is gone: it may leave tasks behind as it goes.
        let _leave = Leave(self);
        let mut future = pin!(DropsWhenReady { future: Some(future) });
        self.count_call();
        match self.slot.poll_once(future.as_mut(), relay) {
            Poll::Ready(output) => output,
            Poll::Pending if self.slot.handover.begin() => self.slot.drive(future, relay),
            Poll::Pending => self.slot.wait_beside_keeper(future, relay),
        }
    }

    #[inline]
    fn leave(&self) {
        let slot = &self.slot;
        if slot.handover.is_fresh() && !slot.has_tasks() {
            return;
        }
        self.hand_over();
    }

    fn hand_over(&self) {
        let slot = &self.slot;
        if slot.handover.is_kept() {
            return;
        }
        let has_tasks = slot.has_tasks();
        if slot.handover.is_driven() {
            self.fleet.follow(slot, slot.handover.end(has_tasks));
        } else if has_tasks {
            self.fleet.keep(slot);
        } else if slot.handover.is_due() {
            self.take_turn();
        }
    }

    /// A call that was ready drove nothing. When the warden has come by since somebody drove, the
    /// driver gets a turn: a thread that calls often, and is never kept waiting, needs no keeper.
    #[cold]
    fn take_turn(&self) {
        let slot = &self.slot;
        if !std::thread::panicking() && slot.handover.begin() {
            slot.turn();
            self.fleet.follow(slot, slot.handover.end(slot.has_tasks()));
        }
    }

    /// Counts a call. No other thread writes, so this needs no atomic addition.
    #[inline]
    fn count_call(&self) {
        self.calls.store(self.calls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The thread ends: its runtime is to go on, and the next new thread takes it.
    pub(crate) fn return_to_pool(&self) {
        self.to_pool.store(true, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.fleet.settle(&self.calls);
        self.fleet.give_back(&self.slot, *self.to_pool.get_mut());
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
