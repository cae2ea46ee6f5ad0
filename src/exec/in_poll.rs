//! Running a call inside a poll, where Tokio lets nothing block.

use std::marker::PhantomData;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::Handle;
use tokio::task::yield_now;

use crate::context::{Scheduler, budget, hidden};
use crate::exec::CallPolls;
use crate::exec::drive::Drive;
use crate::runtime::background::BackgroundRuntime;

/// Runs a call on a runtime that other threads drive, in a poll that `scheduler` makes, or something else that is
/// not one.
///
/// `Handle::block_on` would panic here. So the runtime is entered and nothing more, and the thread parks on a token
/// of its own: Tokio's does not let it.
///
/// The runtime stays entered between two polls. Tokio cannot leave it before a guard that the future has entered and
/// holds.
#[inline(never)]
pub(crate) fn run_in_poll(
    handle: &Handle,
    background: Option<&BackgroundRuntime>,
    scheduler: Option<Scheduler>,
    call: &mut Drive<'_, '_>,
) {
    let _entered = handle.enter();
    let _hidden = scheduler.map(|scheduler| hidden::set(handle.id(), scheduler));
    let (park, deferral) = (Arc::new(Park::new()), scheduler.map(|_| Deferral::new()));
    let parked = Waker::from(Arc::clone(&park));
    let mut cx = Context::from_waker(&parked);
    let mut polls = CallPolls::new(background, call);
    loop {
        let polled = match &deferral {
            Some(deferral) => deferral.poll(&mut polls, &mut cx),
            None => budget::with_new(|| polls.poll(&mut cx)),
        };
        match polled {
            Poll::Ready(true) => return,
            Poll::Ready(false) => polls.call.run_check(),
            Poll::Pending => park.park(),
        }
    }
}

/// Tells whether a poll has deferred a wake: `yield_now` gives its waker to the scheduler of the thread, which calls
/// it after the poll that it makes. That is the poll which waits for this call.
///
/// Tokio does not show what it defers. But it does not defer a waker twice in a row. So a waker of our own is
/// deferred before the poll and after it: if it is kept again, something has come in between.
struct Deferral(Arc<Mark>, PhantomData<*const ()>);

/// Counts how often the scheduler keeps it.
struct Mark;

impl Wake for Mark {
    fn wake(self: Arc<Self>) {}
}

impl Deferral {
    fn new() -> Deferral {
        Deferral(Arc::new(Mark), PhantomData)
    }

    /// Polls a call. One that has deferred a wake is woken here.
    ///
    /// It has no budget: one that is used up defers a wake at each further grant.
    fn poll(&self, polls: &mut CallPolls<'_, '_, '_>, cx: &mut Context<'_>) -> Poll<bool> {
        self.is_deferred_anew();
        let polled = budget::without_limit(|| polls.poll(cx));
        if polled.is_pending() && self.is_deferred_anew() {
            polls.call.waker.waker().wake_by_ref();
        }
        polled
    }

    fn is_deferred_anew(&self) -> bool {
        let before = Arc::strong_count(&self.0);
        let waker = Waker::from(Arc::clone(&self.0));
        let _ = pin!(yield_now()).poll(&mut Context::from_waker(&waker));
        drop(waker);
        Arc::strong_count(&self.0) > before
    }
}

/// A token of a thread for one call. That of the standard library may be another executor's too: at the end the
/// call leaves it set, as `Drive::poll_on_token` says.
struct Park {
    is_woken: AtomicBool,
    thread: Thread,
}

impl Park {
    fn new() -> Park {
        Park { is_woken: AtomicBool::new(false), thread: thread::current() }
    }

    fn park(&self) {
        // Acquire pairs with `wake`.
        while !self.is_woken.swap(false, Acquire) {
            thread::park();
        }
    }
}

impl Wake for Park {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Before the thread is unparked, which looks for it. Release pairs with `park`.
        self.is_woken.store(true, Release);
        self.thread.unpark();
    }
}
