//! Whether the warden makes its rounds, or sleeps because nothing needs it.

use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::loom_needs_a_fence;

/// Set while the warden makes its rounds.
///
/// Two threads must not miss each other: one leaves a runtime to be watched and then looks whether the
/// warden is awake, the warden falls asleep and then looks whether there is one to be watched. Both
/// write before they read, so the four accesses are `SeqCst`: at least one of them sees the other.
#[derive(Debug)]
pub(crate) struct Vigil(AtomicBool);

impl Vigil {
    pub(crate) fn asleep() -> Vigil {
        Vigil(AtomicBool::new(false))
    }

    /// After a runtime was left to be watched: calls `wake` if the warden sleeps.
    #[inline]
    pub(crate) fn call(&self, wake: impl FnOnce()) {
        loom_needs_a_fence();
        if !self.0.load(SeqCst) && !self.0.swap(true, SeqCst) {
            wake();
        }
    }

    /// The warden could not be woken: whoever calls next tries again.
    pub(crate) fn give_up(&self) {
        self.0.store(false, SeqCst);
    }

    /// For the models.
    #[cfg(all(test, smartasync_loom))]
    pub(crate) fn is_awake(&self) -> bool {
        self.0.load(SeqCst)
    }

    /// The warden has found nothing to watch: it may sleep if it still finds nothing.
    pub(crate) fn rest(&self, finds_work: impl FnOnce() -> bool) -> bool {
        self.0.store(false, SeqCst);
        loom_needs_a_fence();
        // If somebody has called since, the wake-up is on its way; the warden is up already.
        !finds_work() || self.0.swap(true, SeqCst)
    }
}
