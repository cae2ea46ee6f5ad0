//! Running a call inside a poll, where Tokio lets nothing block.

use std::cell::Cell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::runtime::{Handle, worker_index};
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
    let caller = Handle::current();
    let _entered = handle.enter();
    let hide = |entered: &Handle| scheduler.map(|scheduler| hidden::set(entered.id(), scheduler));
    let _hidden = hide(handle);
    // Asked of Tokio: under the mark `scheduler` is not known.
    let deferral = worker_index().map(|_| Deferral::of_thread());
    let park = Arc::new(Park::new());
    let parked = Waker::from(Arc::clone(&park));
    let mut cx = Context::from_waker(&parked);
    let mut polls = CallPolls::new(background, call);
    let mut has_parked = false;
    loop {
        let polled = match &deferral {
            // A budget that is used up would defer a wake at each further grant.
            Some(deferral) => {
                let watch = Rc::clone(deferral).watch();
                let polled = budget::without_limit(|| polls.poll(&mut cx));
                if polled.is_pending() {
                    watch.wake_deferred(polls.call.waker.waker());
                }
                polled
            }
            None => budget::with_new(|| polls.poll(&mut cx)),
        };
        match polled {
            Poll::Ready(true) => return,
            Poll::Ready(false) => {
                // It runs where the caller stands.
                let _caller = caller.enter();
                let _hidden = hide(&caller);
                polls.call.run_check();
            }
            Poll::Pending => {
                if !has_parked {
                    has_parked = true;
                    wake_other_worker(scheduler, &caller, handle);
                }
                if !park.is_woken() {
                    polls.call.tell_park();
                }
                park.park();
            }
        }
    }
}

/// Has a free worker of the caller's runtime take the driver. A worker that leaves the driver for a task takes it
/// again after that task, and the others sleep until they are given one. A task is given to them from another runtime,
/// since this worker would keep it for itself.
fn wake_other_worker(scheduler: Option<Scheduler>, caller: &Handle, other: &Handle) {
    if scheduler.is_some_and(|scheduler| scheduler.is_multi_thread && scheduler.id == caller.id()) {
        let caller = caller.clone();
        drop(other.spawn(async move { drop(caller.spawn(async {})) }));
    }
}

/// Watches the poll of a future that is in a set, and so has a waker of its own.
#[cfg(feature = "concurrent")]
#[inline]
pub(crate) fn watch_in_set() -> Option<Watch> {
    IS_WATCHED.get().then(|| Deferral::of_thread().watch())
}

thread_local! {
    static DEFERRAL: Rc<Deferral> = Rc::default();
    /// Whether a poll is being watched. Has no destructor, and is all that other threads pay for.
    static IS_WATCHED: Cell<bool> = const { Cell::new(false) };
}

/// Tells whether a poll has deferred a wake: `yield_now` gives its waker to the scheduler of the thread, which calls
/// it after the poll that it makes. That is the poll which waits for this call.
///
/// Tokio does not show what it defers. But it does not defer a waker twice in a row. So a waker of our own is
/// deferred before the poll and after it: if it is kept again, something has come in between.
///
/// Polls are watched inside polls, all with one waker: what an inner poll has deferred itself is woken there, and is
/// nothing to the outer one.
#[derive(Default)]
struct Deferral {
    mark: Arc<Mark>,
    /// Whether the watched poll has deferred a wake before the last poll inside it.
    has_deferred: Cell<bool>,
}

/// Counts how often the scheduler keeps it.
#[derive(Default)]
struct Mark;

impl Wake for Mark {
    fn wake(self: Arc<Self>) {}
}

impl Deferral {
    fn of_thread() -> Rc<Deferral> {
        DEFERRAL.try_with(Rc::clone).unwrap_or_default()
    }

    /// Watches the poll that is made next, until what is returned is dropped.
    fn watch(self: Rc<Self>) -> Watch {
        let outer = self.has_deferred.take() | self.is_kept();
        Watch { outer, was_watched: IS_WATCHED.replace(true), deferral: self }
    }

    /// Whether something has been deferred since this was asked last.
    fn is_kept(&self) -> bool {
        let before = Arc::strong_count(&self.mark);
        let waker = Waker::from(Arc::clone(&self.mark));
        let _ = pin!(yield_now()).poll(&mut Context::from_waker(&waker));
        drop(waker);
        Arc::strong_count(&self.mark) > before
    }
}

/// A poll that is watched until this is dropped. Then the one around it is again.
#[must_use = "the poll is watched until this is dropped"]
pub(crate) struct Watch {
    deferral: Rc<Deferral>,
    /// Whether the poll around has deferred a wake so far.
    outer: bool,
    was_watched: bool,
}

impl Watch {
    /// Wakes a future that is pending and has deferred its wake to the end of the poll that waits for it.
    pub(crate) fn wake_deferred(self, waker: &Waker) {
        if self.deferral.has_deferred.get() | self.deferral.is_kept() {
            waker.wake_by_ref();
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.deferral.has_deferred.set(self.outer);
        IS_WATCHED.set(self.was_watched);
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

    /// Whether the thread need not park.
    fn is_woken(&self) -> bool {
        // Relaxed: `park` looks again.
        self.is_woken.load(Relaxed)
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
