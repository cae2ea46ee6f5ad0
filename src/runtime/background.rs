//! One background runtime for all calls of a bridge.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Id};

use crate::error::Cause;
use crate::runtime::limit::Permit;
use crate::runtime::monitor::{self, Monitor, Monitored};
use crate::runtime::owned::OwnedRuntime;
use crate::runtime::probe::Probe;
use crate::runtime::state::Generation;
use crate::runtime::tracker::CallTracker;
use crate::sync::{self, ignore_poison};

/// How often the runtime is asked whether it still answers, while a call waits on it.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
/// How long a runtime may leave a task alone, with all of its workers parked, before it is lost without a proof.
const PATIENCE: Duration = Duration::from_secs(60);

thread_local! {
    /// Whether the thread, a worker, is in Tokio's park. A worker that a panic has taken out of there stays marked, and
    /// goes on as a thread for blocking jobs.
    static IS_PARKED: Cell<bool> = const { Cell::new(false) };
}

/// A number of workers.
pub(crate) type Threads = usize;

/// A multi-thread runtime, started at the first call. Each call holds it: a shutdown takes it from nobody.
pub(crate) struct Background {
    pub(crate) name: String,
    pub(crate) threads: Threads,
    pub(crate) tracker: sync::Arc<CallTracker>,
    /// The resets of the bridge.
    pub(crate) generation: Generation,
    state: Mutex<State>,
    /// Held while a runtime is started.
    starting: Mutex<()>,
    /// Done at the first start.
    is_monitored: Once,
}

#[derive(Debug)]
enum State {
    Unstarted,
    Started(Arc<BackgroundRuntime>),
    ShutDown,
}

impl Background {
    /// The runtime of a bridge called `name`.
    pub(crate) fn new(name: &str, threads: Threads) -> Arc<Background> {
        Arc::new(Background {
            name: name.to_owned(),
            threads,
            tracker: sync::Arc::new(CallTracker::new()),
            generation: Generation::default(),
            state: Mutex::new(State::Unstarted),
            starting: Mutex::default(),
            is_monitored: Once::new(),
        })
    }

    /// The runtime; it is started now if it was not, or if it is lost.
    ///
    /// # Errors
    ///
    /// When it cannot be started, in which case the next call tries again, or is shut down.
    pub(crate) fn runtime(self: &Arc<Self>) -> Result<Arc<BackgroundRuntime>, Cause> {
        if let Some(result) = self.started() {
            return result;
        }
        // Not the lock of the state: a shutdown and the monitor need not wait for the threads.
        let _one_at_a_time = ignore_poison(self.starting.lock());
        if let Some(result) = self.started() {
            return result;
        }
        self.is_monitored.call_once(|| monitor::register(self));
        let runtime = Arc::new(BackgroundRuntime::start(&self.name, self.threads)?);
        let mut state = self.state();
        if matches!(*state, State::ShutDown) {
            return Err(Cause::Shutdown);
        }
        let before = std::mem::replace(&mut *state, State::Started(Arc::clone(&runtime)));
        drop(state);
        // Dropped unlocked: the destructors of tasks may come back here.
        drop(before);
        Ok(runtime)
    }

    /// Returns the runtime or the error, or `None` if a runtime must be started.
    fn started(&self) -> Option<Result<Arc<BackgroundRuntime>, Cause>> {
        match &*self.state() {
            State::Started(runtime) if !runtime.is_lost() => Some(Ok(Arc::clone(runtime))),
            State::ShutDown => Some(Err(Cause::Shutdown)),
            State::Started(_) | State::Unstarted => None,
        }
    }

    /// The runtime's id, if it has been started.
    pub(crate) fn id(&self) -> Option<Id> {
        self.started_handle().map(|handle| handle.id())
    }

    /// The runtime's handle, if it has been started.
    pub(crate) fn started_handle(&self) -> Option<Handle> {
        match &*self.state() {
            State::Started(runtime) => Some(runtime.handle().clone()),
            State::Unstarted | State::ShutDown => None,
        }
    }

    /// The handle of a runtime that is never shut down.
    ///
    /// # Errors
    ///
    /// When it cannot be started; the next call tries again.
    pub(crate) fn handle(self: &Arc<Self>) -> io::Result<&'static Handle> {
        match self.runtime() {
            Ok(runtime) => Ok(runtime.static_handle()),
            Err(Cause::Runtime(error)) => Err(error),
            Err(_) => Err(io::Error::other("it has been shut down")),
        }
    }

    /// Gives up the runtime, which ends with the last call that holds it. The next call starts another one, unless
    /// `is_final`.
    pub(crate) fn give_up(&self, is_final: bool) -> Option<Arc<BackgroundRuntime>> {
        let mut state = self.state();
        let next = match *state {
            State::ShutDown => return None,
            _ if is_final => State::ShutDown,
            _ => State::Unstarted,
        };
        match std::mem::replace(&mut *state, next) {
            State::Started(runtime) => Some(runtime),
            State::Unstarted | State::ShutDown => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        ignore_poison(self.state.lock())
    }
}

impl Monitored for Background {
    /// Finds out whether the runtime is lost.
    ///
    /// Tokio catches the panics of tasks, but a waker that panics in the driver ends the worker that called it,
    /// and nobody is told. So while a call waits, the runtime is given a task now and then. If all workers are
    /// parked and nobody runs it, they may be lost, or in a waker that takes long, or without a CPU. So blocking jobs
    /// look for threads that have left their worker while it was parked.
    fn tick(&self, now: Instant) -> Option<Duration> {
        let State::Started(runtime) = &*self.state() else { return None };
        let mut probe = ignore_poison(runtime.probe.lock());
        if runtime.is_lost() || !runtime.stays_watched(|| self.tracker.has_parked()) {
            *probe = None;
            return None;
        }
        match &*probe {
            Some(probe) if !probe.is_answered() => {
                let silent = now - probe.since;
                if silent >= PROBE_INTERVAL && runtime.is_parked() {
                    if runtime.has_lost_worker() || silent >= PATIENCE {
                        runtime.lose();
                        self.tracker.wake_all();
                        return None;
                    }
                    runtime.look_for_lost_workers();
                }
            }
            _ => *probe = Some(Probe::send(runtime.handle(), now)),
        }
        Some(PROBE_INTERVAL)
    }

    fn interval(&self) -> Duration {
        PROBE_INTERVAL
    }

    /// Nothing to do: each call that parks asks for the monitor.
    fn not_watched(&self) {}
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A multi-thread runtime that may lose its workers.
#[derive(Debug)]
pub(crate) struct BackgroundRuntime {
    pub(crate) runtime: OwnedRuntime,
    static_handle: OnceLock<&'static Handle>,
    threads: usize,
    /// The workers, and the threads for blocking jobs.
    all_threads: Arc<AtomicUsize>,
    parked: Arc<AtomicUsize>,
    /// Whether a worker is known to be lost.
    has_lost_worker: Arc<AtomicBool>,
    /// Whether the monitor comes back: a call that parks need not wake it.
    is_watched: AtomicBool,
    is_lost: AtomicBool,
    /// The last task that the monitor has sent.
    probe: Mutex<Option<Probe>>,
    _permit: Permit,
}

impl BackgroundRuntime {
    fn start(name: &str, threads: usize) -> io::Result<BackgroundRuntime> {
        check_threads(threads)?;
        let parked = Arc::new(AtomicUsize::new(0));
        let (parks, unparks) = (Arc::clone(&parked), Arc::clone(&parked));
        let (all_threads, has_lost_worker) = (Arc::default(), Arc::default());
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(threads)
            .thread_name(format!("{name}/shared"))
            // Relaxed: a stale count is read again later.
            .on_thread_park(move || {
                IS_PARKED.set(true);
                parks.fetch_add(1, Ordering::Relaxed);
            })
            .on_thread_unpark(move || {
                IS_PARKED.set(false);
                unparks.fetch_sub(1, Ordering::Relaxed);
            })
            .enable_all();
        Ok(BackgroundRuntime {
            runtime: OwnedRuntime::build(
                &mut builder,
                &all_threads,
                find_lost_worker(&has_lost_worker),
            )?,
            all_threads,
            static_handle: OnceLock::new(),
            threads,
            parked,
            has_lost_worker,
            is_watched: AtomicBool::new(false),
            is_lost: AtomicBool::new(false),
            probe: Mutex::default(),
            _permit: Permit::in_any_case(),
        })
    }

    #[inline]
    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Has the monitor watch the runtime, after a call has said that it parks.
    pub(crate) fn watch(&self) {
        // SeqCst, as in `SleepFlag`: the read after the caller's write.
        if !self.is_watched.load(Ordering::SeqCst) {
            Monitor::of_process().watch();
        }
    }

    /// Whether the monitor is to come back: a call is parked.
    fn stays_watched(&self, has_parked: impl Fn() -> bool) -> bool {
        // SeqCst: the write before the read. A call that parks meanwhile is seen, or sees that nobody watches.
        self.is_watched.store(false, Ordering::SeqCst);
        let has_parked = has_parked();
        self.is_watched.store(has_parked, Ordering::SeqCst);
        has_parked
    }

    /// A copy of the handle that lives as long as the process.
    fn static_handle(&self) -> &'static Handle {
        self.static_handle.get_or_init(|| Box::leak(Box::new(self.handle().clone())))
    }

    /// Whether Tokio has threads for blocking jobs, idle ones included.
    pub(crate) fn has_blocking_threads(&self) -> bool {
        // Relaxed: see `OwnedRuntime::build`. After its end there are no workers.
        let workers = if self.runtime.has_ended() { 0 } else { self.threads };
        self.all_threads.load(Ordering::Relaxed) > workers
    }

    /// Whether nobody drives the runtime any more.
    #[inline]
    pub(crate) fn is_lost(&self) -> bool {
        // Acquire pairs with `lose`.
        self.is_lost.load(Ordering::Acquire)
    }

    #[inline]
    pub(crate) fn lost_flag(&self) -> &AtomicBool {
        &self.is_lost
    }

    fn lose(&self) {
        // Before those who are parked are woken: they look for it. Release pairs with `is_lost`.
        self.is_lost.store(true, Ordering::Release);
    }

    /// Has threads for blocking jobs say whether they were workers. A lost worker is one of those that wait for a job.
    fn look_for_lost_workers(&self) {
        for _ in 0..self.threads {
            self.handle().spawn_blocking(find_lost_worker(&self.has_lost_worker));
        }
    }

    /// One is enough: Tokio goes on to wake it for tasks, which nobody then runs.
    fn has_lost_worker(&self) -> bool {
        // Relaxed: a flag that is seen late is seen by the next look.
        self.has_lost_worker.load(Ordering::Relaxed)
    }

    /// Whether all workers are parked, the lost ones included: these never leave the park that they were lost in.
    fn is_parked(&self) -> bool {
        // Relaxed, as where it is counted: a stale count is read again later.
        self.parked.load(Ordering::Relaxed) >= self.threads
    }
}

/// Returns what says so if the calling thread was a worker that is lost: outside of its park, and marked. It is called
/// in a blocking job, and at the end of the thread.
fn find_lost_worker(found: &Arc<AtomicBool>) -> impl Fn() + Send + Sync + use<> {
    let found = Arc::clone(found);
    move || {
        if IS_PARKED.get() {
            found.store(true, Ordering::Relaxed);
        }
    }
}

/// Checks that `threads` threads, and one to spare, can be alive at once.
///
/// Tokio panics if it cannot start a worker, and the end of those that it has started then waits forever. Other
/// threads may still be started between this check and Tokio's start, so it only makes that unlikely.
///
/// # Errors
///
/// Why they cannot.
fn check_threads(threads: usize) -> io::Result<()> {
    // Held until all have been started, or one could not.
    let lock = Arc::new(Mutex::new(()));
    let locked = ignore_poison(lock.lock());
    let mut started = Vec::new();
    let result = (0..=threads).try_for_each(|_| {
        let lock = Arc::clone(&lock);
        let wait = move || drop(ignore_poison(lock.lock()));
        thread::Builder::new().spawn(wait).map(|thread| started.push(thread))
    });
    drop(locked);
    // They end before Tokio starts its own, which need their resources.
    started.into_iter().for_each(|thread| drop(thread.join()));
    result
}
