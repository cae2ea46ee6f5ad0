//! The thread that finds runtimes which nobody drives.

use std::sync::{Arc, LazyLock, Mutex};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::process::PerProcess;
use crate::runtime::owned;
use crate::runtime::registry::Registry;
use crate::runtime::sleep_flag::SleepFlag;
use crate::sync::ignore_poison;
use crate::threads;

/// The monitor of the process. Its thread is started when it is first needed.
struct Monitor {
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
    let monitor = monitor();
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

/// Has the monitor look, after a runtime was left undriven.
#[inline]
pub(crate) fn watch() {
    let monitor = monitor();
    monitor.sleep.wake_with(|| monitor.wake());
}

/// Ends the monitor's thread once it has nothing to look after. Whoever needs it again starts another.
pub(crate) fn stop() {
    let mut running = ignore_poison(monitor().running.lock());
    if let Some(thread) = &running.thread {
        thread.unpark();
        running.is_stopping = true;
    }
}

#[inline]
fn monitor() -> &'static Monitor {
    static MONITOR: LazyLock<PerProcess<Monitor>> =
        LazyLock::new(|| PerProcess::new(Monitor::new()));
    MONITOR.get(|_| Monitor::new())
}

impl Monitor {
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
        let mut running = ignore_poison(self.running.lock());
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
