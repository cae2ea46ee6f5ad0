//! Who drives a runtime, and who uses it.

use std::task::{Context, Poll};

use crate::sync::atomic::Ordering::{AcqRel, Relaxed, SeqCst};
use crate::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize};
use crate::sync::{AtomicWaker, loom_fence};

/// For how many ticks of the monitor a runtime may be left undriven: as many as an idle timeout has. The models
/// use two, since they check each.
pub(crate) const TICKS: u8 = if cfg!(smartasync_loom) { 2 } else { 4 };

/// Nobody drives; somebody has since the monitor last looked. The next `TICKS - 1` numbers count the ticks since
/// then: `DUE`.
const IDLE: u8 = 0;
const LAST_DUE: u8 = TICKS - 1;
/// The owner drives: it is parked in the driver.
const OWNER: u8 = TICKS;
/// The same, and it has not left the driver since the monitor last looked.
const OWNER_STAYS: u8 = TICKS + 1;
/// A driver thread drives, until the owner takes the driver back or the runtime is closed. Calls park without
/// driving.
const BACKGROUND: u8 = TICKS + 2;
/// Nobody drives any more.
const CLOSED: u8 = TICKS + 3;

/// The generation of no runtime: there are never that many resets.
const OF_NONE: u64 = u64::MAX;

/// The state of a runtime. Once built it is left undriven for an idle timeout at the most:
///
/// | from \ by | owner begins | owner ends | owner takes back | tick | driver requested | no thread | close |
/// |---|---|---|---|---|---|---|---|
/// | `IDLE` | `OWNER` | | | `DUE` 1 | `BACKGROUND`, start | | `CLOSED` |
/// | `DUE` n | `OWNER` | | | `DUE` n + 1 | `BACKGROUND`, start | | `CLOSED` |
/// | the last `DUE` | `OWNER` | | | `BACKGROUND`, start | `BACKGROUND`, start | | `CLOSED` |
/// | `OWNER` | | `IDLE`, watch | | `OWNER_STAYS` | `BACKGROUND`, start | | `CLOSED` |
/// | `OWNER_STAYS` | | `IDLE`, watch | | | `BACKGROUND`, start | | `CLOSED` |
/// | `BACKGROUND` | waits | | `IDLE` | | | `IDLE`, watch | `CLOSED` |
/// | `CLOSED` | waits | | | | | | |
///
/// To start the driver thread is to wake it, if the runtime has one. Once spawned it stays until the runtime is
/// closed, and sleeps while the state is another than `BACKGROUND`.
///
/// `not_watched` is the first tick, made by another thread where there is no monitor.
///
/// The owner drives while it is parked, and never while it polls a future of the user's: that may block for
/// as long as it likes, and somebody has to drive meanwhile.
///
/// Why may a driver thread be started while the owner drives, and the owner begin before the driver thread has left?
/// Tokio lets several threads `block_on` one current-thread runtime: the second waits, and takes the driver over when
/// the first leaves.
///
/// The threads that use the runtime are counted:
///
/// | owners | `add_owner` | `remove_owner` | taken from the pool |
/// |---|---|---|---|
/// | 0: in the pool, or on its way there or to its end | refused | | 1 |
/// | 1 | 2 | 0, to the pool or to its end | |
/// | n | n + 1 | n - 1 | |
#[derive(Debug)]
pub(crate) struct State {
    driver: AtomicU8,
    /// Whether the runtime has a driver thread, which drives or sleeps, or one that is being spawned.
    has_thread: AtomicBool,
    /// That thread's waker.
    thread: AtomicWaker,
    owners: AtomicUsize,
    /// The generation in which its building was begun; once it is closed, `OF_NONE`.
    made_in: AtomicU64,
}

/// What is to be done after a change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Next {
    Nothing,
    /// The monitor has to look.
    Watch,
    /// A driver thread has to drive. Whoever changed the state to `BACKGROUND` gets this, and wakes or spawns it.
    Start,
}

impl State {
    /// The state of a runtime whose building was begun at `made_in`, with one owner.
    pub(crate) fn new(made_in: u64) -> State {
        State {
            driver: AtomicU8::new(IDLE),
            has_thread: AtomicBool::new(false),
            thread: AtomicWaker::new(),
            owners: AtomicUsize::new(1),
            made_in: AtomicU64::new(made_in),
        }
    }

    /// Whether nobody drives, and the monitor has not looked since somebody did.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        // Relaxed: the answer may be stale, and `change` checks it before anything is done.
        self.driver.load(Relaxed) == IDLE
    }

    /// Whether the monitor has looked and nobody has driven since.
    #[inline]
    pub(crate) fn is_due(&self) -> bool {
        // Relaxed: as in `is_idle`.
        (IDLE + 1..=LAST_DUE).contains(&self.driver.load(Relaxed))
    }

    /// Whether the monitor has looked twice, or more often, and nobody has driven since.
    pub(crate) fn has_rested(&self) -> bool {
        // Relaxed: as in `is_idle`.
        (IDLE + 2..=LAST_DUE).contains(&self.driver.load(Relaxed))
    }

    /// Whether a driver thread drives.
    #[inline]
    pub(crate) fn is_background(&self) -> bool {
        // Relaxed: as in `is_idle`.
        self.driver.load(Relaxed) == BACKGROUND
    }

    /// Whether the owner or a driver thread drives.
    pub(crate) fn is_driven(&self) -> bool {
        // Relaxed: as in `is_idle`.
        matches!(self.driver.load(Relaxed), OWNER | OWNER_STAYS | BACKGROUND)
    }

    /// Whether nobody drives, or soon may not: what the monitor asks before it sleeps.
    ///
    /// An owner that has begun to drive since the monitor last looked will soon end, and then would have to wake the
    /// monitor: a system call, after which Linux no longer keeps the owner and a server that it talks to on one processor.
    pub(crate) fn is_watched(&self) -> bool {
        // SeqCst: see `SleepFlag`. It is the monitor's read after its write.
        self.driver.load(SeqCst) <= OWNER
    }

    pub(crate) fn is_closed(&self) -> bool {
        // SeqCst pairs with `close`: whoever sees that it is closed sees what was done before.
        self.driver.load(SeqCst) == CLOSED
    }

    /// Parks the owner with `park`, which is told whether the owner drives in it, or waits while a driver thread
    /// drives.
    ///
    /// It drives no longer than that: what it does next may block, and wait for what this runtime serves.
    pub(crate) fn while_parked<R>(&self, park: impl FnOnce(bool) -> R) -> (R, Next) {
        let drives = self.begin();
        let result = park(drives);
        let next = if drives { self.end() } else { Next::Nothing };
        (result, next)
    }

    /// The owner begins to drive. Returns false if it must wait while a driver thread drives.
    #[inline]
    fn begin(&self) -> bool {
        self.change(IDLE, OWNER) || self.begin_late()
    }

    /// The monitor has looked since, and may look again meanwhile.
    #[cold]
    fn begin_late(&self) -> bool {
        self.change_if(|state| state <= LAST_DUE, OWNER)
    }

    /// The owner stops driving: it polls its call, which may take any time, or the call is over.
    #[inline]
    fn end(&self) -> Next {
        let is_undriven = self.change(OWNER, IDLE) || self.end_late();
        if is_undriven { Next::Watch } else { Next::Nothing }
    }

    /// The monitor has looked since.
    #[cold]
    fn end_late(&self) -> bool {
        self.change(OWNER_STAYS, IDLE)
    }

    /// The monitor looks.
    pub(crate) fn tick(&self) -> Next {
        // Relaxed: as in `is_idle`. If the state changes meanwhile, nothing is done: an owner that has ended asks for the
        // monitor, which looks again.
        let state = self.driver.load(Relaxed);
        let (to, next) = match state {
            ..LAST_DUE => (state + 1, Next::Watch),
            LAST_DUE => (BACKGROUND, Next::Start),
            OWNER => (OWNER_STAYS, Next::Watch),
            _ => return Next::Nothing,
        };
        if self.change(state, to) { next } else { Next::Nothing }
    }

    /// The monitor cannot look: a runtime that nobody drives counts as looked at, so that its owner's next call gives
    /// the driver a turn, and then tries to wake the monitor again.
    pub(crate) fn not_watched(&self) {
        self.change(IDLE, IDLE + 1);
    }

    /// A driver thread is wanted at once.
    pub(crate) fn request_driver(&self) -> Next {
        loom_fence!();
        if self.change_if(|state| state <= OWNER_STAYS, BACKGROUND) {
            Next::Start
        } else {
            Next::Nothing
        }
    }

    /// The owner takes the driver back from the driver thread, if nobody else depends on that by then. Otherwise it may
    /// have to be started again.
    pub(crate) fn take_back(&self, generation: &Generation) -> Next {
        if self.change(BACKGROUND, IDLE) {
            self.thread.wake();
        }
        loom_fence!();
        // Whoever has made it so meanwhile has requested a driver thread, and may have found this one.
        if self.is_shared_or_old(generation) { self.request_driver() } else { Next::Nothing }
    }

    /// Whether the runtime must keep its driver thread: there is more than one owner, or a reset has given it up.
    pub(crate) fn is_shared_or_old(&self, generation: &Generation) -> bool {
        self.owners() > 1 || !self.is_of(generation)
    }

    /// Starts the driver thread for a caller to whom `Next::Start` was returned. Returns false if the caller has to spawn
    /// it.
    pub(crate) fn start_thread(&self) -> bool {
        // SeqCst: it comes after the caller's change to `BACKGROUND`.
        let has_thread = self.has_thread.swap(true, SeqCst);
        if has_thread {
            self.thread.wake();
        }
        has_thread
    }

    /// The driver thread drives until this is ready.
    pub(crate) fn poll_driving(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Registered before the state is read: whoever changes it wakes the thread afterwards. AtomicWaker orders the
        // two, so the read may be relaxed.
        self.thread.register(cx.waker());
        if self.is_background() { Poll::Pending } else { Poll::Ready(()) }
    }

    /// The driver thread sleeps until this is ready.
    pub(crate) fn poll_sleeping(&self, cx: &mut Context<'_>) -> Poll<()> {
        // Registered first, as in `poll_driving`.
        self.thread.register(cx.waker());
        if self.is_background() || self.is_closed() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The driver thread could not be spawned: the monitor will try again.
    pub(crate) fn not_spawned(&self) -> Next {
        // SeqCst: it comes before the change. A thread that has found `has_thread` set, and so has woken nobody, has
        // changed the state to `BACKGROUND` before, and this undoes it.
        self.has_thread.store(false, SeqCst);
        if self.change(BACKGROUND, IDLE) { Next::Watch } else { Next::Nothing }
    }

    /// Closes the runtime. Returns whether this was the first time.
    pub(crate) fn close(&self) -> bool {
        // Relaxed, but before the swap: a thread that sees the swap sees this store.
        self.made_in.store(OF_NONE, Relaxed);
        // SeqCst pairs with `is_closed`, and orders the swap with all changes.
        let is_first = self.driver.swap(CLOSED, SeqCst) != CLOSED;
        self.thread.wake();
        is_first
    }

    #[inline]
    fn change(&self, from: u8, to: u8) -> bool {
        // SeqCst: a thread that leaves a runtime undriven writes here, and then checks whether the monitor is
        // awake. Relaxed on failure: nothing was changed, and nothing follows from it.
        self.driver.compare_exchange(from, to, SeqCst, Relaxed).is_ok()
    }

    /// Changes the state if it is one of these, whatever others make of it meanwhile.
    fn change_if(&self, is_one: impl Fn(u8) -> bool, to: u8) -> bool {
        // SeqCst, as all changes, also where it is none of them: the caller then relies on what it is.
        self.driver.fetch_update(SeqCst, SeqCst, |state| is_one(state).then_some(to)).is_ok()
    }

    /// Whether calls may be made on the runtime: it is newer than the last reset, and not closed.
    #[inline]
    pub(crate) fn is_of(&self, generation: &Generation) -> bool {
        // Relaxed: a call that begins and misses the `close` finds out when it parks.
        self.made_in.load(Relaxed) == generation.current()
    }

    /// How many owners there are.
    pub(crate) fn owners(&self) -> usize {
        // SeqCst: an owner that takes the driver back reads this after it, and a new owner requests a driver thread after
        // `add_owner`. One of the two sees the other.
        self.owners.load(SeqCst)
    }

    /// Adds an owner, unless there is none: a runtime without owners is on its way to the pool or to its end, and
    /// must not be shared.
    pub(crate) fn add_owner(&self) -> bool {
        let add = |owners: usize| if owners > 0 { owners.checked_add(1) } else { None };
        // SeqCst: see `owners`. It pairs with the Release half of `remove_owner`: the last owner's `close` is not missed.
        self.owners.fetch_update(SeqCst, Relaxed, add).is_ok()
    }

    /// Makes the caller, which has taken the runtime from the pool, its one owner.
    pub(crate) fn set_owned(&self) {
        // Relaxed: the pool's queue orders it after what the last owner did, and nobody else reads it.
        self.owners.store(1, Relaxed);
    }

    /// Removes an owner. Returns true for the last.
    pub(crate) fn remove_owner(&self) -> bool {
        // AcqRel: the last owner sees what all others did, and closes after it.
        self.owners.fetch_sub(1, AcqRel) == 1
    }
}

/// A count of resets. What was begun before the last one is not to be used again.
///
/// A call is later than a reset when something orders it after: then it reads this reset's value or a
/// newer one. A call that nothing orders may as well have come first.
#[derive(Debug, Default)]
pub(crate) struct Generation(AtomicU64);

impl Generation {
    pub(crate) fn reset(&self) {
        // SeqCst pairs with `current`: a thread that has seen the second of two resets has also seen the first. And an
        // owner that takes the driver back sees the reset, or the reset finds that nobody drives.
        self.0.fetch_add(1, SeqCst);
    }

    /// Returns the number of resets so far. Ask before building something: a reset in the meantime must make it
    /// old.
    #[inline]
    pub(crate) fn current(&self) -> u64 {
        // SeqCst: see `reset`.
        self.0.load(SeqCst)
    }
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_undriven_for_an_idle_timeout_and_no_longer() {
        let state = State::new(Generation::default().current());
        for _ in 1..TICKS {
            assert_eq!(state.tick(), Next::Watch);
        }
        let ((), next) = state.while_parked(|drives| {
            assert!(drives, "the owner comes back in the last moment");
            assert!(state.is_watched());
            assert_eq!(state.tick(), Next::Watch, "the owner has just begun, and will end soon");
            assert_eq!(state.tick(), Next::Nothing, "it stays in the driver");
            assert!(!state.is_watched());
        });
        assert_eq!(next, Next::Watch);
        for _ in 1..TICKS {
            assert_eq!(state.tick(), Next::Watch, "the count has begun anew");
        }
        assert_eq!(state.tick(), Next::Start);
    }
}
