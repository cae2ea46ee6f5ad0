//! What a bridge has done.

use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crossbeam_utils::CachePadded;
use thread_local::ThreadLocal;

use crate::runtime::set::Runtimes;

/// What a [`Bridge`](crate::Bridge) has done so far.
///
/// Each number is exact for what happened before the question; what happens at the same time may be counted or
/// not.
///
/// # Examples
///
/// ```
/// use smartasync::Bridge;
///
/// let bridge = Bridge::builder().build();
/// bridge.block_on(async {});
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// bridge.try_block_on(async {}).unwrap_err(); // in async code
/// # });
/// let stats = bridge.stats();
/// assert_eq!((stats.calls_on_own_runtime, stats.refused), (1, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Runtimes that the bridge has built and not given up.
    pub runtimes: usize,
    /// Times that a driver thread has taken over a runtime whose owner did not drive it.
    pub driver_threads: u64,
    /// Calls on a runtime of the bridge's own.
    pub calls_on_own_runtime: u64,
    /// Calls on another runtime: the caller's current one, or that of
    /// [`Bridge::from_handle`](crate::Bridge::from_handle).
    pub calls_on_handle: u64,
    /// Calls that were refused because async code made them.
    pub refused: u64,
}

/// The counters of a bridge, one set for each thread, so that the calls of two threads share no cache line.
///
/// The set of a thread that has ended passes to a new thread with its numbers, so the sum stays right.
#[derive(Debug, Default)]
pub(super) struct Counters(ThreadLocal<CachePadded<ThreadCounters>>);

thread_local! {
    static COUNTING: Counting = Counting::new();
}

/// Alive for as long as the thread can count: `ThreadLocal` panics once its own thread-local is destroyed. That
/// one is set up first, and so destroyed after this one.
struct Counting;

impl Counting {
    fn new() -> Counting {
        static TOUCHED: LazyLock<ThreadLocal<()>> = LazyLock::new(ThreadLocal::new);
        TOUCHED.get_or_default();
        Counting
    }
}

impl Drop for Counting {
    fn drop(&mut self) {}
}

#[derive(Debug, Default)]
pub(super) struct ThreadCounters {
    pub(super) handle: Counter,
    pub(super) refused: Counter,
}

impl Counters {
    /// Adds one to a counter of the calling thread. A call at the thread's exit is not counted.
    #[inline]
    pub(super) fn count(&self, counter: impl FnOnce(&ThreadCounters) -> &Counter) {
        let _ = COUNTING.try_with(|_| counter(self.0.get_or_default()).add_one());
    }

    pub(super) fn stats(&self, runtimes: &Runtimes) -> Stats {
        let sum = |counter: fn(&ThreadCounters) -> &Counter| {
            // Relaxed: a number of its own. What happened before the question is ordered by whatever lets the
            // caller know of it.
            self.0.iter().map(|counters| counter(counters).0.load(Relaxed)).sum()
        };
        Stats {
            runtimes: runtimes.alive(),
            driver_threads: runtimes.driver_threads(),
            calls_on_own_runtime: runtimes.tracker.calls(),
            calls_on_handle: sum(|counters| &counters.handle),
            refused: sum(|counters| &counters.refused),
        }
    }
}

/// A number that one thread adds to and others read.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    #[inline]
    fn add_one(&self) {
        // Relaxed, and no atomic addition: no other thread writes while this one has the set, and `ThreadLocal`
        // hands a set on under its lock. Readers want a number and nothing that was written before it.
        self.0.store(self.0.load(Relaxed) + 1, Relaxed);
    }
}
