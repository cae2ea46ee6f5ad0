//! A thread's use of a runtime: the calls that it makes there.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use crate::error::Refusal;
use crate::exec::fleet::Fleet;
use crate::exec::gate::Pass;
use crate::exec::relay::Relay;
use crate::exec::running::Running;
use crate::exec::slot::Slot;

/// A thread's use of a runtime. Its end closes the runtime, unless other threads use it too or it is
/// to go to the pool.
#[derive(Debug)]
pub(crate) struct Lease {
    slot: Arc<Slot>,
    fleet: Arc<Fleet>,
    to_pool: AtomicBool,
    /// Given back last: when nobody is inside, no runtime is left.
    pass: Pass,
}

impl Lease {
    /// Takes a runtime of `fleet` for the calling thread.
    #[cold]
    pub(crate) fn take(fleet: &Arc<Fleet>) -> Result<Lease, Refusal> {
        let pass = Pass::enter(&fleet.gate).ok_or(Refusal::Shutdown)?;
        let slot = fleet.acquire()?;
        Ok(Lease { slot, fleet: Arc::clone(fleet), to_pool: AtomicBool::new(false), pass })
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
        let mut future = pin!(Running::new(future));
        self.pass.count_call();
        match self.slot.poll_once(future.as_mut(), relay) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => self.wait(future, relay).ok_or(Refusal::Shutdown),
        }
    }

    /// Polls `future`, which was pending, to its end; nothing if it was cut short.
    ///
    /// The relay has kept a wake since the earlier poll, and `block_on` asks for it at its start.
    fn wait<F: Future>(
        &self,
        mut future: Pin<&mut Running<F>>,
        relay: &Relay,
    ) -> Option<F::Output> {
        let _forget = relay.forget_on_drop();
        let polls = poll_fn(|cx| {
            let polled = relay.poll_woken(future.as_mut(), cx);
            future.as_mut().unless_cut(polled, &self.pass, cx)
        });
        if self.slot.handover().begin() {
            self.slot.drive(polls)
        } else {
            self.slot.wait_beside_keeper(polls)
        }
    }

    #[inline]
    fn leave(&self) {
        let slot = &self.slot;
        if slot.handover().is_fresh() && !slot.has_tasks() {
            return;
        }
        self.hand_over();
    }

    fn hand_over(&self) {
        let slot = &self.slot;
        // A child that was forked inside of the call has nobody to hand it over to.
        if slot.handover().is_kept() || self.pass.is_inherited() {
            return;
        }
        let has_tasks = slot.has_tasks();
        if slot.handover().is_driven() {
            self.fleet.follow(slot, slot.handover().end(has_tasks));
        } else if has_tasks {
            self.fleet.keep(slot);
        } else if slot.handover().is_due() {
            self.take_turn();
        }
    }

    /// A call that was ready drove nothing. When the warden has come by since somebody drove, the
    /// driver gets a turn: a thread that calls often, and is never kept waiting, needs no keeper.
    #[cold]
    fn take_turn(&self) {
        let slot = &self.slot;
        if !std::thread::panicking() && slot.handover().begin() {
            slot.turn();
            self.fleet.follow(slot, slot.handover().end(slot.has_tasks()));
        }
    }

    /// The thread ends: its runtime is to go on, and the next new thread takes it.
    pub(crate) fn return_to_pool(&self) {
        self.to_pool.store(true, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // In a forked child it is left alone: what it has locked may stay locked. Each reference that is
        // dropped below is made up for, so that none is the last.
        if self.pass.is_inherited() {
            std::mem::forget((Arc::clone(&self.slot), Arc::clone(&self.fleet)));
            return;
        }
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
