//! The wakers of those who wait for the calls of one scope.

use std::mem;
use std::sync::Arc as StdArc;
use std::task::{Poll, Wake, Waker};

use crate::sync::{Mutex, ignore_poison};

/// The wakers of everything that polls a scope.
///
/// The calls of a scope are polled by whatever waits for one of them: a `join`, or several futures that hold
/// handles. A wake of any call wakes all of these. A single one might be gone, or no longer be polled, and then
/// the others would sleep forever.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Mutex<Vec<Waker>>);

impl Waiters {
    /// Polls; if that is pending, the next wake wakes `waker`.
    pub(crate) fn poll<T>(&self, waker: &Waker, poll: impl FnOnce() -> Poll<T>) -> Poll<T> {
        // The waker is registered before the poll: a wake either finds the waker, or came before and the poll sees
        // its cause.
        self.register(waker);
        let polled = poll();
        if polled.is_ready() {
            self.unregister(waker);
        }
        polled
    }

    /// Wakes all.
    pub(crate) fn wake(&self) {
        let wakers = mem::take(&mut *ignore_poison(self.0.lock()));
        // Without the lock: waking runs foreign code, which may poll the scope.
        wakers.into_iter().for_each(Waker::wake);
    }

    fn register(&self, waker: &Waker) {
        let mut wakers = ignore_poison(self.0.lock());
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }

    fn unregister(&self, waker: &Waker) {
        ignore_poison(self.0.lock()).retain(|known| !known.will_wake(waker));
    }
}

/// The waker that the calls of a scope see in place of the wakers of those who poll them.
pub(super) struct ScopeWaker(pub(super) Waiters);

impl Wake for ScopeWaker {
    fn wake(self: StdArc<Self>) {
        self.0.wake();
    }

    fn wake_by_ref(self: &StdArc<Self>) {
        self.0.wake();
    }
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: StdArc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn a_poll_that_is_ready_forgets_its_waker_only() {
        let waiters = Waiters::default();
        let [ready, pending] = [(); 2].map(|()| StdArc::new(Wakes::default()));
        let poll = |wakes: &StdArc<Wakes>, polled: Poll<()>| {
            waiters.poll(&StdArc::clone(wakes).into(), || polled)
        };
        assert!(poll(&pending, Poll::Pending).is_pending());
        assert!(poll(&ready, Poll::Pending).is_pending());
        assert!(poll(&ready, Poll::Ready(())).is_ready());
        waiters.wake();
        assert_eq!([&ready, &pending].map(|wakes| wakes.0.load(Relaxed)), [0, 1]);
    }
}
