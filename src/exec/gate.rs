//! Who may make calls, and how long they may go on.

use std::task::Waker;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::atomic::{AtomicU8, AtomicU64};
use crate::sync::{Arc, AtomicWaker, Condvar, Mutex, MutexGuard};

/// Calls begin and go on.
const OPEN: u8 = 0;
/// No call begins any more; those that have begun go on.
const DRAINING: u8 = 1;
/// Calls are cut short.
const CUT: u8 = 2;

/// The way into a bridge: open until it is shut down.
///
/// | from \ by | close | cut |
/// |---|---|---|
/// | `OPEN` | `DRAINING` | `CUT`, wake all |
/// | `DRAINING` | | `CUT`, wake all |
/// | `CUT` | | |
///
/// The phase changes under the lock of what is inside: a ticket that is given out is seen by whoever
/// closes, or it is not given out.
#[derive(Debug)]
pub(crate) struct Gate {
    phase: AtomicU8,
    inside: Mutex<Inside>,
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    tickets: Vec<Arc<Ticket>>,
    /// The calls of tickets that have been given back.
    past_calls: u64,
}

impl Gate {
    pub(crate) fn new() -> Gate {
        Gate {
            phase: AtomicU8::new(OPEN),
            inside: Mutex::new(Inside::default()),
            emptied: Condvar::new(),
        }
    }

    /// A ticket for the calls of one thread; nothing once the gate is closed.
    pub(crate) fn enter(&self) -> Option<Arc<Ticket>> {
        let mut inside = self.inside();
        if self.phase.load(Relaxed) != OPEN {
            return None;
        }
        let ticket = Arc::new(Ticket::new());
        inside.tickets.push(Arc::clone(&ticket));
        Some(ticket)
    }

    /// Takes a ticket back: its calls are over.
    pub(crate) fn leave(&self, ticket: &Arc<Ticket>) {
        let mut inside = self.inside();
        inside.tickets.retain(|other| !Arc::ptr_eq(other, ticket));
        inside.past_calls += ticket.calls.load(Relaxed);
        if inside.tickets.is_empty() {
            self.emptied.notify_all();
        }
    }

    /// Lets nobody in any more.
    pub(crate) fn close(&self) {
        let _inside = self.inside();
        if self.phase.load(Relaxed) == OPEN {
            self.phase.store(DRAINING, Relaxed);
        }
    }

    /// Waits until everybody has left, for `limit` at most; whether they have.
    pub(crate) fn wait_until_empty(&self, limit: Duration) -> bool {
        let start = Instant::now();
        let mut inside = self.inside();
        while !inside.tickets.is_empty() {
            let Some(left) = limit.checked_sub(start.elapsed()).filter(|left| !left.is_zero())
            else {
                return false;
            };
            inside = match self.emptied.wait_timeout(inside, left) {
                Ok((inside, _)) => inside,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        true
    }

    /// Cuts short the calls that wait.
    pub(crate) fn cut(&self) {
        let inside = self.inside();
        // Before the wake-ups: who is woken has to see it. See `is_cut`.
        self.phase.store(CUT, Release);
        inside.tickets.iter().for_each(|ticket| ticket.waker.wake());
    }

    /// Whether the call with `ticket` is cut short; if not, `waker` is woken when it is.
    ///
    /// The waker is registered before the question: who cuts either finds it, or has changed the phase
    /// before it was registered.
    #[inline]
    pub(crate) fn is_cut(&self, ticket: &Ticket, waker: &Waker) -> bool {
        ticket.waker.register(waker);
        self.phase.load(Acquire) == CUT
    }

    /// All calls so far.
    pub(crate) fn calls(&self) -> u64 {
        let inside = self.inside();
        let now: u64 = inside.tickets.iter().map(|ticket| ticket.calls.load(Relaxed)).sum();
        now + inside.past_calls
    }

    /// What is locked here is left whole by a panic.
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// What the calls of one thread have in common.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// Only its thread adds to it, so no call shares a cache line with another thread's.
    calls: CachePadded<AtomicU64>,
    /// The call that waits.
    waker: AtomicWaker,
}

impl Ticket {
    fn new() -> Ticket {
        Ticket { calls: CachePadded::new(AtomicU64::new(0)), waker: AtomicWaker::new() }
    }

    /// Counts a call. No other thread writes, so this needs no atomic addition.
    #[inline]
    pub(crate) fn count_call(&self) {
        self.calls.store(self.calls.load(Relaxed) + 1, Relaxed);
    }
}
