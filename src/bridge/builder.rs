//! The options of a private bridge.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

use super::Bridge;
use super::inner::{Backend, Inner};
use super::watchdog::{self, Report, SlowCall, Watchdog};
use crate::exec::hooks::ParkHooks;
use crate::runtime::background::Threads;
use crate::runtime::options::RuntimeOptions;

/// What happens to a call that is made from inside a task.
///
/// # Examples
///
/// ```
/// use smartasync::{Bridge, Nested};
///
/// let runtime = tokio::runtime::Runtime::new().unwrap();
/// let call_in_task = |bridge: Bridge| {
///     let task = runtime.spawn(async move { bridge.try_block_on(async { 42 }).ok() });
///     runtime.block_on(task).unwrap()
/// };
/// assert_eq!(call_in_task(Bridge::builder().build()), None);
/// # #[cfg(feature = "rt-multi-thread")] {
/// let bridge = Bridge::builder().nested(Nested::BlockInPlace).build();
/// assert_eq!(call_in_task(bridge), Some(42));
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Nested {
    /// The call is refused: blocking would stop the thread that runs the task.
    #[default]
    Error,
    /// In a task of a multi-thread runtime the call opens a `tokio::task::block_in_place` section and runs in
    /// it: Tokio moves the other tasks of the thread to another thread. Elsewhere the call is refused. That
    /// includes the root future of `block_on`: it may be inside a `LocalSet`, where the section is illegal, and
    /// Tokio does not show whether it is. Only with the feature `rt-multi-thread`, which is on by default.
    ///
    /// # Limits
    ///
    /// In a task of a current-thread runtime that holds an `enter()` guard of a multi-thread one, Tokio
    /// panics: it looks like a task of the multi-thread runtime.
    ///
    /// The task stands still while the call waits. A call in a blocking section has the limits of the section:
    ///
    /// - The other branches of the task, in a `join!` or `select!`, do not run. A call that waits for one of them
    ///   does not end.
    /// - Tokio's locks are fair. If another branch of the task queues for a `tokio::sync::Mutex`, the lock is given
    ///   to that branch, which cannot take it, and a call that waits for the same lock does not end (tokio#7892).
    /// - A thread of the pool for `spawn_blocking` jobs takes over the other tasks. If that pool is full, another
    ///   worker takes them; if all workers are in sections, the runtime stands still, its I/O included, until a
    ///   thread is free.
    /// - The shutdown of the task's runtime waits for the section. It ends what the call may wait for there: a task
    ///   with an error, a timer with a panic. Where all workers were in sections, the wait and the shutdown have
    ///   been seen to hang (tokio#6463).
    ///
    /// [`wait_timeout`](crate::Call::wait_timeout) ends each of these waits.
    #[cfg(feature = "rt-multi-thread")]
    BlockInPlace,
    /// The call blocks the thread until the answer comes, in async code of any kind: in a task, in the root future
    /// of `block_on`, in a `LocalSet`, in a current-thread runtime. Only a bridge whose calls run on other threads
    /// can have it: one with [`shared_threads`](BridgeBuilder::shared_threads), or with the
    /// [`handle`](BridgeBuilder::handle) of a multi-thread runtime. A call starts no thread of its own.
    ///
    /// It is meant for a library that was sync and becomes async, and whose callers are in async code already. It
    /// costs what blocking costs: everything that the thread would run stands still.
    ///
    /// # Limits
    ///
    /// The future may wait for what lives on the bridge's runtime, on any other thread, or on another process. It
    /// must not wait for what only the blocked thread can do, and then never ends:
    ///
    /// - a task, a timer or a socket of a current-thread runtime that the thread drives, or of a multi-thread
    ///   runtime whose workers are all blocked like this one; a task that the caller has just spawned there may
    ///   wait for this worker, even if others are free
    /// - a task of a `LocalSet` that the thread polls, one that the future itself spawns with `spawn_local`
    ///   included
    /// - a lock that another future on this thread holds, and another branch of a `join!` or `select!` around the
    ///   call
    /// - in a scheduler's poll, a `tokio::task::yield_now` or an exhausted `tokio::task::coop` budget inside a
    ///   `FuturesUnordered`, a `LocalSet` or another set with wakers of its own: Tokio wakes these after the poll. The
    ///   calls of `scope` and `buffered` are no such set
    /// - a task of another bridge's runtime that waits for this one in turn, where both have no other thread left
    ///
    /// [`wait_timeout`](crate::Call::wait_timeout) ends each of these waits, and
    /// [`warn_after`](BridgeBuilder::warn_after) names the call.
    ///
    /// In a task of the bridge's own runtime a call is refused: it would block a thread that it waits for. Whose task it
    /// is, is told by the current runtime: a task that holds an `enter()` guard of another one is taken for a task of
    /// that.
    ///
    /// In a scheduler's poll the future has no `tokio::task::coop` budget: one that is always ready keeps its
    /// timeout from ending it. Each `yield_now` there takes 32 bytes until the poll ends.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "rt-multi-thread")] {
    /// use smartasync::{Bridge, Nested};
    /// use tokio::runtime::Builder;
    ///
    /// let bridge = Bridge::builder().shared_threads(1).nested(Nested::Park).build();
    /// let runtime = Builder::new_current_thread().build().unwrap();
    /// let answer = runtime.block_on(async { bridge.block_on(async { 42 }) });
    /// assert_eq!(answer, 42);
    /// # }
    /// ```
    Park,
}

/// With a shorter timeout the monitor would do nothing but tick.
const SHORTEST_IDLE_TIMEOUT: Duration = Duration::from_micros(400);

/// A longer timeout could overflow an `Instant`.
const LONGEST_IDLE_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// The options of a private [`Bridge`].
///
/// # Examples
///
/// ```
/// use smartasync::Bridge;
///
/// let bridge = Bridge::builder()
///     .name("reports")
///     .max_runtimes(8)
///     .max_blocking_threads(4)
///     .build();
/// assert_eq!(bridge.block_on(async { 1 }), 1);
/// ```
#[derive(Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct BridgeBuilder {
    options: RuntimeOptions,
    nested: Nested,
    shared_threads: Option<Threads>,
    handle: Option<Handle>,
    warn_after: Option<Duration>,
    report: Option<Report>,
    hooks: Option<ParkHooks>,
    timeout: Option<Duration>,
}

impl BridgeBuilder {
    /// Names the bridge: its threads are called `NAME/...`. Default: `smartasync`.
    ///
    /// # Panics
    ///
    /// When `name` contains a zero byte, which the name of a thread cannot have.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use smartasync::Bridge;
    ///
    /// let bridge = Bridge::builder().name("mail").build();
    /// let job = || thread::current().name().map(str::to_owned);
    /// let name = bridge.block_on(async { tokio::task::spawn_blocking(job).await.unwrap() });
    /// assert_eq!(name.as_deref(), Some("mail/blocking"));
    /// ```
    #[track_caller]
    pub fn name(mut self, name: impl Into<String>) -> BridgeBuilder {
        let name = name.into();
        assert!(!name.contains('\0'), "a thread's name must not contain a zero byte");
        self.options.name = name;
        self
    }

    /// Sets what happens to a call that is made from inside a task. Default: [`Nested::Error`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "rt-multi-thread")] {
    /// use smartasync::{Bridge, Nested};
    ///
    /// let bridge = Bridge::builder().nested(Nested::BlockInPlace).build();
    /// let runtime = tokio::runtime::Runtime::new().unwrap();
    /// let task = runtime.spawn(async move { bridge.block_on(async { 42 }) });
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # }
    /// ```
    pub fn nested(mut self, nested: Nested) -> BridgeBuilder {
        self.nested = nested;
        self
    }

    /// Limits the threads for `spawn_blocking` jobs that each runtime of the bridge may have. Default:
    /// Tokio's, which is 512.
    ///
    /// A job that waits for another job needs a free thread for that one. If all threads of the pool run jobs that
    /// wait in this way, none of them ends, except with [`wait_timeout`](crate::Call::wait_timeout).
    ///
    /// # Panics
    ///
    /// When `limit` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use smartasync::Bridge;
    ///
    /// let bridge = Bridge::builder().max_blocking_threads(1).build();
    /// let job = || tokio::task::spawn_blocking(|| thread::current().id());
    /// let (one, other) = bridge.block_on(async { tokio::join!(job(), job()) });
    /// assert_eq!(one.unwrap(), other.unwrap());
    /// ```
    #[track_caller]
    pub fn max_blocking_threads(mut self, limit: usize) -> BridgeBuilder {
        assert!(limit > 0, "a runtime needs at least one thread for `spawn_blocking` jobs");
        self.options.max_blocking_threads = Some(limit);
        self
    }

    /// Limits the runtimes of the bridge; threads beyond the limit share them. Default: 16 for each core, as long as
    /// those of all bridges together take at most a quarter of the process's file descriptors (`RLIMIT_NOFILE`), at
    /// four for each runtime. Each bridge can have one in any case.
    ///
    /// # Panics
    ///
    /// When `limit` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use smartasync::Bridge;
    /// use tokio::runtime::Handle;
    ///
    /// let bridge = Bridge::builder().max_runtimes(1).build();
    /// let runtime = || bridge.block_on(async { Handle::current().id() });
    /// let of_this_thread = runtime();
    /// thread::scope(|scope| {
    ///     scope.spawn(|| assert_eq!(runtime(), of_this_thread));
    /// });
    /// ```
    #[track_caller]
    pub fn max_runtimes(mut self, limit: usize) -> BridgeBuilder {
        assert!(limit > 0, "a bridge needs at least one runtime");
        self.options.max_runtimes = Some(limit);
        self
    }

    /// Sets how long a runtime may stand still while its thread makes no call. Then a driver thread takes over.
    /// Default: 20 ms. A time below 400 us counts as 400 us, and one above a day as a day.
    ///
    /// The time is measured in quarters, and a driver thread takes over after three to four of them. So a thread
    /// that makes a call within every three quarters always drives its runtime itself. If a call leaves tasks
    /// behind, a driver thread takes over at once, the first time.
    ///
    /// A thread whose calls wait often takes its runtime back from the driver thread: after 2 waits if the driver thread
    /// has woken for nobody else meanwhile, and after at least 8 otherwise, at a mean distance below 1.25 ms and a
    /// sixteenth of the idle timeout. From then on its tasks, and what other threads have on its runtime, are served while
    /// it waits, and not between two calls; once it rests, after the idle timeout. Each time that it rests soon
    /// afterwards, and others needed the driver thread, twice as many waits are needed the next time. A runtime that
    /// several threads share keeps its driver thread, and so does one with an idle timeout above a second.
    ///
    /// # Panics
    ///
    /// When `timeout` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::Bridge;
    /// use tokio::time::sleep;
    ///
    /// let bridge = Bridge::builder().idle_timeout(Duration::from_millis(1)).build();
    /// let timer = bridge.block_on(async { sleep(Duration::from_millis(5)) });
    /// // The timer fires without a call on the bridge: a driver thread drives the bridge's runtime.
    /// tokio::runtime::Runtime::new().unwrap().block_on(timer);
    /// assert_eq!(bridge.stats().driver_threads, 1);
    /// ```
    #[track_caller]
    pub fn idle_timeout(mut self, timeout: Duration) -> BridgeBuilder {
        assert!(!timeout.is_zero(), "without an idle timeout the monitor would never rest");
        self.options.idle_timeout = timeout.clamp(SHORTEST_IDLE_TIMEOUT, LONGEST_IDLE_TIMEOUT);
        self
    }

    /// Sets whether driver threads run what calls leave behind. Default: `true`.
    ///
    /// With `false`, the tasks that a thread's calls spawn are polled on that thread only, while it waits for a
    /// call on this bridge. This is for hosts whose threads are not alike, where code depends on a lock, a
    /// subscriber or something else that belongs to a thread. Between its calls everything on the thread's runtime
    /// stands still. So a task that was left behind may never end, and a socket, a timer or a pooled connection
    /// that another thread uses may make that thread wait forever.
    ///
    /// Each thread then has a runtime of its own, regardless of [`max_runtimes`](BridgeBuilder::max_runtimes), and
    /// its tasks are dropped when it ends. A [`shutdown`](Bridge::shutdown) does not wait for the tasks. The tasks
    /// of [`Bridge::spawn`] belong to no thread, and still have a driver thread. This has no effect together with
    /// [`shared_threads`](BridgeBuilder::shared_threads).
    ///
    /// The tasks of a [`LocalSet`](tokio::task::LocalSet) in a call stay on the calling thread on every kind of
    /// bridge.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use smartasync::Bridge;
    ///
    /// let bridge = Bridge::builder().driver_threads(false).build();
    /// let task = bridge.block_on(async { tokio::spawn(async { thread::current().id() }) });
    /// assert_eq!(bridge.block_on(task).unwrap(), thread::current().id());
    /// assert_eq!(bridge.stats().driver_threads, 0);
    /// ```
    pub fn driver_threads(mut self, enabled: bool) -> BridgeBuilder {
        self.options.driver_threads = enabled;
        self
    }

    /// Gives the bridge one background runtime with this many threads, called `NAME/shared`, instead of one
    /// runtime for each calling thread; see [`Bridge::shared`]. Default: one runtime for each thread.
    ///
    /// [`max_runtimes`](BridgeBuilder::max_runtimes), [`idle_timeout`](BridgeBuilder::idle_timeout) and
    /// [`max_blocking_threads`](BridgeBuilder::max_blocking_threads) have no effect on it. Only with the feature
    /// `rt-multi-thread`, which is on by default.
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
    #[cfg(feature = "rt-multi-thread")]
    #[track_caller]
    pub fn shared_threads(mut self, threads: usize) -> BridgeBuilder {
        assert!(threads > 0, "a background runtime needs at least one thread");
        self.shared_threads = Some(threads);
        self
    }

    /// Runs the calls on an application's own runtime, as [`Bridge::from_handle`] does, with all options of the builder
    /// that are not those of runtimes. Default: the bridge has runtimes of its own.
    ///
    /// The bridge cannot be [shut down](Bridge::shutdown).
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{Bridge, Nested};
    /// use tokio::runtime::Runtime;
    ///
    /// let (application, other) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    /// let handle = application.handle().clone();
    /// let bridge = Bridge::builder().handle(handle).nested(Nested::Park).build();
    /// let task = async { tokio::spawn(async { 1 + 1 }).await.unwrap() };
    /// assert_eq!(other.block_on(async { bridge.block_on(task) }), 2);
    /// ```
    pub fn handle(mut self, handle: Handle) -> BridgeBuilder {
        self.handle = Some(handle);
        self
    }

    /// Reports each call that waits longer than `limit`, once, while it waits. Default: no call is reported.
    ///
    /// The report goes to [`on_slow_call`](BridgeBuilder::on_slow_call). Without that it is a `tracing` event
    /// of the level `WARN` (feature `tracing`), or a line on standard error.
    ///
    /// The report also says whether a [runtime of the bridge is stuck](crate::SlowCall::stuck_runtimes).
    ///
    /// A thread called `NAME/watchdog` checks the time. If it is late or cannot be started, the call is reported
    /// when it ends. Each call takes a lock twice.
    ///
    /// # Panics
    ///
    /// When `limit` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use std::time::Duration;
    /// use smartasync::Bridge;
    /// use tokio::time::sleep;
    ///
    /// let (sender, slow_calls) = channel();
    /// let bridge = Bridge::builder()
    ///     .warn_after(Duration::from_millis(10))
    ///     .on_slow_call(move |call| sender.send(call.waited()).unwrap())
    ///     .build();
    /// bridge.block_on(async { sleep(Duration::from_millis(100)).await });
    /// assert!(slow_calls.recv().unwrap() >= Duration::from_millis(10));
    /// ```
    #[track_caller]
    pub fn warn_after(mut self, limit: Duration) -> BridgeBuilder {
        assert!(!limit.is_zero(), "every call waits longer than no time at all");
        self.warn_after = Some(limit);
        self
    }

    /// Sets the function that is called for each call that [`warn_after`](BridgeBuilder::warn_after) finds slow.
    /// The default is described there.
    ///
    /// A panic in `report` is caught. The calls that `report` makes on its thread are neither watched nor traced.
    /// `report` must not hold a clone of the bridge, which would keep the bridge alive.
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

    /// Limits the time for which a call is waited for, unless the call has a limit of its own. Default: no limit.
    ///
    /// A call that is not done by then ends as with [`Call::wait_timeout`](crate::Call::wait_timeout): its future is
    /// dropped. [`wait`](crate::Call::wait) and [`block_on`](Bridge::block_on) panic then, and
    /// [`try_wait`](crate::Call::try_wait) returns [`TimedOut`](crate::WaitErrorKind::TimedOut). With a limit of zero a
    /// call is polled once.
    ///
    /// A call with [a limit of its own](crate::Call::within) has only that one, longer or shorter, and one that is
    /// [`unlimited`](crate::Call::unlimited) has none. Nor do an `Iter`, a `SyncIo`, a scope and its calls, and the calls
    /// of `buffered` and `buffer_unordered`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::pending;
    /// use std::time::Duration;
    /// use smartasync::{Bridge, WaitErrorKind};
    ///
    /// let bridge = Bridge::builder().timeout(Duration::from_millis(1)).build();
    /// let error = bridge.try_block_on(pending::<()>()).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// ```
    pub fn timeout(mut self, limit: Duration) -> BridgeBuilder {
        self.timeout = Some(limit);
        self
    }

    /// Sets a function that a waiting thread calls before it goes to sleep. Default: none.
    ///
    /// For a host whose lock the thread holds, such as Python's GIL: [`on_unpark`](BridgeBuilder::on_unpark) is called on
    /// the same thread when it goes on, and is the place to take the lock again. A call that is ready at once, and one that
    /// wakes itself, calls neither. The future, its wakes and its destructors run between `on_unpark` and the next
    /// `on_park`. Tasks that the call has spawned may run on the thread while it sleeps, without what the hook has given up.
    /// Where such a task would take for granted that its thread still has it, as PyO3 does with the GIL, the bridge needs
    /// [`shared_threads`](BridgeBuilder::shared_threads): then tasks run on threads that do not wait.
    ///
    /// The hooks must not wait for calls: on some bridges they run inside the runtime. A panic in a hook ends the call with
    /// that panic.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    /// use std::time::Duration;
    /// use smartasync::Bridge;
    /// use tokio::time::sleep;
    ///
    /// let sleeps = Arc::new(AtomicU32::new(0));
    /// let counter = Arc::clone(&sleeps);
    /// let bridge = Bridge::builder()
    ///     .on_park(move || { counter.fetch_add(1, Relaxed); })
    ///     .build();
    ///
    /// bridge.block_on(async { "ready" });
    /// assert_eq!(sleeps.load(Relaxed), 0);
    /// bridge.block_on(async { sleep(Duration::from_millis(50)).await });
    /// assert_ne!(sleeps.load(Relaxed), 0);
    /// ```
    pub fn on_park(mut self, hook: impl Fn() + Send + Sync + 'static) -> BridgeBuilder {
        self.hooks.get_or_insert_default().on_park = Arc::new(hook);
        self
    }

    /// Sets a function that a waiting thread calls after it has slept: see [`on_park`](BridgeBuilder::on_park). Default:
    /// none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use std::time::Duration;
    /// use smartasync::Bridge;
    /// use tokio::time::sleep;
    ///
    /// let told = Arc::new(Mutex::new(Vec::new()));
    /// let (parks, unparks) = (told.clone(), told.clone());
    /// let bridge = Bridge::builder()
    ///     .on_park(move || parks.lock().unwrap().push("park"))
    ///     .on_unpark(move || unparks.lock().unwrap().push("unpark"))
    ///     .build();
    ///
    /// bridge.block_on(async { sleep(Duration::from_millis(50)).await });
    /// assert!(told.lock().unwrap().starts_with(&["park", "unpark"]));
    /// ```
    pub fn on_unpark(mut self, hook: impl Fn() + Send + Sync + 'static) -> BridgeBuilder {
        self.hooks.get_or_insert_default().on_unpark = Arc::new(hook);
        self
    }

    /// Makes the bridge. It has no runtime at first: each one is built at the first call of a thread.
    ///
    /// When the last clone of the bridge is dropped, its runtimes are shut down without waiting for
    /// anything. This is legal inside async code too.
    ///
    /// # Panics
    ///
    /// With [`Nested::Park`] and neither [`shared_threads`](BridgeBuilder::shared_threads) nor the
    /// [`handle`](BridgeBuilder::handle) of a multi-thread runtime: then the thread that is blocked would have to
    /// drive the call. And with both `shared_threads` and `handle`.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    ///
    /// let bridge = Bridge::builder().build();
    /// assert_eq!(bridge.stats().runtimes, 0);
    /// bridge.block_on(async {});
    /// assert_eq!(bridge.stats().runtimes, 1);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn build(self) -> Bridge {
        let BridgeBuilder {
            options,
            nested,
            shared_threads,
            handle,
            warn_after,
            report,
            hooks,
            timeout,
        } = self;
        if nested == Nested::Park {
            check_runs_elsewhere(shared_threads, handle.as_ref());
        }
        let report = report.unwrap_or_else(|| Arc::new(watchdog::log));
        let name = options.name.clone();
        let is_private = handle.is_none();
        let backend = match (shared_threads, handle) {
            (Some(threads), None) => Backend::background(&options.name, threads),
            (None, None) => Backend::private(options),
            (None, Some(handle)) => Backend::Handle(handle),
            (Some(_), Some(_)) => {
                panic!("a bridge has either threads of its own (`shared_threads`) or a `handle`")
            }
        };
        let watchdog = warn_after.map(|limit| Watchdog::new(&name, limit, report, &backend));
        let is_plain = watchdog.is_none() && hooks.is_none() && timeout.is_none();
        let inner = Inner::of_all(backend);
        Bridge::with(Inner { nested, watchdog, hooks, timeout, is_plain, is_private, ..inner })
    }
}

/// Checks that the calls of a bridge wait for no thread that they may block.
#[track_caller]
fn check_runs_elsewhere(shared_threads: Option<Threads>, handle: Option<&Handle>) {
    const WHY: &str =
        "`Nested::Park` blocks the calling thread, so other threads must run the calls";
    match handle.map(Handle::runtime_flavor) {
        None => assert!(
            shared_threads.is_some(),
            "{WHY}: give the bridge `shared_threads(1)` (feature `rt-multi-thread`), or the `handle` of a \
             multi-thread runtime"
        ),
        Some(flavor) => assert!(
            flavor == RuntimeFlavor::MultiThread,
            "{WHY}: instead of the `handle` of a current-thread runtime, give the bridge that of a multi-thread \
             runtime, or `shared_threads(1)` (feature `rt-multi-thread`)"
        ),
    }
}

// The compiler takes the report of slow calls for something that a panic may break. But a builder does not call
// it, and a bridge catches its panics. A method that panics has taken the builder by value.
impl UnwindSafe for BridgeBuilder {}
impl RefUnwindSafe for BridgeBuilder {}

impl fmt::Debug for BridgeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BridgeBuilder")
            .field("options", &self.options)
            .field("nested", &self.nested)
            .field("shared_threads", &self.shared_threads)
            .field("handle", &self.handle)
            .field("warn_after", &self.warn_after)
            .finish_non_exhaustive()
    }
}
