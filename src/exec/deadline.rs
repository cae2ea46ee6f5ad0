//! The timer that ends waits at their deadlines.

use std::io;
use std::sync::LazyLock;
use std::task::Waker;
use std::time::Instant;

use crate::exec::schedule::{Clock, Key, Schedule};
use crate::process::{PerProcess, Process};
use crate::sync::{Condvar, MutexGuard, ignore_poison};
use crate::threads;

/// Wakes each wait at its deadline, from a thread of its own.
///
/// One of Tokio's timers would need a runtime that has a time driver, whose clock is not paused, and that is
/// driven by a thread which no task keeps busy. None of that is known of the runtime that a call runs on.
pub(crate) struct Timer {
    made_in: Process,
    schedule: Schedule<SystemClock>,
}

impl Timer {
    /// Ends the thread once no wait is left that has a deadline or may set one. The next one starts another.
    pub(crate) fn stop() {
        Timer::of_process().schedule.stop();
    }

    fn of_process() -> &'static Timer {
        static TIMER: LazyLock<PerProcess<Timer>> = LazyLock::new(|| PerProcess::new(Timer::new()));
        TIMER.get(|_| Timer::new())
    }

    fn new() -> Timer {
        let clock = SystemClock { changed: Condvar::new() };
        Timer { made_in: Process::current(), schedule: Schedule::new(clock) }
    }
}

struct SystemClock {
    changed: Condvar,
}

impl Clock for SystemClock {
    type Time = Instant;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep<'a, T>(&self, state: MutexGuard<'a, T>, time: Option<Instant>) -> MutexGuard<'a, T> {
        match time {
            None => ignore_poison(self.changed.wait(state)),
            Some(time) => {
                let left = threads::left_until(time);
                ignore_poison(self.changed.wait_timeout(state, left)).0
            }
        }
    }

    fn wake(&self) {
        self.changed.notify_one();
    }
}

/// A wait's use of the timer, and the time at which it is woken next. The timer's thread runs as long as this exists.
pub(crate) struct Deadline {
    timer: &'static Timer,
    /// `None` is never.
    time: Option<Instant>,
    /// The timer's key, once the timer is set.
    key: Option<Key<Instant>>,
}

impl Deadline {
    /// Returns a deadline that never comes. Starts the timer's thread if it does not run.
    ///
    /// # Errors
    ///
    /// When its thread cannot be started; the next call tries again.
    pub(crate) fn never() -> io::Result<Deadline> {
        let timer = Timer::of_process();
        let start = || threads::spawn("smartasync/timer".into(), || timer.schedule.run()).map(drop);
        timer.schedule.enter(start)?;
        Ok(Deadline { timer, time: None, key: None })
    }

    /// Replaces the time. The timer is not set before it is first asked whether the time has come.
    pub(crate) fn move_to(&mut self, time: Option<Instant>) {
        self.time = time;
        let key = self.key.take();
        // In a forked child, the inherited lock may never be released.
        if let Some(key) = key.filter(|_| self.timer.made_in.is_current()) {
            self.timer.schedule.take_back(key);
        }
    }

    /// Whether the time has come. If not, `waker` is woken when it comes. Only the first waker is kept, since a
    /// call has only one.
    pub(crate) fn is_reached(&mut self, waker: &Waker) -> bool {
        let Some(time) = self.time else { return false };
        let is_reached = self.has_passed();
        if !is_reached && self.key.is_none() {
            self.key = Some(self.timer.schedule.set(time, waker.clone()));
        }
        is_reached
    }

    /// Whether the time has come.
    pub(crate) fn has_passed(&self) -> bool {
        self.time.is_some_and(|time| self.timer.schedule.clock().now() >= time)
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        // As in `move_to`.
        if self.timer.made_in.is_current() {
            self.timer.schedule.leave(self.key);
        }
    }
}
