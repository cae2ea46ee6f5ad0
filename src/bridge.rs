//! Where sync callers run async code.

mod builder;
mod default;
mod inner;
mod route;
mod span;
mod stats;
mod watchdog;

use std::fmt;
use std::io;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::cache::thread;
use crate::context::{Ambient, Context, context};
use crate::process::PerProcess;
use crate::runtime::background::Background;
use crate::runtime::set::Runtimes;

pub use builder::{BridgeBuilder, Nested};
pub use default::set_default;
pub use stats::Stats;
pub use watchdog::SlowCall;

pub(crate) use default::default;
pub(crate) use route::{Route, wait};

use inner::{Backend, Inner};
use route::opens_section;

static SHARED: LazyLock<Bridge> = LazyLock::new(|| {
    Bridge::new(|runtimes| Backend::Background(Background::new("smartasync", 1, &runtimes.tracker)))
});

/// The handle of the process's background runtime, which is started now if it was not.
///
/// # Errors
///
/// When it cannot be started; the next call tries again.
pub(crate) fn shared_handle() -> io::Result<&'static Handle> {
    match &SHARED.inner().backend {
        Backend::Background(background) => background.handle(),
        _ => unreachable!("made so above"),
    }
}

/// Where sync callers run async code: whose runtimes, and with which options.
///
/// Most programs need none: calls go through [`Bridge::per_thread`] by themselves. A bridge is for an
/// application that has a runtime of its own ([`from_handle`](Bridge::from_handle)), and for one that
/// wants its calls apart from everybody else's ([`builder`](Bridge::builder)). Clones are the same
/// bridge.
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
    /// Returns the bridge that the process shares: each plain thread has a runtime of its own, and a
    /// thread that may block beside a runtime uses that one.
    #[must_use]
    pub fn per_thread() -> Bridge {
        static PER_THREAD: LazyLock<Bridge> = LazyLock::new(|| Bridge::new(|_| Backend::PerThread));
        PER_THREAD.clone()
    }

    /// Returns the bridge to one background runtime for the process: the calling thread polls the
    /// future, and one thread called `smartasync/shared` drives the I/O, the timers and the tasks of
    /// all of them. It is started at the first call and never stopped.
    ///
    /// It suits many threads that share pools and clients: what they make lives in one place.
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
    #[must_use]
    pub fn shared() -> Bridge {
        SHARED.clone()
    }

    /// Makes a bridge to an application's own runtime: the calling thread polls the future, and the
    /// runtime's threads drive its I/O, its timers and its tasks.
    ///
    /// A current-thread runtime must be driven by somebody, or a call that needs it never returns. On
    /// a runtime that has been shut down, what Tokio gives the future reaches the caller: an I/O
    /// error, a cancelled join, or a panic.
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
        Bridge::new(|_| Backend::Handle(handle))
    }

    /// Starts to make a private bridge: own runtimes, own caches, own options.
    pub fn builder() -> BridgeBuilder {
        BridgeBuilder::default()
    }

    /// Returns the context of the calling thread as calls on this bridge see it: with
    /// [`Nested::BlockInPlace`], a task of a multi-thread runtime may block.
    #[must_use]
    pub fn context(&self) -> Context {
        match Ambient::find() {
            None => Context::Sync,
            Some(Ambient::InPoll(poller)) if opens_section(self.inner().nested, &poller) => {
                Context::Blocking
            }
            Some(ambient) => ambient.context(),
        }
    }

    /// Returns what the bridge has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner().counters.stats(&self.inner().runtimes)
    }

    /// Forgets what the bridge keeps, for all threads: no later call uses what was kept before.
    ///
    /// A runtime that was kept is given up once no call uses it; of the process-wide bridge, the
    /// calling thread's at once, another thread's at that thread's next call or its end. What lives on
    /// it stops a moment later. It is meant for tests.
    pub fn reset(&self) {
        // First, so that nobody takes an old runtime from the pool for a new one.
        let inner = self.inner();
        inner.runtimes.generation.reset();
        inner.runtimes.drain();
        match &inner.backend {
            Backend::PerThread => thread::leave(),
            Backend::Private | Backend::Background(_) => inner.per_thread.reset(),
            Backend::Handle(_) | Backend::Inherited => {}
        }
    }

    /// Shuts a private bridge down: no later call runs on it, and after `grace` none that runs goes on.
    ///
    /// Calls that have begun get the grace period to end by themselves. Then those that still wait
    /// return [`WaitErrorKind::Shutdown`](crate::WaitErrorKind::Shutdown), their futures dropped where
    /// they were polled. A call that is made later gets the same error and is handed back. The runtimes
    /// end with their last call; a moment later the tasks on them are dropped, and the threads are gone.
    ///
    /// Returns whether all calls have ended. It waits for that for `grace` twice at the most: once until
    /// it cuts the calls short, once for these to leave. A future that never yields cannot be
    /// interrupted; nor does a call end that waits for the thread on which this is called. Inside async code
    /// it does not wait, and cuts the calls short at once. The destructors of tasks may run on the calling
    /// thread.
    ///
    /// Dropping the last clone of a bridge ends it too: no call can be running then.
    ///
    /// # Panics
    ///
    /// When the bridge is not private: others use what it stands for.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use smartasync::{Bridge, WaitErrorKind};
    ///
    /// let bridge = Bridge::builder().build();
    /// let worker = std::thread::spawn({
    ///     let bridge = bridge.clone();
    ///     move || bridge.try_block_on(std::future::pending::<()>())
    /// });
    /// while bridge.stats().calls_on_own_runtime == 0 {
    ///     std::thread::yield_now();
    /// }
    /// let all_ended = bridge.shutdown(Duration::from_millis(10));
    /// let error = worker.join().unwrap().unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::Shutdown);
    /// # let _ = all_ended;
    /// ```
    #[track_caller]
    pub fn shutdown(&self, grace: Duration) -> bool {
        let inner = self.inner();
        assert!(
            inner.is_private,
            "only a private bridge, made by `Bridge::builder()`, can be shut down"
        );
        let grace = if context() == Context::Async { Duration::ZERO } else { grace };
        let tracker = &inner.runtimes.tracker;
        tracker.close();
        // What no call uses is given up here, the rest by the last call that uses it.
        self.reset();
        let has_ended = tracker.wait_until_empty(grace) || {
            tracker.cancel();
            tracker.wait_until_empty(grace)
        };
        if let Backend::Background(background) = &inner.backend {
            background.shutdown();
        }
        has_ended
    }

    fn new(backend: impl FnOnce(&Runtimes) -> Backend) -> Bridge {
        Bridge::with(Inner::of_all(backend))
    }

    fn with(inner: Inner) -> Bridge {
        Bridge { inner: Arc::new(PerProcess::new(inner)) }
    }

    #[inline]
    fn inner(&self) -> &Inner {
        self.inner.get(Inner::renewed)
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        f.debug_struct("Bridge")
            .field("backend", &format_args!("{}", inner.backend.name()))
            .field("name", &inner.runtimes.options.name)
            .field("nested", &inner.nested)
            .finish_non_exhaustive()
    }
}
