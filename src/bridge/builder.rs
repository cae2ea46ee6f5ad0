//! The options of a private bridge.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Bridge;
use super::inner::{Backend, Inner};
use super::watchdog::{self, Report, SlowCall, Watchdog};
use crate::runtime::background::Background;
use crate::runtime::options::RuntimeOptions;
use crate::runtime::set::Runtimes;

/// What a call does that is made from inside a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Nested {
    /// It is refused: blocking stops the thread that runs the task.
    #[default]
    Error,
    /// In a task of a multi-thread runtime it opens a `tokio::task::block_in_place` section and runs
    /// there: Tokio moves the other tasks of the thread to another one. Elsewhere it is refused, in the
    /// root future of `block_on` too: that may be inside a `LocalSet`, where such a section is not
    /// legal, and Tokio does not tell.
    ///
    /// # Limits
    ///
    /// In a task of a current-thread runtime that holds an `enter()` guard of a multi-thread one, Tokio
    /// panics: the two cannot be told apart.
    BlockInPlace,
}

/// With shorter ones the monitor would do nothing but tick.
const SHORTEST_IDLE_TIMEOUT: Duration = Duration::from_micros(400);

/// Longer ones would be as good as none, and must not overflow a point in time.
const LONGEST_IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The options of a private [`Bridge`].
///
/// # Examples
///
/// ```
/// use smartasync::{Bridge, Nested};
///
/// let bridge = Bridge::builder()
///     .name("reports")
///     .nested(Nested::BlockInPlace)
///     .max_blocking_threads(4)
///     .build();
/// assert_eq!(bridge.block_on(async { 1 }), 1);
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct BridgeBuilder {
    options: RuntimeOptions,
    nested: Nested,
    shared_threads: Option<usize>,
    warn_after: Option<Duration>,
    report: Option<Report>,
}

impl BridgeBuilder {
    /// Names the bridge: its threads are called `NAME/...`. Default: `smartasync`.
    ///
    /// # Panics
    ///
    /// When there is a zero byte in `name`: no thread can be called so.
    #[track_caller]
    pub fn name(mut self, name: impl Into<String>) -> BridgeBuilder {
        let name = name.into();
        assert!(!name.contains('\0'), "a thread's name must not contain a zero byte");
        self.options.name = name;
        self
    }

    /// Chooses what a call does that is made from inside a task. Default: [`Nested::Error`].
    pub fn nested(mut self, nested: Nested) -> BridgeBuilder {
        self.nested = nested;
        self
    }

    /// Limits the threads that each runtime of the bridge may have for `spawn_blocking` jobs. Default:
    /// Tokio's, which is 512.
    ///
    /// # Panics
    ///
    /// When `limit` is zero.
    #[track_caller]
    pub fn max_blocking_threads(mut self, limit: usize) -> BridgeBuilder {
        assert!(limit > 0, "a runtime needs at least one thread for `spawn_blocking` jobs");
        self.options.max_blocking_threads = Some(limit);
        self
    }

    /// Limits the runtimes of the bridge: beyond it, threads share those that there are. Default: 16
    /// for each core, lowered so that they take at most a quarter of the process's file descriptors
    /// (`RLIMIT_NOFILE`), with four for each runtime.
    ///
    /// # Panics
    ///
    /// When `limit` is zero.
    #[track_caller]
    pub fn max_runtimes(mut self, limit: usize) -> BridgeBuilder {
        assert!(limit > 0, "a bridge needs at least one runtime");
        self.options.max_runtimes = Some(limit);
        self
    }

    /// How long a runtime may be left alone, at the most, while its thread makes no call: a driver thread
    /// drives it then. Default: 20 ms; 400 us at the least, a day at the most.
    ///
    /// The time is taken in quarters, so a driver thread comes after three to four of them: a thread that makes a
    /// call in every three quarters drives its runtime itself, and never meets a driver thread. Where a call leaves
    /// tasks behind, a driver thread takes over at once.
    ///
    /// # Panics
    ///
    /// When `timeout` is zero.
    #[track_caller]
    pub fn idle_timeout(mut self, timeout: Duration) -> BridgeBuilder {
        assert!(!timeout.is_zero(), "without an idle timeout the monitor would never rest");
        self.options.idle_timeout = timeout.clamp(SHORTEST_IDLE_TIMEOUT, LONGEST_IDLE_TIMEOUT);
        self
    }

    /// Has the bridge keep one background runtime with so many threads, called `NAME/shared`, instead of
    /// a runtime for each calling thread; see [`Bridge::shared`]. Default: a runtime for each thread.
    ///
    /// [`max_runtimes`](BridgeBuilder::max_runtimes), [`timeout`](BridgeBuilder::idle_timeout) and
    /// [`max_blocking_threads`](BridgeBuilder::max_blocking_threads) mean nothing to it.
    ///
    /// # Panics
    ///
    /// When `threads` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    ///
    /// let bridge = Bridge::builder().name("mail").shared_threads(2).build();
    /// let workers = async { tokio::runtime::Handle::current().metrics().num_workers() };
    /// assert_eq!(bridge.block_on(workers), 2);
    /// ```
    #[track_caller]
    pub fn shared_threads(mut self, threads: usize) -> BridgeBuilder {
        assert!(threads > 0, "a background runtime needs at least one thread");
        self.shared_threads = Some(threads);
        self
    }

    /// Reports calls that wait longer than `limit`, each once and while it waits: to
    /// [`on_slow_call`](BridgeBuilder::on_slow_call), else as a `tracing` event at the level of a warning
    /// (feature `tracing`), else on standard error. Default: none is reported.
    ///
    /// A thread called `NAME/watchdog` looks at the clock. What it is too late for is reported at the end
    /// of the call. Each call takes a lock twice.
    ///
    /// # Panics
    ///
    /// When `limit` is zero.
    #[track_caller]
    pub fn warn_after(mut self, limit: Duration) -> BridgeBuilder {
        assert!(!limit.is_zero(), "every call waits longer than no time at all");
        self.warn_after = Some(limit);
        self
    }

    /// Has `report` told of each call that [`warn_after`](BridgeBuilder::warn_after) finds slow. A panic
    /// of it is caught. It must not hold a clone of the bridge, which would then never end.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use std::time::Duration;
    /// use smartasync::{Bridge, smartasync};
    ///
    /// #[smartasync]
    /// async fn doze() {
    ///     tokio::time::sleep(Duration::from_millis(100)).await;
    /// }
    ///
    /// let (sender, slow_calls) = channel();
    /// let bridge = Bridge::builder()
    ///     .warn_after(Duration::from_millis(10))
    ///     .on_slow_call(move |call| sender.send(call.name()).unwrap())
    ///     .build();
    /// doze().on(&bridge).wait();
    /// assert_eq!(slow_calls.recv(), Ok("doze"));
    /// ```
    pub fn on_slow_call(
        mut self,
        report: impl Fn(&SlowCall) + Send + Sync + 'static,
    ) -> BridgeBuilder {
        self.report = Some(Arc::new(report));
        self
    }

    /// Makes the bridge. It has no runtime yet: each is built at a thread's first call.
    ///
    /// When the last clone of the bridge is dropped its runtimes are shut down, without waiting for
    /// anything; inside async code too.
    #[must_use]
    pub fn build(self) -> Bridge {
        let BridgeBuilder { options, nested, shared_threads, warn_after, report } = self;
        let report = report.unwrap_or_else(|| Arc::new(watchdog::log));
        let watchdog = warn_after.map(|limit| Watchdog::new(&options.name, limit, report));
        let backend = |runtimes: &Runtimes| match shared_threads {
            Some(threads) => Backend::Background(Background::new(
                &runtimes.options.name,
                threads,
                &runtimes.tracker,
            )),
            None => Backend::Private,
        };
        Bridge::with(Inner::new(options, backend, nested, watchdog))
    }
}

impl fmt::Debug for BridgeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BridgeBuilder")
            .field("options", &self.options)
            .field("nested", &self.nested)
            .field("shared_threads", &self.shared_threads)
            .field("warn_after", &self.warn_after)
            .finish_non_exhaustive()
    }
}
