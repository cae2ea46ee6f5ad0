//! Reports calls that wait too long.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use super::inner::Backend;
use super::stuck::Runtimes;
use crate::observer;
use crate::process::Process;
use crate::runtime::owned;
use crate::site::Site;
use crate::sync::ignore_poison;
use crate::threads;

/// A call that has waited longer than the limit of
/// [`BridgeBuilder::warn_after`](crate::BridgeBuilder::warn_after).
///
/// # Examples
///
/// ```
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
/// use smartasync::{Bridge, SlowCall, smartasync};
///
/// #[smartasync]
/// async fn doze() {
///     tokio::time::sleep(Duration::from_millis(100)).await;
/// }
///
/// let (sender, slow_calls) = channel::<SlowCall>();
/// let bridge = Bridge::builder()
///     .warn_after(Duration::from_millis(10))
///     .on_slow_call(move |call| sender.send(*call).unwrap())
///     .build();
/// doze().on(&bridge).wait();
/// let call = slow_calls.recv().unwrap();
/// assert!(call.to_string().starts_with("`doze` at "));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SlowCall {
    site: Site,
    waited: Duration,
    stuck_runtimes: usize,
}

impl SlowCall {
    /// Returns the name of the function that was called.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// # use std::time::Duration;
    /// # use smartasync::{Bridge, SlowCall, smartasync};
    /// #
    /// # #[smartasync]
    /// # async fn doze() {
    /// #     tokio::time::sleep(Duration::from_millis(100)).await;
    /// # }
    /// #
    /// # let (sender, slow_calls) = channel::<SlowCall>();
    /// # let bridge = Bridge::builder()
    /// #     .warn_after(Duration::from_millis(10))
    /// #     .on_slow_call(move |call| sender.send(*call).unwrap())
    /// #     .build();
    /// doze().on(&bridge).wait();
    /// assert_eq!(slow_calls.recv().unwrap().name(), "doze");
    /// ```
    pub fn name(&self) -> &'static str {
        self.site.name()
    }

    /// Returns the place of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// # use std::time::Duration;
    /// # use smartasync::{Bridge, SlowCall, smartasync};
    /// #
    /// # #[smartasync]
    /// # async fn doze() {
    /// #     tokio::time::sleep(Duration::from_millis(100)).await;
    /// # }
    /// #
    /// # let (sender, slow_calls) = channel::<SlowCall>();
    /// # let bridge = Bridge::builder()
    /// #     .warn_after(Duration::from_millis(10))
    /// #     .on_slow_call(move |call| sender.send(*call).unwrap())
    /// #     .build();
    /// let line = line!() + 1;
    /// doze().on(&bridge).wait();
    /// assert_eq!(slow_calls.recv().unwrap().caller().line(), line);
    /// ```
    pub fn caller(&self) -> &'static Location<'static> {
        self.site.caller
    }

    /// Returns how long the call had waited when it was reported.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::mpsc::channel;
    /// # use std::time::Duration;
    /// # use smartasync::{Bridge, SlowCall, smartasync};
    /// #
    /// # #[smartasync]
    /// # async fn doze() {
    /// #     tokio::time::sleep(Duration::from_millis(100)).await;
    /// # }
    /// #
    /// # let (sender, slow_calls) = channel::<SlowCall>();
    /// # let bridge = Bridge::builder()
    /// #     .warn_after(Duration::from_millis(10))
    /// #     .on_slow_call(move |call| sender.send(*call).unwrap())
    /// #     .build();
    /// doze().on(&bridge).wait();
    /// assert!(slow_calls.recv().unwrap().waited() >= Duration::from_millis(10));
    /// ```
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Returns how many of the bridge's runtimes have not run a new task within 100 ms: on each of them a task blocks its
    /// thread or never yields, and nothing else there goes on, neither other tasks nor I/O nor timers. The runtime of
    /// [`BridgeBuilder::handle`](crate::BridgeBuilder::handle) is also counted where nobody drives it.
    ///
    /// They are asked when the call is found slow. A call that is reported when it ends says 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    /// use std::thread;
    /// use std::time::Duration;
    /// use smartasync::{Bridge, SlowCall};
    ///
    /// let (sender, slow_calls) = channel::<SlowCall>();
    /// let bridge = Bridge::builder()
    ///     .warn_after(Duration::from_millis(10))
    ///     .on_slow_call(move |call| sender.send(*call).unwrap())
    ///     .build();
    /// bridge.block_on(async {
    ///     // This should be a `spawn_blocking` job.
    ///     tokio::spawn(async { thread::sleep(Duration::from_secs(1)) });
    /// });
    /// bridge.block_on(async { tokio::time::sleep(Duration::from_millis(20)).await });
    /// assert!(slow_calls.iter().any(|call| call.stuck_runtimes() == 1));
    /// ```
    pub fn stuck_runtimes(&self) -> usize {
        self.stuck_runtimes
    }
}

impl fmt::Display for SlowCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, caller, waited) = (self.name(), self.caller(), self.waited);
        write!(f, "`{name}` at {caller} has waited for {waited:?}")?;
        match self.stuck_runtimes {
            0 => Ok(()),
            1 => f.write_str(
                "; one of the runtimes runs no task: a task there blocks or never yields",
            ),
            n => write!(f, "; {n} of the runtimes run no task: tasks there block or never yield"),
        }
    }
}

/// The user's function for slow calls.
pub(super) type Report = Arc<dyn Fn(&SlowCall) + Send + Sync>;

/// Reports a slow call if the user has set no function.
pub(super) fn log(call: &SlowCall) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        name = call.name(),
        caller = %call.caller(),
        waited = ?call.waited(),
        stuck_runtimes = call.stuck_runtimes(),
        "slow call"
    );
    #[cfg(not(feature = "tracing"))]
    eprintln!("smartasync: {call}");
}

/// The waiting calls of a bridge, and a thread that checks how long they have waited. The thread is started at the
/// first call, and sleeps until the oldest waiting call is slow.
pub(super) struct Watchdog {
    thread_name: String,
    watch: Arc<Watch>,
}

struct Watch {
    made_in: Process,
    limit: Duration,
    report: Report,
    runtimes: Runtimes,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Keyed by the time at which each call began, and by a number that distinguishes calls which began at the
    /// same time.
    waiting: BTreeMap<(Instant, u64), Site>,
    next_number: u64,
    has_thread: bool,
    is_over: bool,
}

impl State {
    /// Takes out the calls that have waited for `limit`, with the time that each has waited.
    fn take_slow(&mut self, limit: Duration) -> Vec<(Site, Duration)> {
        let mut slow = Vec::new();
        while let Some(first) = self.waiting.first_entry() {
            let waited = first.key().0.elapsed();
            if waited < limit {
                break;
            }
            slow.push((first.remove(), waited));
        }
        slow
    }
}

impl Watchdog {
    /// Watches the calls of a bridge called `name`, which run on `backend`.
    pub(super) fn new(name: &str, limit: Duration, report: Report, backend: &Backend) -> Watchdog {
        Watchdog::on_thread(format!("{name}/watchdog"), limit, report, backend)
    }

    fn on_thread(
        thread_name: String,
        limit: Duration,
        report: Report,
        backend: &Backend,
    ) -> Watchdog {
        let watch = Watch {
            made_in: Process::current(),
            limit,
            report,
            runtimes: Runtimes::of(backend),
            state: Mutex::default(),
            changed: Condvar::new(),
        };
        Watchdog { thread_name, watch: Arc::new(watch) }
    }

    /// Returns a watchdog with the same options that watches no call, for a forked child.
    pub(super) fn renewed(&self, backend: &Backend) -> Watchdog {
        let (limit, report) = (self.watch.limit, Arc::clone(&self.watch.report));
        Watchdog::on_thread(self.thread_name.clone(), limit, report, backend)
    }

    /// Watches a call until the guard is dropped, unless an observer makes the call.
    pub(super) fn watch(&self, site: Site) -> Option<Watched<'_>> {
        if observer::is_running() {
            return None;
        }
        let mut state = self.watch.state();
        if !state.has_thread {
            state.has_thread = self.start();
        }
        state.next_number += 1;
        let key = (Instant::now(), state.next_number);
        // Calls become slow in the order in which they began, so the thread waits for the first only.
        if state.waiting.is_empty() {
            self.watch.changed.notify_one();
        }
        state.waiting.insert(key, site);
        Some(Watched { watch: &self.watch, key, _not_send: PhantomData })
    }

    /// Starts the thread. Returns false where it cannot be started; the next call tries again.
    fn start(&self) -> bool {
        let watch = Arc::clone(&self.watch);
        threads::spawn(self.thread_name.clone(), move || watch.run()).is_ok()
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if self.watch.made_in.is_current() {
            self.watch.state().is_over = true;
            self.watch.changed.notify_one();
        }
    }
}

impl Watch {
    fn run(&self) {
        // A runtime that ends while it is asked must not hold this thread up.
        owned::end_none_here();
        let mut state = self.state();
        while !state.is_over {
            let Some((&(began, _), _)) = state.waiting.first_key_value() else {
                state = ignore_poison(self.changed.wait(state));
                continue;
            };
            let waited = began.elapsed();
            if waited < self.limit {
                let left = self.limit - waited;
                (state, _) = ignore_poison(self.changed.wait_timeout(state, left));
                continue;
            }
            let slow = state.take_slow(self.limit);
            drop(state);
            // Once for all of them: a runtime that is stuck takes its time.
            let stuck_runtimes = self.runtimes.stuck();
            for (site, waited) in slow {
                self.tell(SlowCall { site, waited, stuck_runtimes });
            }
            state = self.state();
        }
    }

    /// Reports a call. A panic in the report ends neither this thread nor the call. The calls that the report
    /// makes are not reported.
    fn tell(&self, call: SlowCall) {
        observer::run(|| drop(catch_unwind(AssertUnwindSafe(|| (self.report)(&call)))));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        ignore_poison(self.state.lock())
    }
}

/// Ends the watch of a call when it is dropped, and reports a slow call that the thread has not reported.
#[must_use = "the call is watched until the guard is dropped"]
pub(super) struct Watched<'a> {
    watch: &'a Watch,
    key: (Instant, u64),
    /// The call waits on this thread.
    _not_send: PhantomData<*const ()>,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        // In a forked child, the inherited lock may be held by a thread that does not exist there.
        if !self.watch.made_in.is_current() {
            return;
        }
        let unreported = self.watch.state().waiting.remove(&self.key);
        let waited = self.key.0.elapsed();
        // The thread may be late, or may not have been started.
        if let Some(site) = unreported.filter(|_| waited >= self.watch.limit) {
            self.watch.tell(SlowCall { site, waited, stuck_runtimes: 0 });
        }
    }
}
