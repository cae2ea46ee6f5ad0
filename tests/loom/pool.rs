//! Threads that begin, end and share, and the runtimes that move between them.

use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::SeqCst;
use loom::thread;

use crate::runtime::pool::{Pool, Pooled};
use crate::runtime::state::{Generation, State};

/// A runtime that detects misuse: it must not be closed while it is used, nor used by two threads that do not know
/// of each other.
#[derive(Debug)]
struct Model {
    state: State,
    users: AtomicUsize,
}

impl Model {
    fn new(generation: &Generation) -> Arc<Model> {
        Arc::new(Model { state: State::new(generation.current()), users: AtomicUsize::new(0) })
    }

    /// A call by a thread that is one of the owners.
    fn call(&self) {
        self.users.fetch_add(1, SeqCst);
        assert!(!self.state.is_closed(), "closed while it is used");
        self.users.fetch_sub(1, SeqCst);
    }

    fn call_alone(&self) {
        assert_eq!(self.users.fetch_add(1, SeqCst), 0, "two have it");
        thread::yield_now();
        self.users.fetch_sub(1, SeqCst);
    }
}

impl Pooled for Arc<Model> {
    fn is_fresh(&self) -> bool {
        true
    }

    fn is_useful(&self) -> bool {
        true
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn close(&self) {
        assert_eq!(self.users.load(SeqCst), 0, "closed while it is used");
        assert!(self.state.close(), "closed twice");
    }
}

/// A pool, and one runtime that is owned by the thread that makes them.
struct World {
    generation: Generation,
    pool: Pool<Arc<Model>>,
    runtime: Arc<Model>,
}

impl World {
    fn new() -> Arc<World> {
        let generation = Generation::default();
        let runtime = Model::new(&generation);
        Arc::new(World { generation, pool: Pool::new(), runtime })
    }

    /// The thread of an owner ends.
    fn exit(&self) {
        self.pool.give_back(&self.runtime, true, &self.generation, || ());
    }

    /// An owner gives the runtime up.
    fn give_up(&self) {
        self.pool.give_back(&self.runtime, false, &self.generation, || ());
    }

    /// A new thread takes a runtime from the pool, which is then its own.
    fn begin(&self) -> bool {
        let taken = self.pool.take(&self.generation);
        taken.is_some_and(|runtime| {
            runtime.call_alone();
            true
        })
    }

    fn reset(&self) {
        self.generation.reset();
        self.pool.drain();
    }
}

fn spawn(world: &Arc<World>, run: fn(&World)) -> thread::JoinHandle<()> {
    let world = Arc::clone(world);
    thread::spawn(move || run(&world))
}

/// Mutants: `pool-not-owned`.
#[test]
fn a_new_thread_takes_what_one_that_ends_leaves() {
    loom::model(|| {
        let world = World::new();
        let ending = spawn(&world, World::exit);
        let is_taken = world.begin();
        ending.join().unwrap();
        if is_taken {
            assert!(world.runtime.state.add_owner(), "it has an owner, and can be shared");
            assert!(!world.begin(), "it is in the pool and has an owner");
        } else {
            assert!(world.begin(), "it is lost");
        }
    });
}

#[test]
fn of_two_new_threads_one_takes_it() {
    loom::model(|| {
        let world = World::new();
        world.exit();
        let other = Arc::clone(&world);
        let other = thread::spawn(move || other.begin());
        let is_ours = world.begin();
        assert!(is_ours != other.join().unwrap(), "one runtime, one new owner");
    });
}

/// Mutants: `owners-caught-at-none`, `owners-last-is-anybody`.
#[test]
fn a_runtime_that_ends_is_not_shared() {
    loom::model(|| {
        let world = World::new();
        let owner = spawn(&world, World::give_up);
        if world.runtime.state.add_owner() {
            world.runtime.call();
            world.give_up();
        }
        owner.join().unwrap();
        assert!(world.runtime.state.is_closed(), "its last owner has gone");
    });
}

/// Mutants: `owners-last-is-anybody`.
#[test]
fn two_of_three_that_share_leave() {
    loom::model(|| {
        let world = World::new();
        assert!(world.runtime.state.add_owner() && world.runtime.state.add_owner());
        let one = spawn(&world, World::exit);
        let other = spawn(&world, World::give_up);
        world.runtime.call();
        one.join().unwrap();
        other.join().unwrap();
        world.runtime.call();
        assert!(!world.begin(), "it is in the pool and has an owner");
        world.give_up();
        assert!(world.runtime.state.is_closed());
    });
}

/// Mutants: `pool-takes-old`.
#[test]
fn what_goes_to_the_pool_beside_a_reset_is_not_taken_later() {
    loom::model(|| {
        let world = World::new();
        let ending = spawn(&world, World::exit);
        world.generation.reset();
        assert!(!world.begin(), "taken after the reset");
        ending.join().unwrap();
        assert!(!world.begin(), "taken after the reset");
    });
}

/// Mutants: `pool-keeps-what-came-late`.
#[test]
fn what_goes_to_the_pool_beside_a_reset_is_closed() {
    loom::model(|| {
        let world = World::new();
        let ending = spawn(&world, World::exit);
        world.reset();
        ending.join().unwrap();
        assert!(world.runtime.state.is_closed(), "it is left in the pool");
    });
}
