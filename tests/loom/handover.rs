//! No runtime is left alone: its owner, the warden and those who want a keeper, all at once.

use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::Relaxed;
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::exec::handover::{Handover, Next};
use crate::exec::vigil::Vigil;

/// A runtime that has just been built, and its warden.
struct World {
    handover: Handover,
    vigil: Vigil,
    hired: AtomicUsize,
}

impl World {
    fn new() -> Arc<World> {
        let world =
            World { handover: Handover::new(), vigil: Vigil::asleep(), hired: AtomicUsize::new(0) };
        world.follow(Next::Watch);
        Arc::new(world)
    }

    fn follow(&self, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Watch => self.vigil.call(|| {}),
            Next::Hire => {
                self.hired.fetch_add(1, Relaxed);
            }
        }
    }

    /// A call that parks once, and leaves tasks behind or not.
    fn call(&self, tasks_live: bool) {
        let ((), next) = self.handover.while_parked(|_| thread::yield_now());
        self.follow(next);
        if tasks_live {
            self.follow(self.handover.keep());
        }
    }

    /// The warden, until it sleeps; it may make fewer rounds than there is need for.
    fn make_rounds(&self, rounds: usize) {
        for _ in 0..rounds {
            if !self.round() && self.vigil.rest(|| self.round()) {
                return;
            }
        }
    }

    fn round(&self) -> bool {
        let next = self.handover.tick();
        self.follow(next);
        next == Next::Watch
    }

    /// A keeper drives, the only one, or the warden will come by.
    fn assert_looked_after(&self) {
        let hired = self.hired.load(Relaxed);
        if self.handover.is_kept() {
            assert_eq!(hired, 1, "keepers were hired for one runtime");
        } else {
            assert_eq!(hired, 0, "a keeper was hired for a runtime that is not kept");
            assert!(self.vigil.is_awake(), "nobody drives, and the warden sleeps");
        }
    }
}

/// Runs two threads to their end, and looks whether the runtime is looked after.
fn model(one: fn(&World), other: fn(&World)) {
    loom::model(move || {
        let world = World::new();
        let shared = Arc::clone(&world);
        let thread = thread::spawn(move || one(&shared));
        other(&world);
        thread.join().unwrap();
        world.assert_looked_after();
    });
}

/// Mutants: `handover-end-unwatched`, `vigil-rests-unasked`, `handover-tick-takes-driven`.
#[test]
fn an_owner_that_calls_while_the_warden_makes_its_rounds() {
    model(|world| world.make_rounds(3), |world| world.call(false));
}

/// Mutants: `handover-end-unwatched`.
#[test]
fn an_owner_that_calls_twice_while_the_warden_falls_asleep() {
    model(
        |world| world.make_rounds(2),
        |world| {
            world.call(false);
            world.call(false);
        },
    );
}

/// Mutants: `handover-end-unchecked`, `handover-keep-always-hires`.
#[test]
fn an_owner_that_leaves_tasks_while_a_keeper_is_wanted() {
    model(|world| world.call(true), |world| world.follow(world.handover.keep()));
}

/// Mutants: `handover-keep-tries-once`.
#[test]
fn a_keeper_that_is_wanted_is_hired_whatever_the_owner_does() {
    loom::model(|| {
        let world = World::new();
        let shared = Arc::clone(&world);
        let owner = thread::spawn(move || {
            shared.call(false);
            shared.call(false);
        });
        world.follow(world.handover.keep());
        assert!(world.handover.is_kept(), "nobody was hired");
        owner.join().unwrap();
        world.assert_looked_after();
    });
}

/// Mutants: `handover-keep-always-hires`.
#[test]
fn the_warden_and_an_exit_hire_one_keeper_between_them() {
    model(|world| world.make_rounds(3), |world| world.follow(world.handover.keep()));
}

/// Mutants: `handover-end-unchecked`.
#[test]
fn what_is_closed_stays_closed() {
    loom::model(|| {
        let world = World::new();
        let (owner, warden) = (Arc::clone(&world), Arc::clone(&world));
        let owner = thread::spawn(move || owner.call(true));
        let warden = thread::spawn(move || warden.make_rounds(2));
        assert!(world.handover.close());
        assert!(!world.handover.close(), "closed twice");
        owner.join().unwrap();
        warden.join().unwrap();
        assert!(world.handover.is_closed());
    });
}

/// A runtime whose owner blocks in a poll, until what it waits for has been served by a driver.
struct Blocked {
    world: World,
    served: Mutex<bool>,
    changed: Condvar,
}

impl Blocked {
    fn new() -> Arc<Blocked> {
        let world =
            World { handover: Handover::new(), vigil: Vigil::asleep(), hired: AtomicUsize::new(0) };
        Arc::new(Blocked { world, served: Mutex::new(false), changed: Condvar::new() })
    }

    /// A keeper that is hired drives, and serves what the owner waits for.
    fn follow(&self, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Watch => self.world.vigil.call(|| {
                // The lock, so that a warden who has looked a moment ago is asleep by now.
                drop(self.served.lock().unwrap());
                self.changed.notify_all();
            }),
            Next::Hire => {
                *self.served.lock().unwrap() = true;
                self.changed.notify_all();
            }
        }
    }

    fn owner(&self) {
        let ((), next) = self.world.handover.while_parked(|_| thread::yield_now());
        self.follow(next);
        // The poll blocks.
        let mut served = self.served.lock().unwrap();
        while !*served {
            served = self.changed.wait(served).unwrap();
        }
    }

    /// Makes rounds as long as there is something to watch, and then sleeps until it is called.
    fn warden(&self) {
        loop {
            if *self.served.lock().unwrap() {
                return;
            }
            if !self.round() && self.world.vigil.rest(|| self.round()) {
                let mut served = self.served.lock().unwrap();
                while !*served && !self.world.vigil.is_awake() {
                    served = self.changed.wait(served).unwrap();
                }
            }
        }
    }

    fn round(&self) -> bool {
        let next = self.world.handover.tick();
        self.follow(next);
        next == Next::Watch
    }
}

/// Mutants: `owner-drives-while-it-polls`, `handover-end-unwatched`.
#[test]
fn an_owner_that_blocks_in_a_poll_is_served_by_a_driver() {
    loom::model(|| {
        let blocked = Blocked::new();
        blocked.follow(Next::Watch);
        let shared = Arc::clone(&blocked);
        let owner = thread::spawn(move || shared.owner());
        blocked.warden();
        owner.join().unwrap();
    });
}
