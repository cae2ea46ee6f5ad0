//! What a thread keeps.

use std::cell::{Cell, RefCell};
use std::io;
use std::mem;
use std::rc::Rc;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::cache::cached::Cached;
use crate::cache::map::PerThreadMap;
use crate::error::Cause;
use crate::exec::lease::Lease;
use crate::exec::waker::CallWaker;
use crate::process::Process;
use crate::runtime::background::BackgroundRuntime;
use crate::runtime::drain;
use crate::runtime::set::Runtimes;
use crate::runtime::state::Generation;
use crate::runtime::tracker::CallToken;
use crate::sync::{self, Arc, StdAtomicU64, thread_local};

/// How long the end of the main thread waits for the blocking jobs that are left behind. Tokio waits without end when a
/// runtime is dropped; but a job may read from a terminal.
const LAST_MOMENT: Duration = Duration::from_secs(1);

thread_local! {
    static THREAD: Thread = Thread::new();
}

std::thread_local! {
    /// Whether `THREAD` has been made, for those who have nothing to do if not: to make it, Tokio has to
    /// block for a moment, and may not inside async code.
    static IS_MADE: Cell<bool> = const { Cell::new(false) };
}

/// The calling thread's runtime of the process-wide bridge, and its waker, for one call: if it has kept them.
#[inline]
pub(crate) fn kept_slot(runtimes: &Runtimes) -> Option<Rc<CallSlot>> {
    THREAD.try_with(|thread| thread.kept_slot(runtimes)).ok()?
}

/// The same, made now if they were not kept.
///
/// # Errors
///
/// When a runtime cannot be had, as when the thread exits and has let go of its own.
pub(crate) fn slot(runtimes: &std::sync::Arc<Runtimes>) -> Result<Rc<CallSlot>, Cause> {
    with(|thread| match thread.kept_slot(runtimes) {
        Some(slot) => Ok(slot),
        None => thread.new_slot(runtimes),
    })
}

/// What a private bridge keeps for the calling thread, or what `make` makes.
#[inline]
pub(crate) fn private_slot(
    per_thread: &std::sync::Arc<PerThreadMap<PrivateSlot>>,
    generation: &Generation,
    make: impl FnOnce() -> Result<SlotRuntime, Cause>,
) -> Result<Private, Cause> {
    with(|thread| {
        let slot = thread.private_slot(per_thread, generation, make)?;
        // The map's and ours: no call on this thread uses it, and no other thread does.
        let is_free = Arc::strong_count(&slot) <= 2 && slot.waker.try_reset();
        let spare = if is_free { None } else { Some(thread.waker()?) };
        Ok(Private { slot, spare })
    })
}

/// The calling thread's waker for one call that runs elsewhere.
///
/// # Errors
///
/// When the thread exits, and Tokio can block no more.
pub(crate) fn waker() -> Result<Rc<CallWaker>, Cause> {
    with(Thread::waker)
}

/// Prepares the calling thread for calls, where it may block.
pub(crate) fn prepare() {
    let _ = THREAD.try_with(|_| ());
}

/// Whether nothing is left to prepare.
#[inline]
pub(crate) fn is_prepared() -> bool {
    IS_MADE.get()
}

/// Has the calling thread forget its runtime of the process-wide bridge.
pub(crate) fn leave() {
    if IS_MADE.get() {
        let _ = THREAD.try_with(|thread| thread.slot.take());
    }
}

/// Drops what the calling thread has kept, of all bridges.
pub(crate) fn reset() {
    if IS_MADE.get() {
        let _ = THREAD.try_with(Thread::reset);
    }
}

#[inline]
fn with<T>(f: impl FnOnce(&Thread) -> Result<T, Cause>) -> Result<T, Cause> {
    THREAD.try_with(f).unwrap_or_else(|_| Err(exiting()))
}

#[cold]
fn exiting() -> Cause {
    Cause::ThreadExit(io::Error::other("the thread is ending and has let go of its runtime"))
}

/// All that a call needs, behind one pointer.
pub(crate) struct CallSlot {
    pub(crate) lease: Rc<Lease>,
    pub(crate) waker: CallWaker,
}

/// What a call on a private bridge uses.
pub(crate) struct Private {
    slot: Arc<PrivateSlot>,
    /// Where the slot's waker is in use.
    spare: Option<Rc<CallWaker>>,
}

impl Private {
    #[inline]
    pub(crate) fn runtime(&self) -> &SlotRuntime {
        &self.slot.runtime
    }

    #[inline]
    pub(crate) fn waker(&self) -> &CallWaker {
        self.spare.as_deref().unwrap_or(&self.slot.waker)
    }
}

/// What a private bridge keeps for a thread.
pub(crate) struct PrivateSlot {
    runtime: SlotRuntime,
    waker: CallWaker,
}

/// What a thread's calls on a private bridge run on.
pub(crate) enum SlotRuntime {
    Own(Lease),
    /// The token is given back after the runtime: when nobody is inside, none is left.
    Background(std::sync::Arc<BackgroundRuntime>, CallToken),
}

impl SlotRuntime {
    /// Whether calls may still be made on it.
    #[inline]
    fn is_usable(&self, generation: &Generation) -> bool {
        match self {
            SlotRuntime::Own(lease) => lease.is_of(generation),
            SlotRuntime::Background(runtime, token) => token.is_open() && !runtime.is_lost(),
        }
    }

    #[inline]
    pub(crate) fn token(&self) -> &CallToken {
        match self {
            SlotRuntime::Own(lease) => lease.token(),
            SlotRuntime::Background(_, token) => token,
        }
    }

    #[inline]
    pub(crate) fn lost_flag(&self) -> &AtomicBool {
        match self {
            SlotRuntime::Own(lease) => lease.lost_flag(),
            SlotRuntime::Background(runtime, _) => runtime.lost_flag(),
        }
    }
}

/// The private bridge that the thread has used last, so that it need not be looked up. It is not held: it ends with
/// the bridge, or at a reset.
struct Recent {
    bridge: Weak<PerThreadMap<PrivateSlot>>,
    slot: sync::Weak<PrivateSlot>,
}

/// The bridges that keep something for a thread.
struct UsedBridges {
    bridges: Vec<Weak<PerThreadMap<PrivateSlot>>>,
    made_in: Process,
}

impl UsedBridges {
    fn none() -> UsedBridges {
        UsedBridges { bridges: Vec::new(), made_in: Process::current() }
    }
}

struct Thread {
    /// False where this was made after Tokio's thread-locals had gone.
    can_block: bool,
    is_main: bool,
    /// Names the thread in the maps of bridges; never used again.
    key: u64,
    /// For calls on the process-wide bridge.
    slot: Cached<CallSlot>,
    /// For calls on the others.
    waker: Cached<CallWaker>,
    visited: RefCell<UsedBridges>,
    recent: Cell<Option<Recent>>,
}

impl Thread {
    fn new() -> Thread {
        static NEXT_KEY: StdAtomicU64 = StdAtomicU64::new(0);
        IS_MADE.set(true);
        Thread {
            can_block: touch_tokio(),
            is_main: std::thread::current().name() == Some("main"),
            // Relaxed: only that no two are the same matters.
            key: NEXT_KEY.fetch_add(1, Ordering::Relaxed),
            slot: Cached::new(),
            waker: Cached::new(),
            visited: RefCell::new(UsedBridges::none()),
            recent: Cell::new(None),
        }
    }

    /// A waker that wakes no other call: nobody holds it, no call on this thread uses it.
    #[inline]
    fn waker(&self) -> Result<Rc<CallWaker>, Cause> {
        let is_free = |waker: &Rc<CallWaker>| Rc::strong_count(waker) == 1 && waker.try_reset();
        match self.waker.get(is_free) {
            Some(waker) => Ok(waker),
            None => self.waker.renew(|_| {
                self.check_can_block()?;
                Ok(CallWaker::default())
            }),
        }
    }

    /// Whether there is anything to keep: what each of these makes for the first time asks it.
    fn check_can_block(&self) -> Result<(), Cause> {
        if self.can_block { Ok(()) } else { Err(exiting()) }
    }

    #[inline]
    fn kept_slot(&self, runtimes: &Runtimes) -> Option<Rc<CallSlot>> {
        self.slot.get(|slot| {
            slot.lease.is_of(&runtimes.generation)
                && Rc::strong_count(slot) == 1
                && slot.waker.try_reset()
        })
    }

    #[cold]
    fn new_slot(&self, runtimes: &std::sync::Arc<Runtimes>) -> Result<Rc<CallSlot>, Cause> {
        self.slot.renew(|old| {
            self.check_can_block()?;
            let lease = match old {
                Some(slot) if slot.lease.is_of(&runtimes.generation) => Rc::clone(&slot.lease),
                _ => Rc::new(Lease::take(runtimes)?),
            };
            Ok(CallSlot { lease, waker: CallWaker::default() })
        })
    }

    #[inline]
    fn private_slot(
        &self,
        per_thread: &std::sync::Arc<PerThreadMap<PrivateSlot>>,
        generation: &Generation,
        make: impl FnOnce() -> Result<SlotRuntime, Cause>,
    ) -> Result<Arc<PrivateSlot>, Cause> {
        if let Some(recent) = self.recent.take()
            && recent.bridge.as_ptr() == std::sync::Arc::as_ptr(per_thread)
            && let Some(slot) = recent.slot.upgrade()
            && slot.runtime.is_usable(generation)
        {
            // What is replaced is the nothing that `take` has left.
            mem::forget(self.recent.replace(Some(recent)));
            return Ok(slot);
        }
        self.find_private_slot(per_thread, generation, make)
    }

    #[cold]
    fn find_private_slot(
        &self,
        per_thread: &std::sync::Arc<PerThreadMap<PrivateSlot>>,
        generation: &Generation,
        make: impl FnOnce() -> Result<SlotRuntime, Cause>,
    ) -> Result<Arc<PrivateSlot>, Cause> {
        let is_usable = |slot: &PrivateSlot| slot.runtime.is_usable(generation);
        let slot = per_thread.get_or_make(generation, self.key, is_usable, || {
            self.check_can_block()?;
            let runtime = make()?;
            self.remember(std::sync::Arc::downgrade(per_thread));
            Ok::<_, Cause>(PrivateSlot { runtime, waker: CallWaker::default() })
        })?;
        let recent =
            Recent { bridge: std::sync::Arc::downgrade(per_thread), slot: sync::downgrade(&slot) };
        self.recent.set(Some(recent));
        Ok(slot)
    }

    fn remember(&self, bridge: Weak<PerThreadMap<PrivateSlot>>) {
        let mut visited = self.visited.borrow_mut();
        if !visited.made_in.is_current() {
            *visited = UsedBridges::none();
        }
        visited.bridges.retain(|known| known.strong_count() > 0 && !known.ptr_eq(&bridge));
        visited.bridges.push(bridge);
    }

    fn reset(&self) {
        drop(self.slot.take());
        drop(self.waker.take());
        drop(self.recent.take());
        drop(self.leave_bridges());
    }

    /// Takes out what bridges keep for this thread.
    fn leave_bridges(&self) -> Vec<Arc<PrivateSlot>> {
        let visited = self.visited.replace(UsedBridges::none());
        // The maps that a forked child has inherited may be locked.
        if !visited.made_in.is_current() {
            return Vec::new();
        }
        let bridges = visited.bridges.iter().filter_map(Weak::upgrade);
        bridges.filter_map(|bridge| bridge.remove(self.key)).collect()
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let mut used = Vec::new();
        let mut leave = |lease: &Lease| {
            lease.return_to_pool();
            // What a forked child has inherited may be locked.
            if !lease.token().is_inherited() {
                used.push(std::sync::Arc::clone(lease.runtimes()));
            }
        };
        for slot in self.leave_bridges() {
            if let SlotRuntime::Own(lease) = &slot.runtime {
                leave(lease);
            }
        }
        self.slot.take().iter().for_each(|slot| leave(&slot.lease));
        // The process ends with its main thread: the blocking jobs that are left behind get a moment more.
        if self.is_main {
            drain::end_unused(&used, Instant::now() + LAST_MOMENT);
        }
    }
}

/// Makes Tokio set up its thread-locals for blocking before ours; false where they are already gone.
///
/// The standard library destroys a thread's locals in reverse order of their set-up, so whoever finds
/// `THREAD` alive can block. Without its locals Tokio panics, and a panic in a destructor aborts.
fn touch_tokio() -> bool {
    if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
        return false;
    }
    let (sender, receiver) = oneshot::channel();
    sender.send(()).is_ok() && receiver.blocking_recv().is_ok()
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_remembers_each_bridge_once_and_none_that_is_gone() {
        let thread = Thread::new();
        let remembered = || thread.visited.borrow().bridges.len();
        let [one, other] = [(); 2].map(|()| std::sync::Arc::new(PerThreadMap::new()));
        for bridge in [&one, &other, &one] {
            thread.remember(std::sync::Arc::downgrade(bridge));
        }
        assert_eq!(remembered(), 2);
        drop(other);
        thread.remember(std::sync::Arc::downgrade(&one));
        assert_eq!(remembered(), 1);
    }
}
