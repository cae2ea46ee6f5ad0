//! The thread that finds runtimes which nobody drives.

use std::sync::{LazyLock, Mutex, Weak};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::process::PerProcess;
use crate::runtime::owned;
use crate::runtime::sleep_flag::SleepFlag;
use crate::sync::ignore_poison;

/// The monitor of the process. Its thread is started when it is first needed.
struct Monitor {
    sleep: SleepFlag,
    thread: Mutex<Option<Thread>>,
    monitored: Mutex<Vec<Weak<dyn Monitored>>>,
}

/// What the monitor looks after.
pub(crate) trait Monitored: Send + Sync {
    /// Does what is due. Returns when to come again, or nothing if there is no need.
    fn tick(&self, now: Instant) -> Option<Duration>;

    /// The longest time between two ticks.
    fn interval(&self) -> Duration;
}

/// Has the monitor look after something, as long as it lives.
pub(crate) fn register(monitored: Weak<dyn Monitored>) {
    let monitor = monitor();
    let mut all = ignore_poison(monitor.monitored.lock());
    all.retain(|monitored| monitored.strong_count() > 0);
    all.push(monitored);
    drop(all);
    // It may be waiting for longer than this one allows.
    if let Some(thread) = &*ignore_poison(monitor.thread.lock()) {
        thread.unpark();
    }
}

/// Has the monitor look, after a runtime was left undriven.
#[inline]
pub(crate) fn watch() {
    let monitor = monitor();
    monitor.sleep.wake_with(|| monitor.wake());
}

#[inline]
fn monitor() -> &'static Monitor {
    static MONITOR: LazyLock<PerProcess<Monitor>> =
        LazyLock::new(|| PerProcess::new(Monitor::new()));
    MONITOR.get(|_| Monitor::new())
}

impl Monitor {
    fn new() -> Monitor {
        let (thread, monitored) = (Mutex::default(), Mutex::default());
        Monitor { sleep: SleepFlag::asleep(), thread, monitored }
    }

    #[cold]
    fn wake(&'static self) {
        let mut thread = ignore_poison(self.thread.lock());
        if let Some(thread) = &*thread {
            return thread.unpark();
        }
        let builder = thread::Builder::new().name("smartasync/monitor".into());
        match builder.spawn(|| self.run()) {
            Ok(started) => *thread = Some(started.thread().clone()),
            Err(_) => self.sleep.give_up(),
        }
    }

    fn run(&self) {
        // A runtime that ends while the monitor looks at it must not hold it up.
        owned::end_none_here();
        loop {
            match self.tick() {
                Some(pause) => thread::park_timeout(pause),
                None if self.sleep.rest(|| self.tick().is_some()) => thread::park(),
                None => {}
            }
        }
    }

    /// Looks at all that is monitored. Returns how long to wait for the next time, or nothing if nothing needs one.
    ///
    /// It is never longer than the shortest interval: who leaves a runtime undriven while the monitor is awake
    /// does not wake it.
    fn tick(&self) -> Option<Duration> {
        let now = Instant::now();
        let all = ignore_poison(self.monitored.lock()).clone();
        let all: Vec<_> = all.iter().filter_map(Weak::upgrade).collect();
        let next = all.iter().filter_map(|monitored| monitored.tick(now)).min()?;
        let shortest = all.iter().map(|monitored| monitored.interval()).min()?;
        Some(next.min(shortest))
    }
}
