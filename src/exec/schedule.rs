//! The deadlines of waits, and the thread that wakes these.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::task::Waker;

use crate::sync::{Mutex, MutexGuard, ignore_poison};

/// The clock that a schedule goes by, and the sleep of its thread.
pub(crate) trait Clock {
    type Time: Copy + Ord;

    fn now(&self) -> Self::Time;

    /// Unlocks `state` and sleeps until `time`, if there is one, or until `wake`. Locks it again. May return early.
    fn sleep<'a, T>(&self, state: MutexGuard<'a, T>, time: Option<Self::Time>)
    -> MutexGuard<'a, T>;

    /// Ends the sleep. If nobody sleeps, it does nothing.
    fn wake(&self);
}

/// The deadlines of all waits, and its thread:
///
/// | thread \ by | a wait enters | a deadline is set | the first one comes | the last wait leaves | stop |
/// |---|---|---|---|---|---|
/// | none | started | | | | |
/// | awake | | looked at before it sleeps | woken before it sleeps | noticed before it sleeps | the same |
/// | asleep until t | | woken, if earlier than t | woken | | woken |
/// | asleep without end | | woken | | | woken |
/// | asleep, to stop | | as above | woken | woken, and ends | |
///
/// The thread ends after a stop, once no wait is left. A wait counts from when it enters until it leaves, and not only
/// while it has a deadline: it sets that late, or one after the other. All changes are made under the lock, and the
/// thread gives that up only as it falls asleep, as it ends, and while it wakes those whose deadlines have come. Then
/// it looks again. A wait may leave meanwhile, so its waker is woken for nothing.
#[derive(Debug)]
pub(crate) struct Schedule<C: Clock> {
    clock: C,
    state: Mutex<State<C::Time>>,
}

#[derive(Debug)]
struct State<T> {
    deadlines: BTreeMap<Key<T>, Waker>,
    next_number: u64,
    /// How many have entered and not left.
    waits: usize,
    has_thread: bool,
    /// The thread ends when no wait is left.
    is_stopping: bool,
    /// When the thread wakes next, even if that deadline has been taken back. So a caller that waits again and again
    /// with the same limit wakes this thread once in each limit, and not at each wait.
    looks_at: Option<T>,
}

/// The time, and a number that distinguishes deadlines at the same time.
pub(crate) type Key<T> = (T, u64);

impl<C: Clock> Schedule<C> {
    pub(crate) fn new(clock: C) -> Schedule<C> {
        let state = State {
            deadlines: BTreeMap::new(),
            next_number: 0,
            waits: 0,
            has_thread: false,
            is_stopping: false,
            looks_at: None,
        };
        Schedule { clock, state: Mutex::new(state) }
    }

    pub(crate) fn clock(&self) -> &C {
        &self.clock
    }

    /// A wait begins. If there is no thread, `start` starts one, which calls `run`.
    ///
    /// # Errors
    ///
    /// When it cannot be started: then no wait has begun, and the next one tries again.
    pub(crate) fn enter(&self, start: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut state = self.state();
        if !state.has_thread {
            start()?;
            state.has_thread = true;
        }
        state.waits += 1;
        Ok(())
    }

    /// Wakes `waker` at `time`, for a wait that has entered.
    pub(crate) fn set(&self, time: C::Time, waker: Waker) -> Key<C::Time> {
        let mut state = self.state();
        state.next_number += 1;
        let key = (time, state.next_number);
        state.deadlines.insert(key, waker);
        if state.looks_at.is_none_or(|looks_at| time < looks_at) {
            self.clock.wake();
        }
        key
    }

    /// Takes a deadline back. If it has come, its waker may be woken all the same.
    pub(crate) fn take_back(&self, key: Key<C::Time>) {
        let waker = self.state().deadlines.remove(&key);
        drop(waker);
    }

    /// A wait ends, with the deadline that it has set last.
    pub(crate) fn leave(&self, key: Option<Key<C::Time>>) {
        let mut state = self.state();
        let waker = key.and_then(|key| state.deadlines.remove(&key));
        state.waits -= 1;
        if state.is_over() {
            self.clock.wake();
        }
        drop(state);
        drop(waker);
    }

    /// Ends the thread once no wait is left. The next wait starts another.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.is_stopping = state.has_thread;
        self.clock.wake();
    }

    /// What the thread does, until it ends.
    pub(crate) fn run(&self) {
        let mut state = self.state();
        loop {
            let due = state.take_due(self.clock.now());
            if !due.is_empty() {
                drop(state);
                due.into_values().for_each(Waker::wake);
                state = self.state();
                continue;
            }
            if state.is_over() {
                (state.has_thread, state.is_stopping) = (false, false);
                return;
            }
            let first = state.deadlines.first_key_value().map(|(key, _)| key.0);
            state.looks_at = first;
            state = self.clock.sleep(state, first);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<C::Time>> {
        ignore_poison(self.state.lock())
    }
}

impl<T: Copy + Ord> State<T> {
    /// Whether the thread is to end.
    fn is_over(&self) -> bool {
        self.is_stopping && self.waits == 0
    }

    /// Removes the deadlines that have come.
    fn take_due(&mut self, now: T) -> BTreeMap<Key<T>, Waker> {
        let later = self.deadlines.split_off(&(now, u64::MAX));
        mem::replace(&mut self.deadlines, later)
    }
}
