//! No runtime is left undriven while its owner, the monitor and those who request a driver thread act at the same
//! time.

use std::future::poll_fn;

use loom::future::block_on;
use loom::sync::atomic::Ordering::Relaxed;
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::runtime::monitor::SleepFlag;
use crate::runtime::state::{Generation, Next, State};

/// A runtime that has just been built, and its monitor.
struct World {
    state: State,
    sleep: SleepFlag,
    spawned: AtomicUsize,
}

impl World {
    fn new() -> Arc<World> {
        let world = World {
            state: State::new(Generation::default().current()),
            sleep: SleepFlag::asleep(),
            spawned: AtomicUsize::new(0),
        };
        world.follow(Next::Watch);
        Arc::new(world)
    }

    fn follow(&self, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Watch => self.sleep.wake_with(|| {}),
            Next::Start => {
                self.spawned.fetch_add(1, Relaxed);
            }
        }
    }

    /// A call that parks once, and may leave tasks behind.
    fn call(&self, tasks_live: bool) {
        let ((), next) = self.state.while_parked(|_| thread::yield_now());
        self.follow(next);
        if tasks_live {
            self.follow(self.state.request_driver());
        }
    }

    /// Runs the monitor until it sleeps. `ticks` may be fewer than there is need for.
    fn run_monitor(&self, ticks: usize) {
        for _ in 0..ticks {
            if !self.tick() && self.sleep.rest(|| self.tick()) {
                return;
            }
        }
    }

    fn tick(&self) -> bool {
        let next = self.state.tick();
        self.follow(next);
        next == Next::Watch || self.state.is_watched()
    }

    /// Asserts that exactly one driver thread drives, or that the monitor is awake and will look.
    fn assert_driven_or_watched(&self) {
        let spawned = self.spawned.load(Relaxed);
        if self.state.is_background() {
            assert_eq!(spawned, 1, "driver threads were spawned for one runtime");
        } else {
            assert_eq!(spawned, 0, "a driver thread was spawned for a runtime that is not kept");
            assert!(!self.sleep.is_asleep(), "nobody drives, and the monitor sleeps");
        }
    }
}

/// Runs two threads to their end, and asserts that the runtime is driven or watched.
fn model(one: fn(&World), other: fn(&World)) {
    loom::model(move || {
        let world = World::new();
        let shared = Arc::clone(&world);
        let thread = thread::spawn(move || one(&shared));
        other(&world);
        thread.join().unwrap();
        world.assert_driven_or_watched();
    });
}

/// Mutants: `state-end-unwatched`, `state-end-misses-the-tick`, `sleep-rests-unasked`, `state-tick-takes-driven`.
#[test]
fn an_owner_that_calls_while_the_monitor_ticks() {
    model(|world| world.run_monitor(3), |world| world.call(false));
}

/// Mutants: `state-end-unwatched`.
#[test]
fn an_owner_that_calls_twice_while_the_monitor_falls_asleep() {
    model(
        |world| world.run_monitor(2),
        |world| {
            world.call(false);
            world.call(false);
        },
    );
}

/// Mutants: `state-end-unchecked`, `state-request-always-spawns`.
#[test]
fn an_owner_that_leaves_tasks_while_a_driver_is_requested() {
    model(|world| world.call(true), |world| world.follow(world.state.request_driver()));
}

/// Mutants: `state-request-tries-once`.
#[test]
fn a_driver_that_is_requested_is_spawned_whatever_the_owner_does() {
    loom::model(|| {
        let world = World::new();
        let shared = Arc::clone(&world);
        let owner = thread::spawn(move || {
            shared.call(false);
            shared.call(false);
        });
        world.follow(world.state.request_driver());
        assert!(world.state.is_background(), "nobody was spawned");
        owner.join().unwrap();
        world.assert_driven_or_watched();
    });
}

/// Mutants: `state-request-always-spawns`.
#[test]
fn the_monitor_and_an_exit_spawn_one_driver_between_them() {
    model(|world| world.run_monitor(3), |world| world.follow(world.state.request_driver()));
}

/// Mutants: `state-end-unchecked`, `state-tick-marks-unchecked`.
#[test]
fn what_is_closed_stays_closed() {
    loom::model(|| {
        let world = World::new();
        let (owner, monitor) = (Arc::clone(&world), Arc::clone(&world));
        let owner = thread::spawn(move || owner.call(true));
        let monitor = thread::spawn(move || monitor.run_monitor(2));
        assert!(world.state.close());
        assert!(!world.state.close(), "closed twice");
        owner.join().unwrap();
        monitor.join().unwrap();
        assert!(world.state.is_closed());
    });
}

/// Mutants: `state-closed-takes-calls`.
#[test]
fn what_is_closed_takes_no_calls() {
    loom::model(|| {
        let generation = Generation::default();
        let world = World::new();
        let closer = Arc::clone(&world);
        let closer = thread::spawn(move || closer.state.close());
        if world.state.is_closed() {
            assert!(!world.state.is_of(&generation), "it is closed, and is to be used");
        }
        closer.join().unwrap();
    });
}

/// A runtime whose owner blocks in a poll until a driver thread has served what it waits for.
struct Blocked {
    world: World,
    served: Mutex<bool>,
    changed: Condvar,
}

impl Blocked {
    fn new() -> Arc<Blocked> {
        let world = World {
            state: State::new(Generation::default().current()),
            sleep: SleepFlag::asleep(),
            spawned: AtomicUsize::new(0),
        };
        Arc::new(Blocked { world, served: Mutex::new(false), changed: Condvar::new() })
    }

    /// A spawned driver thread serves what the owner waits for.
    fn follow(&self, next: Next) {
        match next {
            Next::Nothing => {}
            Next::Watch => self.world.sleep.wake_with(|| {
                // Takes the lock, so that a monitor that looked just before is asleep by now.
                drop(self.served.lock().unwrap());
                self.changed.notify_all();
            }),
            Next::Start => {
                *self.served.lock().unwrap() = true;
                self.changed.notify_all();
            }
        }
    }

    fn owner(&self) {
        let ((), next) = self.world.state.while_parked(|_| thread::yield_now());
        self.follow(next);
        // The poll blocks.
        let mut served = self.served.lock().unwrap();
        while !*served {
            served = self.changed.wait(served).unwrap();
        }
    }

    /// Ticks as long as there is something to watch, and then sleeps until it is woken.
    fn monitor(&self) {
        loop {
            if *self.served.lock().unwrap() {
                return;
            }
            if !self.tick() && self.world.sleep.rest(|| self.tick()) {
                let mut served = self.served.lock().unwrap();
                while !*served && self.world.sleep.is_asleep() {
                    served = self.changed.wait(served).unwrap();
                }
            }
        }
    }

    fn tick(&self) -> bool {
        let next = self.world.state.tick();
        self.follow(next);
        next == Next::Watch
    }
}

/// Mutants: `owner-drives-while-it-polls`, `state-end-unwatched`.
#[test]
fn an_owner_that_blocks_in_a_poll_is_served_by_a_driver() {
    loom::model(|| {
        let blocked = Blocked::new();
        blocked.follow(Next::Watch);
        let shared = Arc::clone(&blocked);
        let owner = thread::spawn(move || shared.owner());
        blocked.monitor();
        owner.join().unwrap();
    });
}

/// A runtime that has a driver thread.
struct Threaded {
    state: State,
    /// Whether the driver thread drives.
    drives: Mutex<bool>,
    changed: Condvar,
}

impl Threaded {
    fn new() -> Arc<Threaded> {
        let state = State::new(Generation::default().current());
        assert_eq!(state.request_driver(), Next::Start);
        assert!(!state.start_thread(), "it has to be spawned");
        Arc::new(Threaded { state, drives: Mutex::new(false), changed: Condvar::new() })
    }

    /// As `LocalRuntime::drive_until_closed`.
    fn driver_thread(&self) {
        while !self.state.is_closed() {
            block_on(poll_fn(|cx| {
                let driving = self.state.poll_driving(cx);
                *self.drives.lock().unwrap() = driving.is_pending();
                self.changed.notify_all();
                driving
            }));
            block_on(poll_fn(|cx| self.state.poll_sleeping(cx)));
        }
    }

    fn wait_until(&self, drives: bool) {
        let mut now = self.drives.lock().unwrap();
        while *now != drives {
            now = self.changed.wait(now).unwrap();
        }
    }
}

/// Mutants: `state-take-back-in-silence`, `state-thread-not-woken`, `state-driving-asks-first`,
/// `state-sleeping-asks-first`, `state-close-in-silence`.
#[test]
fn a_driver_thread_gives_the_driver_back_and_gets_it_again() {
    loom::model(|| {
        let runtime = Threaded::new();
        let shared = Arc::clone(&runtime);
        let driver_thread = thread::spawn(move || shared.driver_thread());
        assert_eq!(runtime.state.take_back(&Generation::default()), Next::Nothing);
        let ((), next) = runtime.state.while_parked(|drives| {
            assert!(drives);
            runtime.wait_until(false);
        });
        assert_eq!(next, Next::Watch);
        assert_eq!(runtime.state.request_driver(), Next::Start);
        assert!(runtime.state.start_thread(), "it has been spawned");
        runtime.wait_until(true);
        runtime.state.close();
        driver_thread.join().unwrap();
    });
}

/// The owner takes the driver back while `depend` makes others depend on the driver thread.
fn take_back_while(depend: fn(&State, &Generation)) {
    loom::model(move || {
        let generation = Generation::default();
        let shared = Arc::new((State::new(generation.current()), generation));
        assert_eq!(shared.0.request_driver(), Next::Start);
        let other = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                depend(&shared.0, &shared.1);
                let _ = shared.0.request_driver();
            }
        });
        let (state, generation) = &*shared;
        if !state.is_shared_or_old(generation) {
            let _ = state.take_back(generation);
        }
        other.join().unwrap();
        assert!(state.is_background(), "others depend on a driver thread, and there is none");
    });
}

/// Mutants: `state-take-back-unasked`, `state-take-back-asks-first`.
#[test]
fn a_driver_that_is_taken_back_is_there_for_a_new_owner() {
    take_back_while(|state, _| assert!(state.add_owner()));
}

/// Mutants: `state-take-back-unasked`, `state-take-back-asks-first`.
#[test]
fn a_driver_that_is_taken_back_is_there_after_a_reset() {
    take_back_while(|_, generation| generation.reset());
}

/// One request cannot spawn the thread. Another one, after the owner has taken the driver back, may find that it need
/// not spawn it.
///
/// Mutants: `state-not-spawned-in-silence`, `state-not-spawned-late`.
#[test]
fn a_driver_thread_that_cannot_be_spawned_is_not_relied_on() {
    loom::model(|| {
        let state = Arc::new(State::new(Generation::default().current()));
        let shared = Arc::clone(&state);
        let other = thread::spawn(move || {
            assert_eq!(shared.take_back(&Generation::default()), Next::Nothing);
            shared.request_driver() == Next::Start && !shared.start_thread()
        });
        if state.request_driver() == Next::Start && !state.start_thread() {
            let _ = state.not_spawned();
        }
        let is_spawned = other.join().unwrap();
        assert!(is_spawned || !state.is_background(), "nobody drives, and nobody looks");
    });
}

/// Two calls end at the same time, and neither can start the monitor that it needs. The next call on either
/// runtime must try again.
///
/// Mutants: `sleep-gives-up-in-silence`, `sleep-tells-before-it-gives-up`.
#[test]
fn a_monitor_that_cannot_be_started_is_tried_again() {
    struct Failing {
        sleep: SleepFlag,
        runtimes: [State; 2],
    }

    impl Failing {
        fn call(&self, runtime: usize) {
            let ((), next) = self.runtimes[runtime].while_parked(|_| ());
            if next == Next::Watch {
                let tell = || self.runtimes.iter().for_each(State::not_watched);
                self.sleep.wake_with(|| self.sleep.give_up(tell));
            }
        }
    }

    loom::model(|| {
        let runtimes = [(); 2].map(|()| State::new(Generation::default().current()));
        let world = Arc::new(Failing { sleep: SleepFlag::asleep(), runtimes });
        let other = Arc::clone(&world);
        let other = thread::spawn(move || other.call(1));
        world.call(0);
        other.join().unwrap();
        assert!(world.sleep.is_asleep(), "nobody would try again");
        assert!(world.runtimes.iter().all(State::is_due), "nothing shows that it is not watched");
    });
}

/// The monitor is asked to stop, and falls asleep while a call leaves something to watch.
///
/// Mutants: `sleep-retires-unasked`.
#[test]
fn a_monitor_that_ends_is_started_again() {
    struct Ending {
        sleep: SleepFlag,
        work: AtomicBool,
        /// The monitor's thread, if there is one, and whether it was unparked.
        running: Mutex<Option<bool>>,
    }

    impl Ending {
        fn call(&self) {
            self.work.store(true, Relaxed);
            // Whether or not there was a monitor, from now on there is one that looks.
            self.sleep.wake_with(|| *self.running.lock().unwrap() = Some(true));
        }

        /// Runs until the monitor sleeps. Returns whether it has found the work.
        fn monitor(&self) -> bool {
            loop {
                let has_found = || self.work.load(Relaxed);
                if !self.sleep.rest(has_found) {
                    return true;
                }
                if self.sleep.retire(&mut self.running.lock().unwrap()) {
                    return false;
                }
            }
        }
    }

    loom::model(|| {
        let ending = Arc::new(Ending {
            sleep: SleepFlag::asleep(),
            work: AtomicBool::new(false),
            running: Mutex::new(Some(false)),
        });
        let shared = Arc::clone(&ending);
        let caller = thread::spawn(move || shared.call());
        let has_found = ending.monitor();
        caller.join().unwrap();
        let looks_again = *ending.running.lock().unwrap() == Some(true);
        assert!(has_found || looks_again, "nobody looks after what the call has left");
    });
}
