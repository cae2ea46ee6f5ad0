//! What a fleet knows of a runtime without holding it.

use crate::exec::epoch::{Epoch, Stamp};
use crate::exec::handover::Handover;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// Who drives a runtime, who uses it, and since when there has been one.
///
/// The threads that use it are counted:
///
/// | from \ by | `add_owner` | `remove_owner` | taken from the pool |
/// |---|---|---|---|
/// | 0: in the pool, or on its way there or to its end | refused | | 1 |
/// | 1 | 2 | 0, to the pool or to its end | |
/// | n | n + 1 | n - 1 | |
#[derive(Debug)]
pub(crate) struct Berth {
    pub(crate) handover: Handover,
    owners: AtomicUsize,
    made_in: Stamp,
}

impl Berth {
    /// Of a runtime that was begun at `made_in`, with one owner.
    pub(crate) fn new(made_in: Stamp) -> Berth {
        Berth { handover: Handover::new(), owners: AtomicUsize::new(1), made_in }
    }

    /// Whether it is newer than the last reset.
    pub(crate) fn is_of(&self, epoch: &Epoch) -> bool {
        self.made_in == epoch.now()
    }

    /// One owner more, where there is one: a runtime without owners is on its way to the pool or to its
    /// end, and not to be caught there.
    pub(crate) fn add_owner(&self) -> bool {
        let add = |owners: usize| if owners > 0 { owners.checked_add(1) } else { None };
        self.owners.fetch_update(Acquire, Relaxed, add).is_ok()
    }

    /// Its first owner again: only for who has taken it from the pool.
    pub(crate) fn set_owned(&self) {
        self.owners.store(1, Relaxed);
    }

    /// True for the last owner.
    pub(crate) fn remove_owner(&self) -> bool {
        self.owners.fetch_sub(1, AcqRel) == 1
    }
}
