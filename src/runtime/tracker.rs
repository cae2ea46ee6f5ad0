//! Tracks who may make calls, and cancels them.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::task::Waker;
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;
use forkguard::Guard;

use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU64};
use crate::sync::{Arc, AtomicWaker, Condvar, Mutex, MutexGuard, ignore_poison};

/// Calls begin and go on.
const OPEN: u8 = 0;
/// No call begins any more; those that have begun go on.
const DRAINING: u8 = 1;
/// Calls are cancelled.
const CANCELLED: u8 = 2;

/// Tracks who may make calls on a bridge: open until the bridge is shut down.
///
/// | from \ by | close | cancel |
/// |---|---|---|
/// | `OPEN` | `DRAINING` | `CANCELLED`, wake all |
/// | `DRAINING` | | `CANCELLED`, wake all |
/// | `CANCELLED` | | |
///
/// The phase changes under the lock of `inside`, so `close` sees every token that was given out, and none is given
/// out afterwards.
#[derive(Debug)]
pub(crate) struct CallTracker {
    made_in: Guard,
    phase: AtomicU8,
    inside: Mutex<Inside>,
    emptied: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    entries: BTreeMap<u64, Arc<Entry>>,
    next_number: u64,
    /// The calls of tokens that have been given back.
    past_calls: u64,
}

impl CallTracker {
    pub(crate) fn new() -> CallTracker {
        CallTracker {
            made_in: Guard::default(),
            phase: AtomicU8::new(OPEN),
            inside: Mutex::new(Inside::default()),
            emptied: Condvar::new(),
        }
    }

    /// Whether the caller is in a forked child of the process that has made it: one relaxed load.
    #[inline]
    pub(crate) fn is_inherited(&self) -> bool {
        // A guard tells of a fork once, its clone each time.
        self.made_in.clone().detected_fork()
    }

    fn enter(&self) -> Option<(u64, Arc<Entry>)> {
        let mut inside = self.inside();
        // Relaxed: the phase changes under this lock only.
        if self.phase.load(Relaxed) != OPEN {
            return None;
        }
        let (number, entry) = (inside.next_number, Arc::new(Entry::new()));
        inside.next_number += 1;
        inside.entries.insert(number, Arc::clone(&entry));
        Some((number, entry))
    }

    fn leave(&self, number: u64) {
        let mut inside = self.inside();
        if let Some(entry) = inside.entries.remove(&number) {
            // Relaxed: the calls of this token have ended, and whoever drops it comes after them.
            inside.past_calls += entry.calls.load(Relaxed);
        }
        if inside.entries.is_empty() {
            self.emptied.notify_all();
        }
    }

    /// Gives out no more tokens.
    pub(crate) fn close(&self) {
        let _inside = self.inside();
        // Relaxed: it changes under this lock only, and to readers without the lock nothing follows from it.
        if self.phase.load(Relaxed) == OPEN {
            self.phase.store(DRAINING, Relaxed);
        }
    }

    /// Whether no more tokens are given out.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: a call that comes at the same time may as well have come first.
        self.phase.load(Relaxed) != OPEN
    }

    /// Waits until all tokens have been given back, for at most `limit`. Returns whether they have.
    pub(crate) fn wait_until_empty(&self, limit: Duration) -> bool {
        let start = Instant::now();
        let mut inside = self.inside();
        while !inside.entries.is_empty() {
            let Some(left) = limit.checked_sub(start.elapsed()).filter(|left| !left.is_zero())
            else {
                return false;
            };
            (inside, _) = ignore_poison(self.emptied.wait_timeout(inside, left));
        }
        true
    }

    /// Cancels the calls that are waiting.
    pub(crate) fn cancel(&self) {
        let inside = self.inside();
        // Release pairs with `CallToken::is_cancelled_now`. It comes before the wake-ups: a call that is woken
        // must see it.
        self.phase.store(CANCELLED, Release);
        inside.entries.values().for_each(|entry| entry.waker.wake());
    }

    /// Whether a call has said that it is parked.
    #[cfg(feature = "rt-multi-thread")]
    pub(crate) fn has_parked(&self) -> bool {
        // SeqCst, as in `SleepFlag`: a call that parks says so before it checks whether the monitor is awake.
        self.inside().entries.values().any(|entry| entry.is_parked.load(SeqCst))
    }

    /// Wakes each parked call, to check whether it can go on.
    #[cold]
    pub(crate) fn wake_all(&self) {
        self.inside().entries.values().for_each(|entry| entry.waker.wake());
    }

    /// Whether no call runs. A call that begins at the same time may be missed.
    pub(crate) fn is_idle(&self) -> bool {
        // Relaxed: if the answer is stale, it is asked for again. The calls of a token that has been given back
        // have ended.
        let is_idle = |entry: &Arc<Entry>| entry.calls.load(Relaxed) == entry.ended.load(Relaxed);
        self.inside().entries.values().all(is_idle)
    }

    /// Returns the number of all calls so far.
    pub(crate) fn calls(&self) -> u64 {
        let inside = self.inside();
        // Relaxed: a number for `Stats`.
        let now: u64 = inside.entries.values().map(|entry| entry.calls.load(Relaxed)).sum();
        now + inside.past_calls
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        ignore_poison(self.inside.lock())
    }
}

/// The permission to make calls, one at a time. It belongs to a thread or to a single call, and is given back on
/// drop.
#[derive(Debug)]
#[must_use = "it is given back when it is dropped"]
pub(crate) struct CallToken {
    tracker: Arc<CallTracker>,
    number: u64,
    entry: Arc<Entry>,
}

impl CallToken {
    /// Returns `None` once the tracker is closed.
    pub(crate) fn enter(tracker: &Arc<CallTracker>) -> Option<CallToken> {
        let (number, entry) = tracker.enter()?;
        Some(CallToken { tracker: Arc::clone(tracker), number, entry })
    }

    /// Counts a call, and counts its end when the guard is dropped.
    #[inline]
    pub(crate) fn begin_call(&self) -> RunningCall<'_> {
        // Only this thread writes, so no atomic addition is needed. Relaxed: it is a number for `Stats`, and see
        // `is_idle`.
        self.entry.calls.store(self.calls() + 1, Relaxed);
        RunningCall { token: self, _not_send: PhantomData }
    }

    /// Returns the number of calls that have been counted.
    #[inline]
    pub(crate) fn calls(&self) -> u64 {
        // Relaxed: the caller itself has written it.
        self.entry.calls.load(Relaxed)
    }

    /// Whether calls may still begin. A token that a running call holds may exist longer than that.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        !self.tracker.is_closed()
    }

    /// Whether the call is cancelled. If not, `waker` is woken when it is.
    ///
    /// The waker is registered before the check: the cancelling thread either finds the waker, or has changed the
    /// phase before.
    #[inline]
    pub(crate) fn is_cancelled(&self, waker: &Waker) -> bool {
        self.entry.waker.register(waker);
        self.is_cancelled_now()
    }

    /// Sets whether the call is parked.
    pub(crate) fn set_parked(&self, is_parked: bool) {
        // SeqCst, as in `SleepFlag`: the write comes before the caller checks whether the monitor is awake.
        self.entry.is_parked.store(is_parked, SeqCst);
    }

    /// Whether the call is cancelled, for a call that does not park.
    #[inline]
    pub(crate) fn is_cancelled_now(&self) -> bool {
        // Acquire pairs with `cancel`.
        self.tracker.phase.load(Acquire) == CANCELLED || self.is_inherited()
    }

    /// Whether the caller is in a forked child, where nobody drives what the call waits for.
    #[inline]
    pub(crate) fn is_inherited(&self) -> bool {
        self.tracker.is_inherited()
    }
}

impl Drop for CallToken {
    fn drop(&mut self) {
        // In a forked child, the inherited lock may never be released.
        if !self.is_inherited() {
            self.tracker.leave(self.number);
        }
    }
}

/// A call that is running until this is dropped.
#[derive(Debug)]
#[must_use = "the call has ended once it is dropped"]
pub(crate) struct RunningCall<'a> {
    token: &'a CallToken,
    _not_send: PhantomData<*const ()>,
}

impl Drop for RunningCall<'_> {
    #[inline]
    fn drop(&mut self) {
        let ended = &self.token.entry.ended;
        // Relaxed: no other thread writes it, and see `CallTracker::is_idle`.
        ended.store(ended.load(Relaxed) + 1, Relaxed);
    }
}

/// What the tracker knows of a token.
#[derive(Debug)]
struct Entry {
    /// Padded, so that no call shares a cache line with another thread's.
    calls: CachePadded<AtomicU64>,
    /// The number of `calls` that have ended.
    ended: AtomicU64,
    /// The waker of the call that waits.
    waker: AtomicWaker,
    is_parked: AtomicBool,
}

impl Entry {
    fn new() -> Entry {
        Entry {
            calls: CachePadded::new(AtomicU64::new(0)),
            ended: AtomicU64::new(0),
            waker: AtomicWaker::new(),
            is_parked: AtomicBool::new(false),
        }
    }
}
