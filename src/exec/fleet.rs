//! The runtimes of a bridge: built, lent to threads, pooled, driven.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_queue::SegQueue;
use crossbeam_utils::CachePadded;

use crate::exec::epoch::Epoch;
use crate::exec::handover::Next;
use crate::exec::limit;
use crate::exec::slot::Slot;
use crate::exec::warden;

/// How a bridge builds its runtimes.
#[derive(Clone, Debug)]
pub(crate) struct Blueprint {
    pub(crate) name: Option<String>,
    pub(crate) max_blocking_threads: Option<usize>,
    /// Beyond it threads share runtimes.
    pub(crate) max_runtimes: Option<usize>,
    /// A thread that calls more often than this drives its runtime itself.
    pub(crate) grace: Duration,
}

impl Default for Blueprint {
    fn default() -> Blueprint {
        let grace = Duration::from_millis(20);
        Blueprint { name: None, max_blocking_threads: None, max_runtimes: None, grace }
    }
}

/// All runtimes of a bridge.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) blueprint: Blueprint,
    /// The resets of the bridge.
    pub(crate) epoch: Epoch,
    max_runtimes: usize,
    /// Runtimes without an owner, each with its keeper.
    pool: SegQueue<Arc<Slot>>,
    /// Every runtime that has not been dropped.
    slots: Mutex<Vec<Weak<Slot>>>,
    /// When the warden is to do his next round: he may be woken before.
    next_round: Mutex<Instant>,
    /// Where the next thread that has to share begins to look.
    next_shared: AtomicUsize,
    keepers_hired: AtomicU64,
    /// The calls of leases that have ended.
    past_calls: AtomicU64,
    /// The calls of each lease: only its thread adds to it, so that no call shares a cache line.
    calls: Mutex<Vec<Arc<CachePadded<AtomicU64>>>>,
    alive: Arc<AtomicUsize>,
}

impl Fleet {
    pub(crate) fn new(blueprint: Blueprint) -> Arc<Fleet> {
        let fleet = Arc::new(Fleet {
            max_runtimes: blueprint.max_runtimes.unwrap_or_else(limit::default_max_runtimes),
            blueprint,
            epoch: Epoch::default(),
            pool: SegQueue::new(),
            slots: Mutex::default(),
            next_round: Mutex::new(Instant::now()),
            next_shared: AtomicUsize::new(0),
            keepers_hired: AtomicU64::new(0),
            past_calls: AtomicU64::new(0),
            calls: Mutex::default(),
            alive: Arc::default(),
        });
        warden::enlist(&fleet);
        fleet
    }

    /// A runtime for the calling thread: from the pool, else a new one, else one that other threads
    /// use.
    #[cold]
    pub(crate) fn lease(self: &Arc<Fleet>) -> io::Result<Lease> {
        let slot = match self.take_pooled() {
            Some(slot) => slot,
            None => self.build_or_share()?,
        };
        let calls = Arc::default();
        lock(&self.calls).push(Arc::clone(&calls));
        Ok(Lease { slot, fleet: Arc::clone(self), calls, to_pool: AtomicBool::new(false) })
    }

    fn take_pooled(&self) -> Option<Arc<Slot>> {
        std::iter::from_fn(|| self.pool.pop()).find(|slot| {
            let is_good = slot.is_of(&self.epoch);
            if is_good {
                slot.add_owner()
            } else {
                slot.close()
            }
            is_good
        })
    }

    fn build_or_share(self: &Arc<Fleet>) -> io::Result<Arc<Slot>> {
        // Held while building: two threads must not both take the last place.
        let mut slots = self.slots();
        slots.retain(|slot| slot.upgrade().is_some_and(|slot| !slot.handover.is_closed()));
        if slots.len() >= self.max_runtimes
            && let Some(slot) = self.share(&slots)
        {
            return Ok(slot);
        }
        match Slot::build(&self.blueprint, &self.epoch, &self.alive) {
            Ok(slot) => {
                let slot = Arc::new(slot);
                slots.push(Arc::downgrade(&slot));
                drop(slots);
                warden::watch();
                Ok(slot)
            }
            // Out of descriptors or memory: a runtime that exists is better than an error.
            Err(error) => self.share(&slots).ok_or(error),
        }
    }

    /// One that others use. It gets a keeper: with two owners nobody could say whose turn it is.
    fn share(self: &Arc<Fleet>, slots: &[Weak<Slot>]) -> Option<Arc<Slot>> {
        let start = self.next_shared.fetch_add(1, Ordering::Relaxed);
        let turns = (0..slots.len()).map(|turn| &slots[(start + turn) % slots.len()]);
        let slot = turns.filter_map(Weak::upgrade).find(|slot| slot.is_of(&self.epoch))?;
        slot.add_owner();
        self.keep(&slot);
        Some(slot)
    }

    /// Gives `slot` a keeper, if it has none.
    pub(crate) fn keep(&self, slot: &Arc<Slot>) {
        self.follow(slot, slot.handover.keep());
    }

    /// Does what a change of a slot's state asks for.
    pub(crate) fn follow(&self, slot: &Arc<Slot>, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Watch => warden::watch(),
            Next::Hire => self.hire(slot),
        }
    }

    #[cold]
    fn hire(&self, slot: &Arc<Slot>) {
        self.keepers_hired.fetch_add(1, Ordering::Relaxed);
        let name = self.blueprint.name.as_deref().unwrap_or("smartasync");
        let driven = Arc::clone(slot);
        let keeper = thread::Builder::new().name(format!("{name}/keeper"));
        if keeper.spawn(move || driven.drive_until_closed()).is_err() {
            self.follow(slot, slot.handover.unkeep());
        }
    }

    /// A visit of the warden, who does his round if it is time for it; then when to come again, or
    /// nothing if there is no need.
    pub(crate) fn visit(&self, now: Instant) -> Option<Duration> {
        let slots: Vec<_> = self.slots().iter().filter_map(Weak::upgrade).collect();
        let mut next_round = lock(&self.next_round);
        if now >= *next_round {
            *next_round = now + self.blueprint.grace;
            for slot in &slots {
                // Whatever is to be watched is found below.
                if slot.handover.tick() == Next::Hire {
                    self.hire(slot);
                }
            }
        }
        let is_watched = slots.iter().any(|slot| slot.handover.is_unattended());
        is_watched.then(|| *next_round - now)
    }

    pub(crate) fn runtimes(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    pub(crate) fn keepers_hired(&self) -> u64 {
        self.keepers_hired.load(Ordering::Relaxed)
    }

    /// The calls that have gone to a runtime of the fleet.
    pub(crate) fn calls(&self) -> u64 {
        let calls = lock(&self.calls);
        let now: u64 = calls.iter().map(|calls| calls.load(Ordering::Relaxed)).sum();
        now + self.past_calls.load(Ordering::Relaxed)
    }

    /// A lease ends: only the sum of its calls is kept.
    fn settle(&self, ended: &Arc<CachePadded<AtomicU64>>) {
        let mut calls = lock(&self.calls);
        calls.retain(|calls| !Arc::ptr_eq(calls, ended));
        self.past_calls.fetch_add(ended.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Closes what waits in the pool.
    pub(crate) fn drain(&self) {
        std::iter::from_fn(|| self.pool.pop()).for_each(|slot| slot.close());
    }

    fn slots(&self) -> MutexGuard<'_, Vec<Weak<Slot>>> {
        lock(&self.slots)
    }
}

/// What is locked is only pushed to and cleared: a panic leaves it whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.drain();
    }
}

/// A thread's use of a runtime. Its end closes the runtime, unless other threads use it too or it is
/// to go to the pool.
#[derive(Debug)]
pub(crate) struct Lease {
    slot: Arc<Slot>,
    fleet: Arc<Fleet>,
    calls: Arc<CachePadded<AtomicU64>>,
    to_pool: AtomicBool,
}

impl Lease {
    #[inline]
    pub(crate) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }

    #[inline]
    pub(crate) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Counts a call. No other thread writes, so this needs no atomic addition.
    #[inline]
    pub(crate) fn count_call(&self) {
        self.calls.store(self.calls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// The thread ends: its runtime is to go on, and the next new thread takes it.
    pub(crate) fn return_to_pool(&self) {
        self.to_pool.store(true, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.fleet.settle(&self.calls);
        if !self.slot.remove_owner() {
            return;
        }
        if *self.to_pool.get_mut() && self.slot.is_of(&self.fleet.epoch) {
            self.fleet.keep(&self.slot);
            self.fleet.pool.push(Arc::clone(&self.slot));
        } else {
            self.slot.close();
        }
    }
}
