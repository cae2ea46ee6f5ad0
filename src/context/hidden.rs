//! The scheduler that a call hides: one that is polled inside a poll, in the runtime of its bridge.

use std::cell::Cell;

use tokio::runtime::Id;

use crate::context::Scheduler;

thread_local! {
    // No destructor: it can be asked at any time, also while the thread exits.
    static HIDDEN: Cell<Option<(Id, Scheduler)>> = const { Cell::new(None) };
}

/// The scheduler that polls on this thread, if a call hides it and has entered `current`.
pub(super) fn behind(current: Id) -> Option<Scheduler> {
    HIDDEN.get().and_then(|(entered, scheduler)| (entered == current).then_some(scheduler))
}

/// Says that a call enters a runtime in a poll of `scheduler`, until what is returned is dropped.
pub(crate) fn set(entered: Id, scheduler: Scheduler) -> HiddenGuard {
    HiddenGuard { before: HIDDEN.replace(Some((entered, scheduler))) }
}

/// Restores what was hidden before.
#[must_use = "the scheduler is hidden until this is dropped"]
pub(crate) struct HiddenGuard {
    before: Option<(Id, Scheduler)>,
}

impl Drop for HiddenGuard {
    fn drop(&mut self) {
        HIDDEN.set(self.before);
    }
}
