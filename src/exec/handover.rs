//! Who drives a runtime: its owner, a keeper, or for a moment nobody.

use crate::sync::atomic::AtomicU8;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};

/// The rounds of the warden for which a runtime may be left alone: as many as a grace period has. Two for
/// the models: they look at each.
pub(crate) const ROUNDS: u8 = if cfg!(smartasync_loom) { 2 } else { 4 };

/// Nobody drives; somebody has since the warden last came by. The next `ROUNDS - 1` numbers are the rounds
/// that he has made since: `DUE`.
const FRESH: u8 = 0;
const LAST_DUE: u8 = ROUNDS - 1;
/// The owner drives: it is parked in the driver.
const DRIVEN: u8 = ROUNDS;
/// A keeper drives, until the runtime is closed. Calls wait beside it.
const KEPT: u8 = ROUNDS + 1;
/// Nobody drives any more.
const CLOSED: u8 = ROUNDS + 2;

/// The state of a runtime. Once built it is left alone for a grace period at the most:
///
/// | from \ by | owner begins | owner ends | warden | keep | unkeep | close |
/// |---|---|---|---|---|---|---|
/// | `FRESH` | `DRIVEN` | | `DUE` 1 | `KEPT`, hire | | `CLOSED` |
/// | `DUE` n | `DRIVEN` | | `DUE` n + 1 | `KEPT`, hire | | `CLOSED` |
/// | the last `DUE` | `DRIVEN` | | `KEPT`, hire | `KEPT`, hire | | `CLOSED` |
/// | `DRIVEN` | | `FRESH`, watch | | `KEPT`, hire | | `CLOSED` |
/// | `KEPT` | beside | | | | `FRESH`, watch | `CLOSED` |
/// | `CLOSED` | beside | | | | | |
///
/// The owner drives while it is parked, and never while it polls a future of the user's: that may block for
/// as long as it likes, and somebody has to drive meanwhile.
///
/// Why may a keeper be hired while the owner drives? Tokio lets several threads `block_on` one
/// current-thread runtime: the second waits, and takes the driver over when the first leaves.
#[derive(Debug)]
pub(crate) struct Handover(AtomicU8);

/// What is to be done after a change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Next {
    Nothing,
    /// The warden has to come by.
    Watch,
    /// A keeper is wanted, and only here: whoever changed the state to `KEPT` hires.
    Hire,
}

impl Handover {
    /// Of a runtime that has just been built: it is to be watched.
    pub(crate) fn new() -> Handover {
        Handover(AtomicU8::new(FRESH))
    }

    #[inline]
    pub(crate) fn is_fresh(&self) -> bool {
        self.0.load(Relaxed) == FRESH
    }

    /// Whether the warden has come by and nobody has driven since.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        (FRESH + 1..=LAST_DUE).contains(&self.0.load(Relaxed))
    }

    /// Whether nobody drives: the warden's question, before it sleeps.
    pub(crate) fn is_unattended(&self) -> bool {
        self.0.load(SeqCst) <= LAST_DUE
    }

    #[inline]
    pub(crate) fn is_kept(&self) -> bool {
        self.0.load(Relaxed) == KEPT
    }

    /// Whether it is closed, for a call that begins: one that misses it finds out when it parks.
    #[inline]
    pub(crate) fn is_closed_now(&self) -> bool {
        self.0.load(Relaxed) == CLOSED
    }

    /// Synchronises with `close`: who sees it sees what was done before.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.load(SeqCst) == CLOSED
    }

    /// Parks the owner with `park`, which is told whether the owner drives in it or waits beside a keeper.
    ///
    /// It drives no longer than that: what it does next may block, and wait for what this runtime serves.
    pub(crate) fn while_parked<R>(&self, park: impl FnOnce(bool) -> R) -> (R, Next) {
        let drives = self.begin();
        let result = park(drives);
        let next = if drives { self.end() } else { Next::Nothing };
        (result, next)
    }

    /// The owner begins to drive; false if it is to wait beside a keeper.
    #[inline]
    pub(crate) fn begin(&self) -> bool {
        self.change(FRESH, DRIVEN) || self.begin_late()
    }

    /// The warden has come by since, and may come by again meanwhile: each of his rounds is tried.
    #[cold]
    fn begin_late(&self) -> bool {
        (FRESH + 1..=LAST_DUE).any(|due| self.change(due, DRIVEN))
    }

    /// The owner ends to drive: it polls its call, which may take any time, or the call is over.
    #[inline]
    pub(crate) fn end(&self) -> Next {
        if self.change(DRIVEN, FRESH) { Next::Watch } else { Next::Nothing }
    }

    /// The warden comes by.
    pub(crate) fn tick(&self) -> Next {
        if self.change(LAST_DUE, KEPT) {
            return Next::Hire;
        }
        // From the last to the first: one round makes one step.
        let stepped = (FRESH..LAST_DUE).rev().any(|round| self.change(round, round + 1));
        if stepped { Next::Watch } else { Next::Nothing }
    }

    /// A keeper is wanted at once.
    pub(crate) fn keep(&self) -> Next {
        let mut wanted = false;
        for from in FRESH..=DRIVEN {
            // An owner or the warden may change it meanwhile: all are tried until none was missed.
            wanted |= self.change(from, KEPT);
        }
        match self.0.load(SeqCst) {
            _ if wanted => Next::Hire,
            KEPT | CLOSED => Next::Nothing,
            _ => self.keep(),
        }
    }

    /// The keeper is gone or was never there: the warden will try again.
    pub(crate) fn unkeep(&self) -> Next {
        if self.change(KEPT, FRESH) { Next::Watch } else { Next::Nothing }
    }

    /// The end: a keeper that drives has to be woken. True the first time.
    pub(crate) fn close(&self) -> bool {
        self.0.swap(CLOSED, SeqCst) != CLOSED
    }

    #[inline]
    fn change(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, SeqCst, Relaxed).is_ok()
    }
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_left_alone_for_a_grace_period_and_no_longer() {
        let handover = Handover::new();
        for _ in 1..ROUNDS {
            assert_eq!(handover.tick(), Next::Watch);
        }
        assert!(handover.begin(), "the owner comes back in the last moment");
        assert_eq!(handover.tick(), Next::Nothing, "it is driven");
        assert_eq!(handover.end(), Next::Watch);
        for _ in 1..ROUNDS {
            assert_eq!(handover.tick(), Next::Watch, "the count has begun anew");
        }
        assert_eq!(handover.tick(), Next::Hire);
    }
}
