//! Where sync callers run async code.

mod builder;
mod drain;
mod inner;
mod mark;
mod route;
mod spawn;
mod stats;
mod stuck;
mod watchdog;

use std::fmt;
use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, LazyLock, OnceLock};

use tokio::runtime::Handle;

use crate::context::{Ambient, Context};
use crate::process::PerProcess;

pub use builder::{BridgeBuilder, Nested};
pub use drain::{Drained, drain, join_threads};
pub use stats::Stats;
pub use watchdog::SlowCall;

pub(crate) use mark::Mark;
pub(crate) use route::{Entered, Route, default, wait, wait_within};

use inner::{Backend, Inner};
use route::may_block;

/// The bridge used by calls that do not name one.
static DEFAULT: OnceLock<Bridge> = OnceLock::new();

#[cfg(feature = "rt-multi-thread")]
static SHARED: LazyLock<Bridge> =
    LazyLock::new(|| Bridge::with(Inner::of_all(Backend::background("smartasync", 1))));

/// Sets the bridge used by calls that do not name one. Default: [`Bridge::per_thread`].
///
/// It is meant for a program's `main`, before its first call.
///
/// # Errors
///
/// Returns the bridge if it comes too late: a default has already been set, or a call has already used the
/// default.
///
/// # Examples
///
/// ```
/// use smartasync::{Bridge, block_on, set_default};
///
/// let bridge = Bridge::builder().name("app").build();
/// set_default(bridge.clone()).expect("no call has been made yet");
/// block_on(async {});
/// assert_eq!(bridge.stats().calls_on_own_runtime, 1);
///
/// let too_late = set_default(Bridge::per_thread());
/// assert!(too_late.is_err());
/// ```
pub fn set_default(bridge: Bridge) -> Result<(), Bridge> {
    DEFAULT.set(bridge)
}

/// Returns the handle of the process's background runtime, and starts the runtime first if it is not running.
///
/// # Errors
///
/// When it cannot be started. The next call tries again.
#[cfg(feature = "rt-multi-thread")]
pub(crate) fn shared_handle() -> io::Result<&'static Handle> {
    match &SHARED.inner().backend {
        Backend::Background(background, _) => background.handle(),
        _ => unreachable!("`SHARED` is a background bridge"),
    }
}

/// Returns the handle of the runtime for what belongs to no thread: a current-thread one of the process-wide bridge, which
/// a driver thread drives. It is started first if it is not running.
///
/// # Errors
///
/// When it cannot be started. The next call tries again.
#[cfg(not(feature = "rt-multi-thread"))]
pub(crate) fn shared_handle() -> io::Result<&'static Handle> {
    match &Bridge::per_thread().inner().backend {
        Backend::PerThread(runtimes) => runtimes.static_task_handle(),
        _ => unreachable!("`per_thread` is a bridge of threads"),
    }
}

/// Where sync callers run async code: on whose runtimes, and with which options.
///
/// Most programs need none: a call that does not name a bridge uses [`Bridge::per_thread`]. A bridge is for an
/// application that has a runtime of its own ([`from_handle`](Bridge::from_handle)), and for one that keeps its
/// calls apart from all others ([`builder`](Bridge::builder)). A clone is the same bridge.
///
/// # Examples
///
/// ```
/// use smartasync::{Bridge, smartasync};
///
/// #[smartasync]
/// async fn answer() -> u32 { 42 }
///
/// let bridge = Bridge::builder().name("mail").build();
/// assert_eq!(answer().on(&bridge).wait(), 42);
/// assert_eq!(bridge.stats().calls_on_own_runtime, 1);
/// ```
#[derive(Clone)]
pub struct Bridge {
    inner: Arc<PerProcess<Inner>>,
}

impl Bridge {
    /// Returns the process-wide bridge.
    ///
    /// A plain thread runs its calls on a runtime of its own. A thread that may block and has a current
    /// multi-thread runtime runs them on that runtime.
    ///
    /// What a call makes lives on the runtime of the call: a client that is made in a `spawn_blocking` job stops working
    /// when the runtime of that job is shut down, and one that is made on a plain thread goes on when the thread has
    /// ended. A library that keeps clients makes them through a [private bridge](Bridge::builder), whose runtimes are
    /// nobody else's.
    ///
    /// # Limits
    ///
    /// Tokio does not tell whether the current runtime can serve a call. Where it cannot, a call on a
    /// [private bridge](Bridge::builder) can:
    ///
    /// - A runtime that was built without `enable_all` may have no timers or no I/O: a future that needs them panics.
    /// - One that was shut down gives the future an error, a cancelled join or a panic.
    /// - In the `on_thread_start` hook of a runtime with one worker, that worker does not drive yet: a call that needs the
    ///   driver never returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use smartasync::Bridge;
    /// use tokio::runtime::Handle;
    ///
    /// let runtime = || Bridge::per_thread().block_on(async { Handle::current().id() });
    /// let of_this_thread = runtime();
    /// assert_eq!(runtime(), of_this_thread);
    /// thread::scope(|scope| {
    ///     scope.spawn(|| assert_ne!(runtime(), of_this_thread));
    /// });
    /// ```
    #[must_use]
    pub fn per_thread() -> Bridge {
        static PER_THREAD: LazyLock<Bridge> =
            LazyLock::new(|| Bridge::with(Inner::of_all(Backend::per_thread())));
        PER_THREAD.clone()
    }

    /// Returns the bridge to the process's background runtime.
    ///
    /// The calling thread polls the future, and one thread called `smartasync/shared` drives the I/O, the timers
    /// and the tasks of all calls. That thread is started at the first call and never stopped.
    ///
    /// This bridge suits many threads that share pools and clients: everything that their calls make lives on
    /// one runtime. Only with the feature `rt-multi-thread`, which is on by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    ///
    /// let name = async {
    ///     let task = tokio::spawn(async { std::thread::current().name().map(str::to_owned) });
    ///     task.await.unwrap()
    /// };
    /// assert_eq!(Bridge::shared().block_on(name).as_deref(), Some("smartasync/shared"));
    /// ```
    #[cfg(feature = "rt-multi-thread")]
    #[must_use]
    pub fn shared() -> Bridge {
        SHARED.clone()
    }

    /// Makes a bridge to an application's own runtime.
    ///
    /// The calling thread polls the future, and the runtime's threads drive its I/O, its timers and its tasks.
    ///
    /// The application has to drive a current-thread runtime: otherwise a call that needs its I/O, timers or
    /// tasks never returns. On a runtime that has been shut down, the future gets from Tokio an I/O error, a
    /// cancelled join or a panic, which reaches the caller.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    ///
    /// let runtime = tokio::runtime::Runtime::new().unwrap();
    /// let bridge = Bridge::from_handle(runtime.handle().clone());
    /// let task = async { tokio::spawn(async { 1 + 1 }).await.unwrap() };
    /// assert_eq!(bridge.block_on(task), 2);
    /// ```
    #[must_use]
    pub fn from_handle(handle: Handle) -> Bridge {
        Bridge::with(Inner::of_all(Backend::Handle(handle)))
    }

    /// Returns a builder of a private bridge, which has runtimes and options of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    ///
    /// let (mail, reports) = (Bridge::builder().build(), Bridge::builder().build());
    /// mail.block_on(async {});
    /// assert_eq!(mail.stats().runtimes, 1);
    /// assert_eq!(reports.stats().runtimes, 0);
    /// ```
    pub fn builder() -> BridgeBuilder {
        BridgeBuilder::default()
    }

    /// Returns the context of the calling thread as calls on this bridge see it: with
    /// [`Nested::BlockInPlace`], a task of a multi-thread runtime may block, and with [`Nested::Park`] a poll.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "rt-multi-thread")] {
    /// use smartasync::{Bridge, Context, Nested, context};
    ///
    /// let bridge = Bridge::builder().nested(Nested::BlockInPlace).build();
    /// let runtime = tokio::runtime::Runtime::new().unwrap();
    /// let task = runtime.spawn(async move { (context(), bridge.context()) });
    /// assert_eq!(runtime.block_on(task).unwrap(), (Context::Async, Context::Blocking));
    /// # }
    /// ```
    #[must_use]
    pub fn context(&self) -> Context {
        match Ambient::find() {
            None => Context::Sync,
            Some(ambient) if may_block(self.inner(), &ambient) => Context::Blocking,
            Some(_) => Context::Async,
        }
    }

    /// Returns what the bridge has done so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    ///
    /// let bridge = Bridge::builder().build();
    /// bridge.block_on(async {});
    /// bridge.block_on(async {});
    /// assert_eq!(bridge.stats().calls_on_own_runtime, 2);
    /// assert_eq!(bridge.stats().runtimes, 1);
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner().stats()
    }

    /// Forgets the runtimes that the bridge keeps, for all threads: no later call uses one of them.
    ///
    /// A runtime is given up once no call uses it, and what lives on it stops a moment later. The process-wide
    /// bridge gives up the calling thread's runtime at once, and another thread's at that thread's next call or at
    /// its end. It is meant for tests.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    /// use tokio::runtime::Handle;
    ///
    /// let bridge = Bridge::builder().build();
    /// let runtime = || bridge.block_on(async { Handle::current().id() });
    /// let before = runtime();
    /// bridge.reset();
    /// assert_ne!(runtime(), before);
    /// ```
    pub fn reset(&self) {
        self.inner().forget_runtimes();
    }

    fn with(inner: Inner) -> Bridge {
        Bridge { inner: Arc::new(PerProcess::new(inner)) }
    }

    /// Whether its calls have a limit that they need not name.
    #[cfg(feature = "concurrent")]
    pub(crate) fn has_timeout(&self) -> bool {
        self.inner().timeout.is_some()
    }

    #[inline]
    fn inner(&self) -> &Inner {
        self.inner.get(Inner::renewed)
    }
}

// Why can a panic not leave a bridge broken? The code that may panic is the user's: futures, their destructors, wakers
// and the report of slow calls. It runs between two changes of what a bridge keeps, never within one. A runtime whose
// driver has panicked is closed and replaced, a report's panic is caught, and counters are single atomics. So a
// `Call`, an `Iter` and a `SyncIo`, which add an `Option<Bridge>` to what they are made of, are as unwind safe as that.
impl UnwindSafe for Bridge {}
impl RefUnwindSafe for Bridge {}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        f.debug_struct("Bridge")
            .field("backend", &format_args!("{}", inner.backend.kind()))
            .field("name", &inner.backend.name())
            .field("nested", &inner.nested)
            .finish_non_exhaustive()
    }
}
