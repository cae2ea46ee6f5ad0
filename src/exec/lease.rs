//! A thread's use of a runtime: the calls that it makes there.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::error::Refusal;
use crate::exec::fleet::Fleet;
use crate::exec::gate::Ticket;
use crate::exec::relay::Relay;
use crate::exec::slot::Slot;
use crate::sync;

/// A thread's use of a runtime. Its end closes the runtime, unless other threads use it too or it is
/// to go to the pool.
#[derive(Debug)]
pub(crate) struct Lease {
    slot: Arc<Slot>,
    fleet: Arc<Fleet>,
    ticket: sync::Arc<Ticket>,
    to_pool: AtomicBool,
}

impl Lease {
    /// Takes a runtime of `fleet` for the calling thread.
    #[cold]
    pub(crate) fn take(fleet: &Arc<Fleet>) -> Result<Lease, Refusal> {
        let ticket = fleet.gate.enter().ok_or(Refusal::Shutdown)?;
        match fleet.acquire() {
            Ok(slot) => {
                let to_pool = AtomicBool::new(false);
                Ok(Lease { slot, fleet: Arc::clone(fleet), ticket, to_pool })
            }
            Err(error) => {
                fleet.gate.leave(&ticket);
                Err(Refusal::Runtime(error))
            }
        }
    }

    /// Runs `future` to its end, and leaves the runtime to whoever has to drive it next.
    ///
    /// # Errors
    ///
    /// `Shutdown` when it was cut short; it is dropped then.
    #[inline]
    pub(crate) fn block_on<F: Future>(
        &self,
        future: F,
        relay: &Relay,
    ) -> Result<F::Output, Refusal> {
        // By return or by panic, after the future is gone: it may leave tasks behind as it goes.
        let _leave = Leave(self);
        let mut future = pin!(Running { future: Some(future) });
        self.ticket.count_call();
        match self.slot.poll_once(future.as_mut(), relay) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => self.wait(future, relay).ok_or(Refusal::Shutdown),
        }
    }

    /// Polls `future`, which was pending, to its end; nothing if it was cut short.
    ///
    /// `block_on` polls once at its start, so a wake since the earlier poll is not lost.
    fn wait<F: Future>(
        &self,
        mut future: Pin<&mut Running<F>>,
        relay: &Relay,
    ) -> Option<F::Output> {
        let _forget = relay.forget_on_drop();
        let polls = poll_fn(|cx| {
            if self.fleet.gate.is_cut(&self.ticket, cx.waker()) {
                future.as_mut().cut_short();
                return Poll::Ready(None);
            }
            relay.poll_for(future.as_mut(), cx).map(Some)
        });
        if self.slot.handover.begin() {
            self.slot.drive(polls)
        } else {
            self.slot.wait_beside_keeper(polls)
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

    /// The thread ends: its runtime is to go on, and the next new thread takes it.
    pub(crate) fn return_to_pool(&self) {
        self.to_pool.store(true, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.fleet.give_back(&self.slot, *self.to_pool.get_mut());
        self.fleet.gate.leave(&self.ticket);
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
    /// A future that is dropped where it ends: inside its runtime, as `Runtime::block_on` does.
    struct Running<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F> Running<F> {
    fn cut_short(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }
}

impl<F: Future> Future for Running<F> {
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
