//! The thread that finds runtimes which nobody drives, and the flag that says whether it sleeps.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::process::PerProcess;
use crate::registry::WeakRegistry as Registry;
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
    /// The thread ends when it has nothing to look after.
    is_stopping: bool,
}

struct All {
    registry: Registry<dyn Monitored>,
    /// The shortest interval when the monitor last looked: it comes as often as that.
    shortest: Duration,
}

/// What the monitor looks after.
pub(crate) trait Monitored: Send + Sync {
    /// Does what is due. Returns when to come again, or nothing if there is no need.
    fn tick(&self, now: Instant) -> Option<Duration>;

    /// The longest time between two ticks.
    fn interval(&self) -> Duration;

    /// The monitor cannot be started: sees to it that a later call tries again.
    fn not_watched(&self);
}

/// Has the monitor look after something, as long as it lives.
pub(crate) fn register<M: Monitored + 'static>(monitored: &Arc<M>) {
    let monitor = Monitor::of_process();
    let interval = monitored.interval();
    let entry: Arc<dyn Monitored> = Arc::clone(monitored) as _;
    let mut all = ignore_poison(monitor.monitored.lock());
    all.registry.add(Arc::downgrade(&entry));
    let is_often_enough = all.shortest <= interval;
    drop(all);
    // It may be waiting for longer than this one allows.
    if !is_often_enough && let Some(thread) = &ignore_poison(monitor.running.lock()).thread {
        thread.unpark();
    }
}

/// Ends the monitor's thread once it has nothing to look after. Whoever needs it again starts another.
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
        let all = All { registry: Registry::new(), shortest: Duration::MAX };
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
                // Those of the others who are told below may try again.
                drop(running);
                self.sleep.give_up(|| {
                    self.living().iter().for_each(|monitored| monitored.not_watched());
                });
            }
        }
    }

    fn run(&self) {
        // A runtime that ends while the monitor looks at it must not hold it up.
        owned::end_none_here();
        loop {
            let mut pause = self.tick();
            if let Some(Pause { until_next, is_urgent: true }) = pause {
                thread::park_timeout(until_next);
                continue;
            }
            // Whoever leaves a runtime undriven from now on wakes it, so it looks once more before it sleeps.
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

    /// Whether the thread ends, which sleeps now.
    fn ends(&self) -> bool {
        let mut running = ignore_poison(self.running.lock());
        let ends = running.is_stopping && self.sleep.retire(&mut running.thread);
        running.is_stopping &= !ends;
        ends
    }

    /// Looks at all that is monitored. Returns how long to wait for the next time, or nothing if nothing needs one.
    fn tick(&self) -> Option<Pause> {
        let now = Instant::now();
        // While the monitor is awake, nobody wakes it who leaves a runtime undriven: it must look as often as any of
        // these may want. Where nothing needs it that soon, it sleeps.
        let (all, shortest) = self.living_with_shortest_interval();
        let until_next = all.iter().filter_map(|monitored| monitored.tick(now)).min()?;
        Some(Pause { until_next, is_urgent: until_next <= shortest })
    }

    fn living(&self) -> Vec<Arc<dyn Monitored>> {
        self.living_with_shortest_interval().0
    }

    fn living_with_shortest_interval(&self) -> (Vec<Arc<dyn Monitored>>, Duration) {
        // One lock for both: what is registered later compares its interval with this.
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
/// Two threads must not miss each other: one leaves a runtime undriven and then looks whether the monitor is
/// awake, the monitor falls asleep and then looks for runtimes that are undriven. Both write before they read,
/// so the four accesses are `SeqCst`: at least one of them sees the other.
#[derive(Debug)]
pub(crate) struct SleepFlag(AtomicBool);

impl SleepFlag {
    pub(crate) fn asleep() -> SleepFlag {
        SleepFlag(AtomicBool::new(false))
    }

    /// Calls `wake` if the monitor sleeps: after a runtime was left undriven.
    #[inline]
    pub(crate) fn wake_with(&self, wake: impl FnOnce()) {
        loom_fence!();
        // SeqCst: the read after the caller's write. The load first: the monitor is awake more often than not.
        if !self.0.load(SeqCst) && !self.0.swap(true, SeqCst) {
            wake();
        }
    }

    /// The monitor could not be woken: whoever calls next tries again. Others may have left a runtime undriven
    /// meanwhile, and have taken the monitor for awake: `tell` is to find these.
    pub(crate) fn give_up(&self, tell: impl FnOnce()) {
        // SeqCst: the write before the reads in `tell`, as in `rest`. A swap, for the models: to loom a store may come
        // before a swap of another thread that has not seen it.
        self.0.swap(false, SeqCst);
        loom_fence!();
        tell();
    }

    /// Gives up the monitor's thread, which is asleep, unless somebody has woken it since. `thread` is locked, by those
    /// who wake it too: whoever comes later finds no thread, and starts another.
    pub(crate) fn retire<T>(&self, thread: &mut Option<T>) -> bool {
        let is_asleep = self.is_asleep();
        if is_asleep {
            *thread = None;
        }
        is_asleep
    }

    pub(crate) fn is_asleep(&self) -> bool {
        // SeqCst, like the others. The lock orders it with whoever has woken the monitor.
        !self.0.load(SeqCst)
    }

    /// The monitor has found nothing to watch. Returns whether it may sleep: it still finds nothing.
    pub(crate) fn rest(&self, finds_work: impl FnOnce() -> bool) -> bool {
        // SeqCst: the write before the read in `finds_work`.
        self.0.store(false, SeqCst);
        loom_fence!();
        // If somebody has called since, the wake-up is on its way, and the monitor is up already.
        !finds_work() || self.0.swap(true, SeqCst)
    }
}
