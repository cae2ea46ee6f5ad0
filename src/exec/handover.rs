//! Who drives a runtime: its owner, a keeper, or for a moment nobody.

use crate::sync::atomic::AtomicU8;
use crate::sync::atomic::Ordering::{Relaxed, SeqCst};

/// Nobody drives; somebody has since the warden last came by.
const FRESH: u8 = 0;
/// Nobody drives, and nobody has since the warden last came by.
const DUE: u8 = 1;
/// The owner drives, in a call.
const DRIVEN: u8 = 2;
/// A keeper drives, until the runtime is closed. Calls wait beside it.
const KEPT: u8 = 3;
/// Nobody drives any more.
const CLOSED: u8 = 4;

/// The state of a runtime. Once built it is left alone for two rounds of the warden at the most:
///
/// | from \ by | owner begins | owner ends | ends, tasks live | warden | keep | unkeep | close |
/// |---|---|---|---|---|---|---|---|
/// | `FRESH` | `DRIVEN` | | | `DUE` | `KEPT`, hire | | `CLOSED` |
/// | `DUE` | `DRIVEN` | | | `KEPT`, hire | `KEPT`, hire | | `CLOSED` |
/// | `DRIVEN` | | `FRESH`, watch | `KEPT`, hire | | `KEPT`, hire | | `CLOSED` |
/// | `KEPT` | beside | | | | | `FRESH`, watch | `CLOSED` |
/// | `CLOSED` | beside | | | | | | |
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
        self.0.load(Relaxed) == DUE
    }

    /// Whether nobody drives: the warden's question, before it sleeps.
    pub(crate) fn is_unattended(&self) -> bool {
        matches!(self.0.load(SeqCst), FRESH | DUE)
    }

    #[inline]
    pub(crate) fn is_kept(&self) -> bool {
        self.0.load(Relaxed) == KEPT
    }

    /// Whether the owner drives: for the owner to ask.
    #[inline]
    pub(crate) fn is_driven(&self) -> bool {
        self.0.load(Relaxed) == DRIVEN
    }

    /// Synchronises with `close`: who sees it sees what was done before.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.load(SeqCst) == CLOSED
    }

    /// The owner begins to drive; false if it is to wait beside a keeper.
    #[inline]
    pub(crate) fn begin(&self) -> bool {
        self.change(FRESH, DRIVEN) || self.change(DUE, DRIVEN)
    }

    /// The owner ends to drive, and leaves tasks behind or not.
    #[inline]
    pub(crate) fn end(&self, tasks_live: bool) -> Next {
        let (to, next) = if tasks_live { (KEPT, Next::Hire) } else { (FRESH, Next::Watch) };
        if self.change(DRIVEN, to) { next } else { Next::Nothing }
    }

    /// The warden comes by.
    pub(crate) fn tick(&self) -> Next {
        if self.change(DUE, KEPT) {
            Next::Hire
        } else if self.change(FRESH, DUE) {
            Next::Watch
        } else {
            Next::Nothing
        }
    }

    /// A keeper is wanted at once.
    pub(crate) fn keep(&self) -> Next {
        let mut wanted = false;
        for from in [FRESH, DUE, DRIVEN] {
            // An owner may begin or end meanwhile: the states are tried until none was missed.
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
