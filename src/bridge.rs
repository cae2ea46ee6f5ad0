//! Where sync callers run async code.

mod background;
mod builder;
mod default;
mod inner;
mod span;
mod stats;
mod watchdog;

use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::cache::thread;
use crate::context::{Context, Place, context};
use crate::error::{Refusal, WaitError};
use crate::exec::clock::Clock;
use crate::exec::until::Until;
use crate::process::PerProcess;
use crate::site::Site;

pub use builder::{BridgeBuilder, Nested};
pub use default::set_default;
pub use stats::Stats;
pub use watchdog::SlowCall;

pub(crate) use default::default;

use background::Background;
use inner::{Home, Inner};

static SHARED: LazyLock<Bridge> =
    LazyLock::new(|| Bridge::new(Home::Background(Background::new("smartasync", 1))));

/// The handle of the process's background runtime, which is started now if it was not.
///
/// # Errors
///
/// When it cannot be started; the next call tries again.
pub(crate) fn shared_handle() -> io::Result<&'static Handle> {
    match &SHARED.inner().home {
        Home::Background(background) => background.handle(),
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
        static PER_THREAD: LazyLock<Bridge> = LazyLock::new(|| Bridge::new(Home::Thread));
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
    /// A current-thread runtime must be driven by somebody, or a call that needs it waits for ever. On
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
        Bridge::new(Home::Handle(handle))
    }

    /// Starts to make a private bridge: own runtimes, own caches, own options.
    pub fn builder() -> BridgeBuilder {
        BridgeBuilder::default()
    }

    /// Blocks the calling thread until `future` is done, and returns its output.
    ///
    /// # Panics
    ///
    /// Where [`try_block_on`](Bridge::try_block_on) returns an error, and with the panic of `future`,
    /// unchanged.
    #[track_caller]
    pub fn block_on<F: IntoFuture>(&self, future: F) -> F::Output {
        match self.try_block_on(future) {
            Ok(output) => output,
            Err(error) => error.panic(),
        }
    }

    /// Blocks the calling thread until `future` is done, or hands it back where that cannot be.
    ///
    /// # Errors
    ///
    /// Those of [`Call::try_wait`](crate::Call::try_wait).
    #[track_caller]
    pub fn try_block_on<F: IntoFuture>(
        &self,
        future: F,
    ) -> Result<F::Output, WaitError<F::IntoFuture>> {
        let site = Site { name: "Bridge::block_on", caller: Location::caller() };
        self.run(future.into_future(), &site)
            .map_err(|(future, refusal)| WaitError::new(refusal, future, site))
    }

    /// Returns the context of the calling thread as calls on this bridge see it: with
    /// [`Nested::BlockInPlace`], a task of a multi-thread runtime may block.
    #[must_use]
    pub fn context(&self) -> Context {
        match Place::find() {
            None => Context::Sync,
            Some(place) if self.inner().opens_section_in(&place) => Context::Blocking,
            Some(place) => place.context(),
        }
    }

    /// Returns what the bridge has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.inner().ledger.stats(&self.inner().fleet)
    }

    /// Forgets what the bridge keeps, for all threads: no later call uses what was kept before.
    ///
    /// A runtime that was kept is given up once no call uses it; of the process-wide bridge, the
    /// calling thread's at once, another thread's at that thread's next call or its end. What lives on
    /// it stops a moment later. It is meant for tests.
    pub fn reset(&self) {
        // First, so that nobody takes an old runtime from the pool for a new one.
        let inner = self.inner();
        inner.fleet.epoch.reset();
        inner.fleet.drain();
        match &inner.home {
            Home::Thread => thread::leave(),
            Home::Instances(instances) => instances.reset(),
            Home::Background(_) | Home::Handle(_) | Home::Inherited => {}
        }
    }

    /// Ends a private bridge: no later call runs on it, and after `grace` none that runs goes on.
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
        let gate = &inner.fleet.gate;
        gate.close();
        // What no call uses is given up here, the rest by the last call that uses it.
        self.reset();
        let has_ended = gate.wait_until_empty(grace) || {
            gate.cut();
            gate.wait_until_empty(grace)
        };
        if let Home::Background(background) = &inner.home {
            background.shutdown();
        }
        has_ended
    }

    fn new(home: Home) -> Bridge {
        Bridge::with(Inner::of_all(home))
    }

    fn with(inner: Inner) -> Bridge {
        Bridge { inner: Arc::new(PerProcess::new(inner)) }
    }

    #[inline]
    fn inner(&self) -> &Inner {
        self.inner.get(Inner::renewed)
    }

    /// Runs `future`, or gives it back.
    #[inline]
    pub(crate) fn run<F: Future>(
        &self,
        future: F,
        site: &Site,
    ) -> Result<F::Output, (Option<F>, Refusal)> {
        self.inner().run(future, site)
    }

    /// The same until `deadline`; without one, to its end.
    pub(crate) fn run_until<F: Future>(
        &self,
        future: F,
        deadline: Option<Instant>,
        site: &Site,
    ) -> Result<F::Output, (Option<F>, Refusal)> {
        let Some(deadline) = deadline else { return self.run(future, site) };
        let began = Instant::now();
        // Before the future is polled: it is handed back when there is no clock to be had.
        let clock = match Clock::running() {
            Ok(clock) => clock,
            Err(error) => return Err((Some(future), Refusal::Runtime(error))),
        };
        let passed = async {
            clock.alarm(deadline).await;
            Refusal::TimedOut(began.elapsed())
        };
        self.run_unless(future, passed, site)
    }

    /// The same until `stop` is ready, which says why.
    pub(crate) fn run_unless<F: Future>(
        &self,
        future: F,
        stop: impl Future<Output = Refusal>,
        site: &Site,
    ) -> Result<F::Output, (Option<F>, Refusal)> {
        match self.run(Until::new(future, stop), site) {
            Ok(Ok(output)) => Ok(output),
            Ok(Err(refusal)) => Err((None, refusal)),
            Err((until, refusal)) => Err((until.and_then(Until::into_future), refusal)),
        }
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner();
        f.debug_struct("Bridge")
            .field("home", &format_args!("{}", inner.home.name()))
            .field("name", &inner.fleet.blueprint.name)
            .field("nested", &inner.nested)
            .finish_non_exhaustive()
    }
}
