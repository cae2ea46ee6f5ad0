//! The runtimes of a bridge: built, lent to threads, pooled, driven.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

use crate::exec::berth::Berth;
use crate::exec::blueprint::Blueprint;
use crate::exec::epoch::Epoch;
use crate::exec::gate::Gate;
use crate::exec::handover::{Next, ROUNDS};
use crate::exec::limit;
use crate::exec::pool::Pool;
use crate::exec::slot::Slot;
use crate::exec::warden::{self, Monitored};
use crate::sync::{self, ignore_poison};

/// All runtimes of a bridge.
#[derive(Debug)]
pub(crate) struct Fleet {
    pub(crate) blueprint: Blueprint,
    pub(crate) gate: sync::Arc<Gate>,
    /// The resets of the bridge.
    pub(crate) epoch: Epoch,
    max_runtimes: usize,
    pool: Pool<Arc<Slot>>,
    /// Every runtime that has not been closed.
    known: Mutex<Vec<Known>>,
    /// When the warden is to do his next round: he may be woken before.
    next_round: Mutex<Instant>,
    /// Where the next thread that has to share begins to look.
    next_shared: AtomicUsize,
    keepers_hired: AtomicU64,
    alive: Arc<AtomicUsize>,
}

impl Fleet {
    pub(crate) fn new(blueprint: Blueprint) -> Arc<Fleet> {
        /// More resets than one fleet can have: no two fleets have a stamp in common.
        const EPOCHS: u64 = 1 << 40;
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let fleet = Arc::new(Fleet {
            max_runtimes: blueprint.max_runtimes.unwrap_or_else(limit::default_max_runtimes),
            blueprint,
            pool: Pool::new(),
            known: Mutex::default(),
            next_round: Mutex::new(Instant::now()),
            next_shared: AtomicUsize::new(0),
            keepers_hired: AtomicU64::new(0),
            gate: sync::Arc::new(Gate::new()),
            epoch: Epoch::starting_at(NEXT.fetch_add(EPOCHS, Ordering::Relaxed)),
            alive: Arc::default(),
        });
        warden::enlist(Arc::downgrade(&fleet) as _);
        fleet
    }

    /// A runtime for the calling thread: from the pool, else a new one, else one that other threads
    /// use.
    pub(crate) fn acquire(&self) -> io::Result<Arc<Slot>> {
        match self.pool.take(&self.epoch) {
            Some(slot) => Ok(slot),
            None => self.build_or_share(),
        }
    }

    /// A thread has no more use for `slot`: when it was the last, the runtime ends, or if it `stays` goes
    /// to the pool.
    pub(crate) fn give_back(&self, slot: &Arc<Slot>, stays: bool) {
        self.pool.give_back(slot, stays, &self.epoch, || self.keep(slot));
    }

    fn build_or_share(&self) -> io::Result<Arc<Slot>> {
        let others = match self.build_below_limit() {
            Some(Ok(slot)) => return Ok(slot),
            // Out of descriptors or memory: a runtime that exists is better than an error.
            Some(Err(error)) => return self.share().ok_or(error),
            None => self.share(),
        };
        // Beyond the limit there may be nobody to share with for a moment, while owners leave.
        others.map_or_else(|| self.build(&mut self.known()), Ok)
    }

    fn build_below_limit(&self) -> Option<io::Result<Arc<Slot>>> {
        // Held while building: two threads must not both take the last place.
        let mut known = self.known();
        known.retain(|known| !known.berth.handover.is_closed());
        let current = known.iter().filter(|known| known.berth.is_of(&self.epoch)).count();
        (current < self.max_runtimes).then(|| self.build(&mut known))
    }

    fn build(&self, known: &mut Vec<Known>) -> io::Result<Arc<Slot>> {
        let slot = Arc::new(Slot::build(&self.blueprint, &self.epoch, &self.alive)?);
        known.push(Known { berth: Arc::clone(&slot.berth), slot: Arc::downgrade(&slot) });
        warden::watch();
        Ok(slot)
    }

    /// One that others use. It gets a keeper: with two owners nobody could say whose turn it is.
    fn share(&self) -> Option<Arc<Slot>> {
        // A copy: the last reference to a runtime must not be dropped under the lock.
        let known = self.known().clone();
        let start = self.next_shared.fetch_add(1, Ordering::Relaxed);
        let turns = (0..known.len()).map(|turn| &known[(start + turn) % known.len()]);
        let current = turns.filter(|known| known.berth.is_of(&self.epoch));
        let mut slots = current.filter_map(|known| known.slot.upgrade());
        let used = slots.find(|slot| slot.berth.add_owner());
        let slot = used.or_else(|| self.pool.take(&self.epoch))?;
        self.keep(&slot);
        Some(slot)
    }

    /// Gives `slot` a keeper, if it has none.
    pub(crate) fn keep(&self, slot: &Arc<Slot>) {
        self.follow(slot, slot.handover().keep());
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
        let keeper = thread::Builder::new().name(format!("{}/keeper", self.blueprint.name));
        let (driven, gate) = (Arc::clone(slot), sync::Arc::clone(&self.gate));
        let keep = move || {
            if !driven.drive_until_closed() {
                gate.wake_all();
            }
        };
        match keeper.spawn(keep) {
            Ok(_) => {
                self.keepers_hired.fetch_add(1, Ordering::Relaxed);
            }
            Err(_) => resign(slot),
        }
    }

    pub(crate) fn runtimes(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    pub(crate) fn keepers_hired(&self) -> u64 {
        self.keepers_hired.load(Ordering::Relaxed)
    }

    /// Closes what waits in the pool.
    pub(crate) fn drain(&self) {
        self.pool.drain();
    }

    fn known(&self) -> MutexGuard<'_, Vec<Known>> {
        ignore_poison(self.known.lock())
    }
}

impl Monitored for Fleet {
    fn visit(&self, now: Instant) -> Option<Duration> {
        let known = self.known().clone();
        let mut next_round = ignore_poison(self.next_round.lock());
        // The warden may have been woken before it is time for a round.
        if now >= *next_round {
            *next_round = now + self.interval();
            // Whatever is to be watched is found below.
            let wanted = known.iter().filter(|known| known.berth.handover.tick() == Next::Hire);
            wanted.filter_map(|known| known.slot.upgrade()).for_each(|slot| self.hire(&slot));
        }
        let is_watched = known.iter().any(|known| known.berth.handover.is_unattended());
        is_watched.then(|| *next_round - now)
    }

    fn interval(&self) -> Duration {
        self.blueprint.grace / ROUNDS.into()
    }
}

/// A runtime, not held: the last reference may be anybody's, and its drop runs the destructors of tasks.
#[derive(Clone, Debug)]
struct Known {
    berth: Arc<Berth>,
    slot: Weak<Slot>,
}

/// No keeper could be started for `slot`. The warden tries again.
fn resign(slot: &Slot) {
    if slot.handover().unkeep() == Next::Watch {
        warden::watch();
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        // What was inherited by a forked child is left alone.
        if !self.gate.is_inherited() {
            self.drain();
        }
    }
}
