//! A wake that is kept until it is taken.

use std::task::Waker;

use crate::sync::AtomicWaker;
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Whether a future has been woken since its last poll, and who is to poll it then.
///
/// | from \ by | wake | take |
/// |---|---|---|
/// | asleep | woken, tells the poller | |
/// | woken | woken, tells the poller | asleep |
#[derive(Debug)]
pub(crate) struct Signal {
    is_woken: AtomicBool,
    poller: AtomicWaker,
}

impl Signal {
    pub(crate) fn new() -> Signal {
        Signal { is_woken: AtomicBool::new(false), poller: AtomicWaker::new() }
    }

    /// Begins anew, woken or not: only while nobody else holds it.
    #[inline]
    pub(crate) fn start(&self, is_woken: bool) {
        self.is_woken.store(is_woken, Relaxed);
    }

    pub(crate) fn wake(&self) {
        // Before the poller is told, who has to see it. A swap, and no store: it passes on what an earlier
        // wake has published that has not been taken.
        self.is_woken.swap(true, Release);
        self.poller.wake();
    }

    /// Takes the wake; where there is none, `poller` is told of the next.
    ///
    /// It is registered before the question: who wakes either finds it, or has set the flag before.
    #[inline]
    pub(crate) fn take(&self, poller: &Waker) -> bool {
        self.poller.register(poller);
        self.is_woken.swap(false, Acquire)
    }

    /// Forgets whom to tell.
    #[inline]
    pub(crate) fn forget_poller(&self) {
        drop(self.poller.take());
    }
}
