//! What private bridges keep for a thread.

use std::cell::{Cell, RefCell};
use std::mem;
use std::rc::Rc;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::cache::map::PerThreadMap;
use crate::error::Cause;
use crate::exec::lease::Lease;
use crate::exec::waker::CallWaker;
use crate::process::Process;
use crate::runtime::background::BackgroundRuntime;
use crate::runtime::state::Generation;
use crate::runtime::tracker::CallToken;
use crate::sync::{self, Arc, StdAtomicU64};

/// What a call on a private bridge uses.
pub(crate) struct Private {
    slot: Arc<PrivateSlot>,
    /// A waker for the case that the slot's own is in use.
    spare: Option<Rc<CallWaker>>,
}

impl Private {
    /// Uses a slot for a call. `spare` is asked for a waker where the slot's own is in use.
    #[inline]
    pub(super) fn new(
        slot: Arc<PrivateSlot>,
        spare: impl FnOnce() -> Result<Rc<CallWaker>, Cause>,
    ) -> Result<Private, Cause> {
        // One reference is the map's, and one is ours: no call on this thread uses the slot, and no other thread
        // does.
        let is_free = Arc::strong_count(&slot) <= 2 && slot.waker.try_reset();
        let spare = if is_free { None } else { Some(spare()?) };
        Ok(Private { slot, spare })
    }

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
    pub(super) runtime: SlotRuntime,
    waker: CallWaker,
}

/// What a thread's calls on a private bridge run on.
pub(crate) enum SlotRuntime {
    Own(Lease),
    /// The token is dropped after the runtime, so that once all tokens are gone, no runtime is left.
    Background(std::sync::Arc<BackgroundRuntime>, CallToken),
}

impl SlotRuntime {
    /// Whether calls may still be made on the runtime.
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

/// The private bridges that keep something for the calling thread.
pub(super) struct PrivateSlots {
    /// The thread's key in the maps of bridges. It is never used again.
    key: u64,
    used: RefCell<UsedBridges>,
    recent: Cell<Option<Recent>>,
}

impl PrivateSlots {
    pub(super) fn new() -> PrivateSlots {
        static NEXT_KEY: StdAtomicU64 = StdAtomicU64::new(0);
        PrivateSlots {
            // Relaxed: keys only have to be different.
            key: NEXT_KEY.fetch_add(1, Ordering::Relaxed),
            used: RefCell::new(UsedBridges::none()),
            recent: Cell::new(None),
        }
    }

    /// Returns what the bridge of `per_thread` keeps for the thread, or what `make` makes.
    #[inline]
    pub(super) fn get(
        &self,
        per_thread: &std::sync::Arc<PerThreadMap<PrivateSlot>>,
        generation: &Generation,
        make: impl FnOnce() -> Result<SlotRuntime, Cause>,
    ) -> Result<Arc<PrivateSlot>, Cause> {
        if let Some(slot) = self.recent(per_thread, generation) {
            return Ok(slot);
        }
        self.find(per_thread, generation, make)
    }

    /// Returns what the bridge of `per_thread` keeps, if the thread has used it last. Otherwise it is forgotten.
    // Out of line, a call on a private bridge takes 17 instructions more.
    #[inline(always)]
    fn recent(
        &self,
        per_thread: &std::sync::Arc<PerThreadMap<PrivateSlot>>,
        generation: &Generation,
    ) -> Option<Arc<PrivateSlot>> {
        let recent = self.recent.take()?;
        if recent.bridge.as_ptr() != std::sync::Arc::as_ptr(per_thread) {
            return None;
        }
        let slot = recent.slot.upgrade()?;
        if !slot.runtime.is_usable(generation) {
            return None;
        }
        // The replaced value is the `None` that `take` has left.
        mem::forget(self.recent.replace(Some(recent)));
        Some(slot)
    }

    #[cold]
    fn find(
        &self,
        per_thread: &std::sync::Arc<PerThreadMap<PrivateSlot>>,
        generation: &Generation,
        make: impl FnOnce() -> Result<SlotRuntime, Cause>,
    ) -> Result<Arc<PrivateSlot>, Cause> {
        let is_usable = |slot: &PrivateSlot| slot.runtime.is_usable(generation);
        let slot = per_thread.get_or_make(generation, self.key, is_usable, || {
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
        let mut used = self.used.borrow_mut();
        if !used.made_in.is_current() {
            *used = UsedBridges::none();
        }
        used.bridges.retain(|known| known.strong_count() > 0 && !known.ptr_eq(&bridge));
        used.bridges.push(bridge);
    }

    /// Takes out what bridges keep for the thread.
    pub(super) fn take_all(&self) -> Vec<Arc<PrivateSlot>> {
        drop(self.recent.take());
        let used = self.used.replace(UsedBridges::none());
        // The maps that a forked child has inherited may be locked.
        if !used.made_in.is_current() {
            return Vec::new();
        }
        let bridges = used.bridges.iter().filter_map(Weak::upgrade);
        bridges.filter_map(|bridge| bridge.remove(self.key)).collect()
    }
}

/// The private bridge that the thread has used last, so that it need not be looked up. It is a weak reference,
/// which ends with the bridge or at a reset.
struct Recent {
    bridge: Weak<PerThreadMap<PrivateSlot>>,
    slot: sync::Weak<PrivateSlot>,
}

/// The bridges that keep a value for a thread.
struct UsedBridges {
    bridges: Vec<Weak<PerThreadMap<PrivateSlot>>>,
    made_in: Process,
}

impl UsedBridges {
    fn none() -> UsedBridges {
        UsedBridges { bridges: Vec::new(), made_in: Process::current() }
    }
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_remembers_each_bridge_once_and_none_that_is_gone() {
        let slots = PrivateSlots::new();
        let remembered = || slots.used.borrow().bridges.len();
        let [one, other] = [(); 2].map(|()| std::sync::Arc::new(PerThreadMap::new()));
        for bridge in [&one, &other, &one] {
            slots.remember(std::sync::Arc::downgrade(bridge));
        }
        assert_eq!(remembered(), 2);
        drop(other);
        slots.remember(std::sync::Arc::downgrade(&one));
        assert_eq!(remembered(), 1);
    }
}
