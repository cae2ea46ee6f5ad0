//! The runtimes of a bridge: built, lent to threads, pooled, driven.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, Once, Weak};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(not(feature = "rt-multi-thread"))]
use tokio::runtime::Handle;

use crate::error::Cause;
use crate::runtime::LocalRuntime;
use crate::runtime::limit::Permit;
use crate::runtime::monitor::{self, Monitored};
use crate::runtime::options::RuntimeOptions;
use crate::runtime::pool::Pool;
use crate::runtime::share::Shared;
use crate::runtime::state::{Generation, Next, State, TICKS};
use crate::runtime::tracker::CallTracker;
use crate::sync::{self, StdAtomicU64, ignore_poison};
use crate::threads;

/// How often the drivers are asked again, each time for a hundredth of a second, if no further runtime can be
/// built.
const PATIENCE: u32 = 100;

/// All runtimes of a bridge.
#[derive(Debug)]
pub(crate) struct Runtimes {
    pub(crate) options: RuntimeOptions,
    pub(crate) tracker: sync::Arc<CallTracker>,
    /// The number of resets of the bridge.
    pub(crate) generation: Generation,
    pool: Pool<Arc<LocalRuntime>>,
    /// Every runtime that has not been closed.
    known: Mutex<Vec<Known>>,
    /// When the next tick is due. The monitor may be woken earlier.
    next_tick: Mutex<Instant>,
    driver_threads: StdAtomicU64,
    /// The threads that Tokio has for blocking jobs.
    threads: Arc<AtomicUsize>,
    /// Done at the first runtime.
    is_monitored: Once,
    /// The runtime of tasks that belong to no thread.
    for_tasks: Mutex<Option<Arc<LocalRuntime>>>,
    /// What is given back while the bridge is being drained.
    kept: Mutex<Option<Vec<Arc<LocalRuntime>>>>,
}

impl Runtimes {
    pub(crate) fn new(options: RuntimeOptions) -> Arc<Runtimes> {
        Arc::new(Runtimes {
            options,
            pool: Pool::new(),
            known: Mutex::default(),
            next_tick: Mutex::new(Instant::now()),
            driver_threads: StdAtomicU64::new(0),
            tracker: sync::Arc::new(CallTracker::new()),
            generation: Generation::default(),
            threads: Arc::default(),
            is_monitored: Once::new(),
            for_tasks: Mutex::default(),
            kept: Mutex::default(),
        })
    }

    /// Returns a runtime for the calling thread: from the pool, otherwise a new one, otherwise one that other
    /// threads use.
    pub(crate) fn acquire(self: &Arc<Self>) -> io::Result<Arc<LocalRuntime>> {
        match self.pool.take_fresh(&self.generation) {
            Some(runtime) => Ok(runtime),
            None => self.build_or_share(),
        }
    }

    /// Returns the runtime of tasks that belong to no thread: a driver thread runs it until the bridge is reset or ends.
    ///
    /// # Errors
    ///
    /// When it cannot be built, or the bridge has been shut down.
    pub(crate) fn task_runtime(self: &Arc<Self>) -> Result<Arc<LocalRuntime>, Cause> {
        if self.tracker.is_closed() {
            return Err(Cause::Shutdown);
        }
        let mut for_tasks = ignore_poison(self.for_tasks.lock());
        let is_current = |runtime: &&Arc<LocalRuntime>| runtime.state.is_of(&self.generation);
        if let Some(runtime) = for_tasks.as_ref().filter(is_current) {
            return Ok(Arc::clone(runtime));
        }
        let runtime = self.acquire()?;
        self.start_driver(&runtime);
        let lost = for_tasks.replace(Arc::clone(&runtime));
        drop(for_tasks);
        lost.iter().for_each(|lost| self.give_back(lost, false));
        Ok(runtime)
    }

    /// Returns the handle of a runtime that is never shut down, for what belongs to no thread.
    ///
    /// # Errors
    ///
    /// When it cannot be built.
    #[cfg(not(feature = "rt-multi-thread"))]
    pub(crate) fn static_task_handle(self: &Arc<Self>) -> io::Result<&'static Handle> {
        match self.task_runtime() {
            Ok(runtime) => Ok(runtime
                .static_handle
                .get_or_init(|| Box::leak(Box::new(runtime.handle().clone())))),
            Err(Cause::Runtime(error)) => Err(error),
            Err(_) => Err(io::Error::other("it has been shut down")),
        }
    }

    /// Gives up the runtime of tasks that belong to no thread.
    pub(crate) fn give_up_task_runtime(&self) {
        let runtime = ignore_poison(self.for_tasks.lock()).take();
        runtime.iter().for_each(|runtime| self.give_back(runtime, false));
    }

    /// Takes back a runtime that a thread no longer needs. After the last thread the runtime ends or, if it
    /// `stays`, goes to the pool.
    pub(crate) fn give_back(&self, runtime: &Arc<LocalRuntime>, stays: bool) {
        // On such a bridge nobody drives a runtime that is in the pool.
        let stays = stays && self.options.driver_threads;
        if let Some(kept) = &mut *ignore_poison(self.kept.lock()) {
            // From now on the drain owns it.
            return kept.push(Arc::clone(runtime));
        }
        self.pool.give_back(runtime, stays, &self.generation, || self.request_driver(runtime));
    }

    /// Beyond the limit, there may be no runtime to share for a moment: a runtime that its last owner has left is
    /// on its way to the pool or to its end, or a new owner has taken it and is not counted yet. None of these
    /// steps waits for anything, so this waits for them.
    fn build_or_share(self: &Arc<Self>) -> io::Result<Arc<LocalRuntime>> {
        for round in 0.. {
            let mut failure = match self.build_below_limit() {
                // Not under the lock, which the monitor takes.
                Some(Ok(runtime)) => return Ok(watched(runtime)),
                Some(Err(error)) if !self.options.driver_threads => return Err(error),
                built => built.and_then(Result::err),
            };
            let is_last = match self.share() {
                Shared::Runtime(runtime) => return Ok(runtime),
                Shared::AllStuck => {
                    if failure.is_none() {
                        match self.build(&mut self.known(), Permit::in_any_case()) {
                            Ok(runtime) => return Ok(watched(runtime)),
                            Err(error) => failure = Some(error),
                        }
                    }
                    round >= PATIENCE
                }
                Shared::Nobody => self.current(&self.known()) == 0,
            };
            // Out of descriptors or memory. An existing runtime is better than an error, and a driver that is late
            // may only be busy.
            if let Some(error) = failure.filter(|_| is_last) {
                return Err(error);
            }
            pause(round);
        }
        unreachable!("the rounds have no end")
    }

    fn build_below_limit(self: &Arc<Self>) -> Option<io::Result<Arc<LocalRuntime>>> {
        // Held while building, so that two threads do not both take the last place.
        let mut known = self.known();
        known.retain(|known| !known.state.is_closed());
        let permit = match self.options.driver_threads {
            true => Permit::take(self.current(&known), self.options.max_runtimes)?,
            false => Permit::in_any_case(),
        };
        Some(self.build(&mut known, permit))
    }

    /// The number of runtimes on which calls may be made.
    fn current(&self, known: &[Known]) -> usize {
        known.iter().filter(|known| known.state.is_of(&self.generation)).count()
    }

    fn build(
        self: &Arc<Self>,
        known: &mut Vec<Known>,
        permit: Permit,
    ) -> io::Result<Arc<LocalRuntime>> {
        if self.options.driver_threads {
            self.is_monitored.call_once(|| monitor::register(self));
        }
        let runtime = LocalRuntime::build(&self.options, &self.generation, permit, &self.threads)?;
        let runtime = Arc::new(runtime);
        known.push(Known { state: Arc::clone(&runtime.state), runtime: Arc::downgrade(&runtime) });
        Ok(runtime)
    }

    /// No later call uses the runtimes that there are.
    pub(crate) fn reset(&self) {
        // First, so that no thread takes an old runtime from the pool for a new one.
        self.generation.reset();
        self.give_up_task_runtime();
        self.drain_pool();
    }

    /// Makes the caller the owner of all runtimes in the pool.
    pub(crate) fn take_unused(&self) -> impl Iterator<Item = Arc<LocalRuntime>> {
        std::iter::from_fn(|| self.pool.take(&self.generation))
    }

    /// Keeps the runtimes in the pool, and those that are given back from now on, until `take_kept`.
    pub(crate) fn keep(&self) {
        let mut kept = ignore_poison(self.kept.lock());
        let kept = kept.get_or_insert_default();
        kept.extend(self.take_unused());
    }

    /// Returns what was kept.
    pub(crate) fn take_kept(&self) -> Vec<Arc<LocalRuntime>> {
        ignore_poison(self.kept.lock()).take().unwrap_or_default()
    }

    /// Returns the runtimes from before the last reset that are not closed.
    pub(crate) fn old(&self) -> Vec<Arc<LocalRuntime>> {
        let mut old = self.open();
        old.retain(|runtime| !runtime.state.is_of(&self.generation));
        old
    }

    /// Returns all runtimes that are not closed.
    pub(crate) fn open(&self) -> Vec<Arc<LocalRuntime>> {
        let known = self.known().clone();
        let open = known.iter().filter(|known| !known.state.is_closed());
        open.filter_map(|known| known.runtime.upgrade()).collect()
    }

    /// Gives a runtime a driver thread, if it has none and may have one.
    pub(crate) fn request_driver(&self, runtime: &Arc<LocalRuntime>) {
        if self.options.driver_threads {
            self.start_driver(runtime);
        }
    }

    fn start_driver(&self, runtime: &Arc<LocalRuntime>) {
        self.follow(runtime, runtime.state.request_driver());
    }

    /// Does what is to be done after a change of a runtime's state.
    pub(crate) fn follow(&self, runtime: &Arc<LocalRuntime>, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Watch => runtime.watch(),
            Next::Start => self.start_driver_thread(runtime),
        }
    }

    #[cold]
    fn start_driver_thread(&self, runtime: &Arc<LocalRuntime>) {
        if runtime.state.start_thread() {
            return;
        }
        let name = format!("{}/driver", self.options.name);
        let (driven, tracker) = (Arc::clone(runtime), sync::Arc::clone(&self.tracker));
        let drive = move || {
            if !driven.drive_until_closed() {
                tracker.wake_all();
            }
        };
        if threads::spawn(name, drive).is_ok() {
            // Relaxed, like the other counts: no other memory is read because of it.
            self.driver_threads.fetch_add(1, Relaxed);
        } else {
            self.follow(runtime, runtime.state.not_spawned());
        }
    }

    /// The number of runtimes that have been built and not closed.
    pub(crate) fn alive(&self) -> usize {
        // Counted here, in the same way as for the limit. A separate counter would lag behind.
        self.known().iter().filter(|known| !known.state.is_closed()).count()
    }

    /// Whether Tokio has threads for blocking jobs, idle ones included.
    pub(crate) fn has_blocking_threads(&self) -> bool {
        // Relaxed: see `OwnedRuntime::build`.
        self.threads.load(Relaxed) > 0
    }

    /// How many driver threads have been started.
    pub(crate) fn driver_threads(&self) -> u64 {
        // Relaxed: see `start_driver_thread`.
        self.driver_threads.load(Relaxed)
    }

    /// Closes what waits in the pool.
    pub(crate) fn drain_pool(&self) {
        self.pool.drain();
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        ignore_poison(self.known.lock())
    }
}

impl Monitored for Runtimes {
    fn tick(&self, now: Instant) -> Option<Duration> {
        let known = self.known().clone();
        let mut next_tick = ignore_poison(self.next_tick.lock());
        let mut is_watched = false;
        // The monitor may have been woken before the next tick is due.
        if now >= *next_tick {
            *next_tick = now + self.interval();
            for known in &known {
                match known.state.tick() {
                    Next::Nothing => {}
                    // The owner may have just begun to drive, which is not found below.
                    Next::Watch => is_watched = true,
                    Next::Start => {
                        if let Some(runtime) = known.runtime.upgrade() {
                            self.start_driver_thread(&runtime);
                        }
                    }
                }
            }
        }
        is_watched |= known.iter().any(|known| known.state.is_watched());
        is_watched.then(|| *next_tick - now)
    }

    fn interval(&self) -> Duration {
        self.options.idle_timeout / TICKS.into()
    }

    fn not_watched(&self) {
        self.known().iter().for_each(|known| known.state.not_watched());
    }
}

impl Drop for Runtimes {
    fn drop(&mut self) {
        // A forked child leaves alone what it has inherited.
        if !self.tracker.is_inherited() {
            self.give_up_task_runtime();
            self.drain_pool();
        }
    }
}

fn watched(runtime: Arc<LocalRuntime>) -> Arc<LocalRuntime> {
    runtime.watch();
    runtime
}

/// Lets other threads run, for longer in later rounds.
#[cold]
fn pause(round: u32) {
    /// More than are needed if all threads are running.
    const YIELDS: u32 = 16;
    if round < YIELDS {
        thread::yield_now();
    } else {
        thread::sleep(Duration::from_micros(100));
    }
}

/// A weak reference to a runtime: a strong one could be the last, and dropping it would run the destructors of
/// tasks.
#[derive(Clone, Debug)]
struct Known {
    state: Arc<State>,
    runtime: Weak<LocalRuntime>,
}
