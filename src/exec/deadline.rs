//! The timer that ends waits at their deadlines.

use std::collections::BTreeMap;
use std::io;
use std::sync::LazyLock;
use std::task::Waker;
use std::time::Instant;

use crate::process::{PerProcess, Process};
use crate::sync::{Condvar, Mutex, MutexGuard, ignore_poison};
use crate::threads;

/// Wakes each wait at its deadline, from a thread of its own.
///
/// One of Tokio's timers would need a runtime that has a time driver, whose clock is not paused, and that is
/// driven by a thread which no task keeps busy. None of that is known of the runtime that a call runs on.
pub(crate) struct Timer {
    made_in: Process,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    deadlines: BTreeMap<Key, Waker>,
    next_number: u64,
    has_thread: bool,
    /// The thread ends when no deadline is left.
    is_stopping: bool,
    /// When the thread wakes next, even if that deadline has been cancelled. So a caller that waits again and
    /// again with the same limit wakes this thread once in each limit, and not at each wait.
    looks_at: Option<Instant>,
}

/// The time, and a number that distinguishes deadlines at the same time.
type Key = (Instant, u64);

impl Timer {
    /// Returns the timer of this process. Starts its thread if it does not run.
    ///
    /// # Errors
    ///
    /// When its thread cannot be started; the next call tries again.
    pub(crate) fn running() -> io::Result<&'static Timer> {
        let timer = Timer::of_process();
        let mut state = timer.state();
        if !state.has_thread {
            threads::spawn("smartasync/timer".into(), || timer.run())?;
            state.has_thread = true;
        }
        Ok(timer)
    }

    /// Returns a deadline. The timer is not set before the deadline is first asked for.
    pub(crate) fn deadline(&'static self, time: Instant) -> Deadline {
        Deadline { timer: self, time, key: None }
    }

    /// Ends the thread once no deadline is left. The next call with a deadline starts another.
    pub(crate) fn stop() {
        let timer = Timer::of_process();
        let mut state = timer.state();
        state.is_stopping = state.has_thread;
        timer.changed.notify_one();
    }

    fn of_process() -> &'static Timer {
        static TIMER: LazyLock<PerProcess<Timer>> = LazyLock::new(|| PerProcess::new(Timer::new()));
        TIMER.get(|_| Timer::new())
    }

    fn new() -> Timer {
        Timer { made_in: Process::current(), state: Mutex::default(), changed: Condvar::new() }
    }

    fn run(&self) {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let later = state.deadlines.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut state.deadlines, later);
            if !due.is_empty() {
                drop(state);
                due.into_values().for_each(Waker::wake);
                state = self.state();
                continue;
            }
            if state.is_stopping && state.deadlines.is_empty() {
                (state.has_thread, state.is_stopping) = (false, false);
                return;
            }
            state.looks_at = state.deadlines.first_key_value().map(|(key, _)| key.0);
            state = match state.looks_at {
                None => ignore_poison(self.changed.wait(state)),
                Some(time) => ignore_poison(self.changed.wait_timeout(state, time - now)).0,
            };
        }
    }

    fn set(&self, time: Instant, waker: Waker) -> Key {
        let mut state = self.state();
        state.next_number += 1;
        let key = (time, state.next_number);
        state.deadlines.insert(key, waker);
        if state.looks_at.is_none_or(|looks_at| time < looks_at) {
            self.changed.notify_one();
        }
        key
    }

    fn take_back(&self, key: Key) {
        // In a forked child, the inherited lock may never be released.
        if self.made_in.is_current() {
            drop(self.state().deadlines.remove(&key));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        ignore_poison(self.state.lock())
    }
}

/// The time at which a call is woken at the latest.
pub(crate) struct Deadline {
    timer: &'static Timer,
    time: Instant,
    /// The timer's key, once the timer is set.
    key: Option<Key>,
}

impl Deadline {
    /// Whether the time has come. If not, `waker` is woken when it comes. Only the first waker is kept, since a
    /// call has only one.
    pub(crate) fn is_reached(&mut self, waker: &Waker) -> bool {
        let is_reached = self.has_passed();
        if !is_reached && self.key.is_none() {
            self.key = Some(self.timer.set(self.time, waker.clone()));
        }
        is_reached
    }

    /// Whether the time has come.
    pub(crate) fn has_passed(&self) -> bool {
        Instant::now() >= self.time
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.timer.take_back(key);
        }
    }
}
