//! Where sync callers run async code.

mod builder;
mod default;
mod shared;
mod stats;

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task;

use crate::cache::instance::Instances;
use crate::cache::mark::Marked;
use crate::cache::thread;
use crate::context::{Context, Place, Poller, context};
use crate::error::{Refusal, WaitError};
use crate::exec::blueprint::Blueprint;
use crate::exec::fleet::Fleet;
use crate::exec::lease::Lease;
use crate::exec::parked;

pub use builder::{BridgeBuilder, Nested};
pub use default::set_default;
pub use stats::Stats;

pub(crate) use default::default;

use stats::Ledger;

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
    shared: Arc<Shared>,
}

struct Shared {
    home: Home,
    fleet: Arc<Fleet>,
    nested: Nested,
    ledger: Ledger,
}

/// What a bridge runs a call on when no runtime is near.
enum Home {
    /// The runtime that each thread keeps for the process.
    Thread,
    /// The runtimes that this bridge keeps, one for each thread.
    Instances(Arc<Instances<Lease>>),
    /// The process's background runtime.
    Shared,
    /// A runtime of somebody else's.
    Handle(Handle),
}

impl Bridge {
    /// Returns the bridge that the process shares: each plain thread has a runtime of its own, and a
    /// thread that may block beside a runtime uses that one.
    #[must_use]
    pub fn per_thread() -> Bridge {
        static PER_THREAD: LazyLock<Bridge> =
            LazyLock::new(|| Bridge::new(Home::Thread, Blueprint::default(), Nested::Error));
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
        static SHARED: LazyLock<Bridge> =
            LazyLock::new(|| Bridge::new(Home::Shared, Blueprint::default(), Nested::Error));
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
        Bridge::new(Home::Handle(handle), Blueprint::default(), Nested::Error)
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
        let caller = Location::caller();
        self.run(future.into_future()).map_err(|(future, refusal)| {
            WaitError::new(refusal, future, "Bridge::block_on", caller)
        })
    }

    /// Returns the context of the calling thread as calls on this bridge see it: with
    /// [`Nested::BlockInPlace`], a task of a multi-thread runtime may block.
    #[must_use]
    pub fn context(&self) -> Context {
        match Place::find() {
            None => Context::Sync,
            Some(place) if self.opens_section_in(&place) => Context::Blocking,
            Some(place) => place.context(),
        }
    }

    /// Returns what the bridge has done so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.ledger.stats(&self.shared.fleet)
    }

    /// Forgets what the bridge keeps, for all threads: no later call uses what was kept before.
    ///
    /// A runtime that was kept is given up once no call uses it; of the process-wide bridge, the
    /// calling thread's at once, another thread's at that thread's next call or its end. What lives on
    /// it stops a moment later. It is meant for tests.
    pub fn reset(&self) {
        // First, so that nobody takes an old runtime from the pool for a new one.
        self.shared.fleet.epoch.reset();
        self.shared.fleet.drain();
        match &self.shared.home {
            Home::Thread => thread::leave(),
            Home::Instances(instances) => instances.reset(),
            Home::Shared | Home::Handle(_) => {}
        }
    }

    /// Ends a private bridge: no later call runs on it, and after `grace` none that runs goes on.
    ///
    /// Calls that have begun get the grace period to end by themselves. Then those that still wait
    /// return [`WaitErrorKind::Shutdown`](crate::WaitErrorKind::Shutdown), their futures dropped where
    /// they were polled. A call that is made later gets the same error and is handed back. The runtimes
    /// end with their last call, the tasks on them are dropped.
    ///
    /// Returns whether all calls have ended. It waits for that for `grace` twice at the most: once until
    /// it cuts the calls short, once for these to leave. A future that never yields cannot be
    /// interrupted. Inside async code it does not wait, and cuts the calls short at once.
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
    /// use std::time::Duration;
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
        assert!(
            matches!(self.shared.home, Home::Instances(_)),
            "only a private bridge, made by `Bridge::builder()`, can be shut down"
        );
        let grace = if context() == Context::Async { Duration::ZERO } else { grace };
        let gate = &self.shared.fleet.gate;
        gate.close();
        // What no call uses is given up here, the rest by the last call that uses it.
        self.reset();
        gate.wait_until_empty(grace) || {
            gate.cut();
            gate.wait_until_empty(grace)
        }
    }

    fn new(home: Home, blueprint: Blueprint, nested: Nested) -> Bridge {
        let (fleet, ledger) = (Fleet::new(blueprint), Ledger::default());
        Bridge { shared: Arc::new(Shared { home, fleet, nested, ledger }) }
    }

    /// Runs `future` where the calling thread stands, or gives it back.
    #[inline]
    pub(crate) fn run<F: Future>(&self, future: F) -> Result<F::Output, (Option<F>, Refusal)> {
        match Place::find() {
            None => self.run_at_home(future),
            Some(place) => self.run_near_runtime(place, future),
        }
    }

    fn run_near_runtime<F: Future>(
        &self,
        place: Place,
        future: F,
    ) -> Result<F::Output, (Option<F>, Refusal)> {
        let ledger = &self.shared.ledger;
        ledger.count(|counters| match &place {
            Place::Polled(Poller::Marked) => &counters.marks_hit,
            _ => &counters.probes,
        });
        if matches!(place, Place::Polled(_)) && !self.opens_section_in(&place) {
            ledger.count(|counters| &counters.refused);
            return Err((Some(future), Refusal::Async));
        }
        // Where a poll could not be told from a blocking section (see "Limits" of `context()`), Tokio
        // allows no other block than in a section. Elsewhere this changes nothing.
        task::block_in_place(|| match (&self.shared.home, place) {
            (Home::Thread, Place::On(near)) => self.run_on_handle(&near, future),
            _ => self.run_at_home(future),
        })
    }

    /// Whether the bridge's option opens a blocking section in the poll that the thread is in.
    fn opens_section_in(&self, place: &Place) -> bool {
        self.shared.nested == Nested::BlockInPlace
            && matches!(place, Place::Polled(Poller::Scheduler(handle)) if is_multi_thread(handle))
    }

    /// Runs `future` on what the bridge keeps for the thread.
    #[inline]
    fn run_at_home<F: Future>(&self, future: F) -> Result<F::Output, (Option<F>, Refusal)> {
        match self.shared.home {
            Home::Thread => self.run_on_thread(future),
            _ => self.run_elsewhere(future),
        }
    }

    #[inline]
    fn run_on_thread<F: Future>(&self, future: F) -> Result<F::Output, (Option<F>, Refusal)> {
        match thread::seat(&self.shared.fleet) {
            Ok(seat) => seat.lease.block_on(Marked::new(future), &seat.relay).map_err(cut_short),
            Err(refusal) => Err((Some(future), refusal)),
        }
    }

    /// Not inlined, so that the default way asks one question only.
    #[inline(never)]
    fn run_elsewhere<F: Future>(&self, future: F) -> Result<F::Output, (Option<F>, Refusal)> {
        let refusal = match &self.shared.home {
            Home::Thread => return self.run_on_thread(future),
            Home::Instances(instances) => match thread::seat_in(instances, &self.shared.fleet) {
                Ok((lease, relay)) => {
                    return lease.block_on(Marked::new(future), &relay).map_err(cut_short);
                }
                Err(refusal) => refusal,
            },
            Home::Shared => match shared::handle() {
                Ok(handle) => return self.run_on_handle(handle, future),
                Err(error) => Refusal::Runtime(error),
            },
            Home::Handle(handle) => return self.run_on_handle(handle, future),
        };
        Err((Some(future), refusal))
    }

    /// Runs `future` on a runtime that others drive. It is not marked: `block_in_place` is legal in it,
    /// and code inside of that may block.
    fn run_on_handle<F: Future>(
        &self,
        handle: &Handle,
        future: F,
    ) -> Result<F::Output, (Option<F>, Refusal)> {
        self.shared.ledger.count(|counters| &counters.handle);
        match thread::check() {
            Ok(()) => Ok(parked::block_on(handle, future)),
            Err(refusal) => Err((Some(future), refusal)),
        }
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let home = match self.shared.home {
            Home::Thread => "per thread",
            Home::Instances(_) => "private",
            Home::Shared => "shared",
            Home::Handle(_) => "handle",
        };
        f.debug_struct("Bridge")
            .field("home", &format_args!("{home}"))
            .field("name", &self.shared.fleet.blueprint.name)
            .field("nested", &self.shared.nested)
            .finish_non_exhaustive()
    }
}

/// A future that had begun is not handed back.
fn cut_short<F>(refusal: Refusal) -> (Option<F>, Refusal) {
    (None, refusal)
}

fn is_multi_thread(handle: &Handle) -> bool {
    handle.runtime_flavor() == RuntimeFlavor::MultiThread
}
