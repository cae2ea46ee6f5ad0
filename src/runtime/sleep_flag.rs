//! Whether the monitor ticks, or sleeps because nothing needs it.

use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::loom_needs_a_fence;

/// Set while the monitor is awake.
///
/// Two threads must not miss each other: one leaves a runtime undriven and then looks whether the monitor is
/// awake, the monitor falls asleep and then looks for runtimes that are undriven. Both write before they read,
/// so the four accesses are `SeqCst`: at least one of them sees the other.
#[derive(Debug)]
pub(crate) struct SleepFlag(AtomicBool);

impl SleepFlag {
    pub(crate) fn asleep() -> SleepFlag {
        SleepFlag(AtomicBool::new(false))
    }

    /// Calls `wake` if the monitor sleeps: after a runtime was left undriven.
    #[inline]
    pub(crate) fn wake_with(&self, wake: impl FnOnce()) {
        loom_needs_a_fence();
        // SeqCst: the read after the caller's write. The load first: the monitor is awake more often than not.
        if !self.0.load(SeqCst) && !self.0.swap(true, SeqCst) {
            wake();
        }
    }

    /// The monitor could not be woken: whoever calls next tries again. Others may have left a runtime undriven
    /// meanwhile, and have taken the monitor for awake: `tell` is to find these.
    pub(crate) fn give_up(&self, tell: impl FnOnce()) {
        // SeqCst: the write before the reads in `tell`, as in `rest`. A swap, for the models: to loom a store may come
        // before a swap of another thread that has not seen it.
        self.0.swap(false, SeqCst);
        loom_needs_a_fence();
        tell();
    }

    /// Gives up the monitor's thread, which is asleep, unless somebody has woken it since. `thread` is locked, by those
    /// who wake it too: whoever comes later finds no thread, and starts another.
    pub(crate) fn retire<T>(&self, thread: &mut Option<T>) -> bool {
        let is_asleep = self.is_asleep();
        if is_asleep {
            *thread = None;
        }
        is_asleep
    }

    pub(crate) fn is_asleep(&self) -> bool {
        // SeqCst, like the others. The lock orders it with whoever has woken the monitor.
        !self.0.load(SeqCst)
    }

    /// The monitor has found nothing to watch. Returns whether it may sleep: it still finds nothing.
    pub(crate) fn rest(&self, finds_work: impl FnOnce() -> bool) -> bool {
        // SeqCst: the write before the read in `finds_work`.
        self.0.store(false, SeqCst);
        loom_needs_a_fence();
        // If somebody has called since, the wake-up is on its way, and the monitor is up already.
        !finds_work() || self.0.swap(true, SeqCst)
    }
}
