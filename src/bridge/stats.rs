//! What a bridge has done.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crossbeam_utils::CachePadded;
use thread_local::ThreadLocal;

use crate::exec::slot::Blueprint;

/// What a [`Bridge`](crate::Bridge) has done so far.
///
/// Each number is exact for what happened before the question; what goes on meanwhile may be counted
/// or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The runtimes that the bridge has built and that have not been dropped.
    pub runtimes: usize,
    /// Calls that went to a runtime of the bridge's own.
    pub calls_on_own_runtime: u64,
    /// Calls that went to a runtime of somebody else's: the one near the caller, or that of
    /// [`Bridge::from_handle`](crate::Bridge::from_handle).
    pub calls_on_handle: u64,
    /// Calls that were refused because they were made from inside async code.
    pub refused: u64,
    /// Of the refused, those that the thread's mark gave away: they came from inside a call.
    pub marks_hit: u64,
    /// Calls that were made near a runtime, for which Tokio was asked more than one question.
    pub probes: u64,
}

/// The counters of a bridge, one set a thread: a call shares no cache line with another thread's.
///
/// The set of a thread that has ended passes to a new one with its numbers, so the sum stays right.
#[derive(Debug, Default)]
pub(super) struct Ledger(ThreadLocal<CachePadded<Counters>>);

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) own_runtime: Counter,
    pub(super) handle: Counter,
    pub(super) refused: Counter,
    pub(super) marks_hit: Counter,
    pub(super) probes: Counter,
}

impl Ledger {
    #[inline]
    pub(super) fn counters(&self) -> &Counters {
        self.0.get_or_default()
    }

    pub(super) fn stats(&self, blueprint: &Blueprint) -> Stats {
        let sum = |counter: fn(&Counters) -> &Counter| {
            self.0.iter().map(|counters| counter(counters).0.load(Relaxed)).sum()
        };
        Stats {
            runtimes: blueprint.alive.load(Relaxed),
            calls_on_own_runtime: sum(|counters| &counters.own_runtime),
            calls_on_handle: sum(|counters| &counters.handle),
            refused: sum(|counters| &counters.refused),
            marks_hit: sum(|counters| &counters.marks_hit),
            probes: sum(|counters| &counters.probes),
        }
    }
}

/// A number that one thread adds to and others read.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    #[inline]
    pub(super) fn add_one(&self) {
        // No other thread writes, so this needs no atomic addition.
        self.0.store(self.0.load(Relaxed) + 1, Relaxed);
    }
}
