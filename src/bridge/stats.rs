//! What a bridge has done.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{LazyLock, OnceLock};
use std::thread;

use crossbeam_utils::CachePadded;

use super::inner::Inner;
use crate::sync::StdAtomicU64;

/// What a [`Bridge`](crate::Bridge) has done so far.
///
/// Each number includes everything that happened before the statistics were read. What happens at the same time
/// may or may not be included.
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
    /// Driver threads that were started. Each belongs to one runtime, and sleeps while the owner drives the runtime.
    pub driver_threads: u64,
    /// Calls on a runtime of the bridge's own.
    pub calls_on_own_runtime: u64,
    /// Calls on another runtime: the caller's current one, or that of
    /// [`Bridge::from_handle`](crate::Bridge::from_handle).
    pub calls_on_handle: u64,
    /// Calls that were refused because async code made them.
    pub refused: u64,
}

/// The counters of a bridge. There are as many sets as cores, so that the calls of two threads seldom share a
/// cache line, and the memory does not grow with the number of threads. A bridge that counts nothing has none.
#[derive(Debug, Default)]
pub(super) struct Counters(OnceLock<Box<[CachePadded<Set>]>>);

#[derive(Debug, Default)]
pub(super) struct Set {
    pub(super) handle: Counter,
    pub(super) refused: Counter,
}

thread_local! {
    /// Numbers the threads. It has no destructor, so calls are counted at a thread's exit too.
    static NUMBER: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // Relaxed: any number will do, though different ones are better.
        NEXT.fetch_add(1, Relaxed)
    };
}

impl Counters {
    /// Adds one to a counter, in the set of the calling thread.
    #[inline]
    pub(super) fn count(&self, counter: impl FnOnce(&Set) -> &Counter) {
        let sets = self.0.get_or_init(sets);
        let set = NUMBER.with(|number| &sets[number % sets.len()]);
        counter(set).add_one();
    }

    /// The sum of a counter's sets.
    fn sum(&self, counter: fn(&Set) -> &Counter) -> u64 {
        // Relaxed: a number of its own. What happened before the question is ordered by whatever lets the caller know of
        // it.
        self.0.get().into_iter().flatten().map(|set| counter(set).0.load(Relaxed)).sum()
    }
}

impl Inner {
    pub(super) fn stats(&self) -> Stats {
        let runtimes = self.backend.runtimes();
        Stats {
            runtimes: runtimes.map_or(0, |runtimes| runtimes.alive()),
            driver_threads: runtimes.map_or(0, |runtimes| runtimes.driver_threads()),
            calls_on_own_runtime: self.backend.tracker().map_or(0, |tracker| tracker.calls()),
            calls_on_handle: self.counters.sum(|set| &set.handle),
            refused: self.counters.sum(|set| &set.refused),
        }
    }
}

#[cold]
fn sets() -> Box<[CachePadded<Set>]> {
    /// Keeps a bridge small on machines with many cores.
    const MOST: usize = 32;
    // Computed once, since it reads the control groups.
    static CORES: LazyLock<usize> =
        LazyLock::new(|| thread::available_parallelism().map_or(1, Into::into));
    (0..MOST.min(*CORES)).map(|_| CachePadded::default()).collect()
}

/// A number that threads add to.
#[derive(Debug, Default)]
pub(super) struct Counter(StdAtomicU64);

impl Counter {
    #[inline]
    fn add_one(&self) {
        // Relaxed: readers want the number, and nothing that was written before it.
        self.0.fetch_add(1, Relaxed);
    }
}
