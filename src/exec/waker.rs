//! The one waker that a call shows to its future.

use std::ptr;
use std::sync::{Arc, LazyLock};
use std::task::{Wake, Waker};

use crate::sync::AtomicWaker;
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A waker that stays the same for a whole call, and passes each wake on to the parked thread.
///
/// Hand-written futures may keep only the waker of their first poll, and Tokio shows a different one in each way
/// of waiting. Also, a thread is woken by more than the call's future. This waker tells these wakes apart: the
/// future is polled only when it was woken itself.
pub(crate) struct CallWaker {
    flag: Arc<Target>,
    /// Made from `flag`, so that a poll needs no reference count.
    waker: Waker,
}

impl CallWaker {
    #[inline]
    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    #[inline]
    pub(crate) fn flag(&self) -> &WakeFlag {
        &self.flag.0
    }

    /// Forgets the wakes of earlier calls before a new call. Returns false if a clone of the waker still exists,
    /// which would wake the new call.
    #[inline]
    pub(crate) fn try_reset(&self) -> bool {
        // One reference is ours, and one the waker's. If there are only these two, nobody can make a third.
        let is_free = Arc::strong_count(&self.flag) <= 2;
        if is_free {
            self.flag().clear();
        }
        is_free
    }

    /// Returns a waker that wakes the thread which is parked for the call, and not the call's future.
    pub(crate) fn thread_waker(&self) -> Waker {
        Waker::from(Arc::new(ThreadTarget(Arc::clone(&self.flag))))
    }
}

impl Default for CallWaker {
    // Not inlined, so that all wakers have the vtable that is made here.
    #[inline(never)]
    fn default() -> CallWaker {
        let flag = Arc::new(Target(WakeFlag::new()));
        let waker = Waker::from(Arc::clone(&flag));
        CallWaker { flag, waker }
    }
}

/// Whether `waker` is that of a call which is waited for.
pub(crate) fn is_call_waker(waker: &Waker) -> bool {
    static KNOWN: LazyLock<CallWaker> = LazyLock::new(CallWaker::default);
    ptr::eq(waker.vtable(), KNOWN.waker().vtable())
}

struct Target(WakeFlag);

impl Wake for Target {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake();
    }
}

struct ThreadTarget(Arc<Target>);

impl Wake for ThreadTarget {
    fn wake(self: Arc<Self>) {
        self.0.0.wake_thread();
    }
}

/// Whether a future has been woken since its last poll, and which thread to wake when it is.
///
/// | from \ by | wake | take |
/// |---|---|---|
/// | asleep | woken, wakes the parked thread | |
/// | woken | woken, wakes the parked thread | asleep |
#[derive(Debug)]
pub(crate) struct WakeFlag {
    is_woken: AtomicBool,
    parked: AtomicWaker,
}

impl WakeFlag {
    pub(crate) fn new() -> WakeFlag {
        WakeFlag { is_woken: AtomicBool::new(false), parked: AtomicWaker::new() }
    }

    /// Forgets the wakes of earlier calls.
    #[inline]
    fn clear(&self) {
        // Relaxed: there is no clone of the waker that could wake at the same time.
        self.is_woken.store(false, Relaxed);
    }

    pub(crate) fn wake(&self) {
        // The flag is set first, since the parked thread checks it. Release pairs with `take`. It must be a swap:
        // a plain store would break the release sequence of an earlier wake that has not been taken.
        self.is_woken.swap(true, Release);
        self.wake_thread();
    }

    /// Wakes the parked thread without a wake of the future.
    fn wake_thread(&self) {
        self.parked.wake();
    }

    /// Takes the wake that has come since the last poll.
    #[inline]
    pub(crate) fn take(&self) -> bool {
        // Acquire pairs with `wake`. The load comes first, because most polls are not woken and a swap is
        // expensive. A wake that the load misses is found by `take_or_register`, before the thread parks.
        self.is_woken.load(Relaxed) && self.is_woken.swap(false, Acquire)
    }

    /// Takes the wake; if there is none, the next one wakes `parked`.
    #[inline]
    pub(crate) fn take_or_register(&self, parked: &Waker) -> bool {
        // Registered before the flag is read: a wake either finds the waker, or has set the flag before. Acquire
        // pairs with `wake`.
        self.parked.register(parked);
        self.is_woken.swap(false, Acquire)
    }

    /// Forgets the parked thread, which a wake during a poll would wake in vain.
    #[inline]
    pub(crate) fn unregister(&self) {
        drop(self.parked.take());
    }
}
