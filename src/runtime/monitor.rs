//! The thread that finds runtimes which nobody drives, and the flag that says whether it sleeps.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::process::PerProcess;
use crate::registry::WeakRegistry;
use crate::runtime::owned;
use crate::sync::atomic::AtomicBool;
use crate::sync::atomic::Ordering::SeqCst;
use crate::sync::{ignore_poison, loom_fence};
use crate::threads;

/// The monitor of the process. Its thread is started when it is first needed.
pub(crate) struct Monitor {
    sleep: SleepFlag,
    running: Mutex<Running>,
    monitored: Mutex<All>,
}

#[derive(Default)]
struct Running {
    thread: Option<Thread>,
    /// Tells the thread to end when it has nothing to watch.
    is_stopping: bool,
}

struct All {
    registry: WeakRegistry<dyn Monitored>,
    /// The shortest interval when the monitor last looked. It ticks that often.
    shortest: Duration,
}

/// What the monitor watches.
pub(crate) trait Monitored: Send + Sync {
    /// Does what is due. Returns when to tick again, or `None` if that is not necessary.
    fn tick(&self, now: Instant) -> Option<Duration>;

    /// The longest time between two ticks.
    fn interval(&self) -> Duration;

    /// Called if the monitor cannot be started. Makes a later call try again.
    fn not_watched(&self);
}

/// Makes the monitor watch something as long as it lives.
pub(crate) fn register<M: Monitored + 'static>(monitored: &Arc<M>) {
    let monitor = Monitor::of_process();
    let interval = monitored.interval();
    let entry: Arc<dyn Monitored> = Arc::clone(monitored) as _;
    let mut all = ignore_poison(monitor.monitored.lock());
    all.registry.add(Arc::downgrade(&entry));
    let is_often_enough = all.shortest <= interval;
    drop(all);
    // The monitor may be waiting longer than the new interval allows.
    if !is_often_enough {
        ignore_poison(monitor.running.lock()).thread.iter().for_each(Thread::unpark);
    }
}

/// Ends the monitor's thread once it has nothing to watch. The next `watch` starts another.
pub(crate) fn stop() {
    let mut running = ignore_poison(Monitor::of_process().running.lock());
    if let Some(thread) = &running.thread {
        thread.unpark();
        running.is_stopping = true;
    }
}

impl Monitor {
    /// Returns the one of this process: a forked child has its own.
    pub(crate) fn of_process() -> &'static Monitor {
        static MONITOR: LazyLock<PerProcess<Monitor>> =
            LazyLock::new(|| PerProcess::new(Monitor::new()));
        MONITOR.get(|_| Monitor::new())
    }

    /// Has it look, after a runtime was left undriven.
    #[inline]
    pub(crate) fn watch(&'static self) {
        self.sleep.wake_with(|| self.wake());
    }

    fn new() -> Monitor {
        let all = All { registry: WeakRegistry::new(), shortest: Duration::MAX };
        Monitor {
            sleep: SleepFlag::asleep(),
            running: Mutex::default(),
            monitored: Mutex::new(all),
        }
    }

    #[cold]
    fn wake(&'static self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = &running.thread {
            return thread.unpark();
        }
        match threads::spawn("smartasync/monitor".into(), || self.run()) {
            Ok(started) => running.thread = Some(started),
            Err(_) => {
                // Not while `running` is locked: those that are told below may try again.
                drop(running);
                self.sleep.give_up(|| {
                    self.living().iter().for_each(|monitored| monitored.not_watched());
                });
            }
        }
    }

    fn run(&self) {
        // A runtime that ends while the monitor checks it must not hold the monitor up.
        owned::end_none_here();
        loop {
            let mut pause = self.tick();
            if let Some(Pause { until_next, is_urgent: true }) = pause {
                thread::park_timeout(until_next);
                continue;
            }
            // A thread that leaves a runtime undriven from now on wakes the monitor, so it looks once more before
            // it sleeps.
            let may_sleep = self.sleep.rest(|| {
                pause = self.tick();
                pause.as_ref().is_some_and(|pause| pause.is_urgent)
            });
            match pause {
                _ if !may_sleep => {}
                Some(Pause { until_next, .. }) => thread::park_timeout(until_next),
                None if self.ends() => return,
                None => thread::park(),
            }
        }
    }

    /// Whether the thread ends. It is asleep at this time.
    fn ends(&self) -> bool {
        let mut running = ignore_poison(self.running.lock());
        let ends = running.is_stopping && self.sleep.retire(&mut running.thread);
        running.is_stopping &= !ends;
        ends
    }

    /// Ticks everything that is monitored. Returns how long to wait for the next tick, or `None` if nothing needs
    /// one.
    fn tick(&self) -> Option<Pause> {
        let now = Instant::now();
        // While the monitor is awake, threads that leave a runtime undriven do not wake it, so it must tick as
        // often as the shortest interval. If nothing needs it that soon, it sleeps.
        let (all, shortest) = self.living_with_shortest_interval();
        let until_next = all.iter().filter_map(|monitored| monitored.tick(now)).min()?;
        Some(Pause { until_next, is_urgent: until_next <= shortest })
    }

    fn living(&self) -> Vec<Arc<dyn Monitored>> {
        self.living_with_shortest_interval().0
    }

    fn living_with_shortest_interval(&self) -> (Vec<Arc<dyn Monitored>>, Duration) {
        // Under one lock, because what is registered later compares its interval with this one.
        let mut all = ignore_poison(self.monitored.lock());
        let living = all.registry.living();
        all.shortest = living.iter().map(|one| one.interval()).min().unwrap_or(Duration::MAX);
        (living, all.shortest)
    }
}

struct Pause {
    until_next: Duration,
    is_urgent: bool,
}

/// Set while the monitor is awake.
///
/// Two threads must not miss each other. One leaves a runtime undriven and then checks whether the monitor is
/// awake; the monitor falls asleep and then checks for undriven runtimes. Both write before they read, and the
/// four accesses are `SeqCst`, so at least one of them sees the other's write.
#[derive(Debug)]
pub(crate) struct SleepFlag(AtomicBool);

impl SleepFlag {
    pub(crate) fn asleep() -> SleepFlag {
        SleepFlag(AtomicBool::new(false))
    }

    /// Calls `wake` if the monitor sleeps. Called after a runtime was left undriven.
    #[inline]
    pub(crate) fn wake_with(&self, wake: impl FnOnce()) {
        loom_fence!();
        // SeqCst: this read comes after the caller's write. The load comes first, because the monitor is awake
        // most of the time.
        if !self.0.load(SeqCst) && !self.0.swap(true, SeqCst) {
            wake();
        }
    }

    /// The monitor could not be woken, so the next call must try again. Other threads may have left a runtime
    /// undriven in the meantime, and taken the monitor for awake: `tell` must find these runtimes.
    pub(crate) fn give_up(&self, tell: impl FnOnce()) {
        // SeqCst: the write comes before the reads in `tell`, as in `rest`. It is a swap for the sake of the
        // models: in loom a store may be ordered before the swap of another thread that has not seen it.
        self.0.swap(false, SeqCst);
        loom_fence!();
        tell();
    }

    /// Gives up the monitor's thread, which is asleep, unless it was woken since. `thread` is locked, also by
    /// threads that wake the monitor, so one that comes later finds no thread and starts another.
    pub(crate) fn retire<T>(&self, thread: &mut Option<T>) -> bool {
        let is_asleep = self.is_asleep();
        if is_asleep {
            *thread = None;
        }
        is_asleep
    }

    pub(crate) fn is_asleep(&self) -> bool {
        // SeqCst, like the others. The lock orders this after the wake of any thread that has locked it before.
        !self.0.load(SeqCst)
    }

    /// Puts the monitor to sleep, which has found nothing to watch. Returns whether it may sleep: false if it
    /// finds something now.
    pub(crate) fn rest(&self, finds_work: impl FnOnce() -> bool) -> bool {
        // SeqCst: the write comes before the read in `finds_work`.
        self.0.store(false, SeqCst);
        loom_fence!();
        // If the monitor was woken since, the wake-up is on its way, and the flag is already set.
        !finds_work() || self.0.swap(true, SeqCst)
    }
}
