//! After a reset has returned, no later call uses what was kept before it.

use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::cache::map::PerThreadMap;
use crate::cache::thread::Cached;
use crate::runtime::state::{Generation, State};

/// Records the beginning and the end of a reset, for the model's assertions. The beginning is recorded under a
/// lock: with an atomic flag, a relaxed load could miss it and take a new value for an old one.
#[derive(Debug, Default)]
struct Reset {
    begun: Mutex<bool>,
    returned: AtomicBool,
}

impl Reset {
    fn perform(&self, reset: impl FnOnce()) {
        *self.begun.lock().unwrap() = true;
        reset();
        self.returned.store(true, Release);
    }
}

/// A kept runtime. It knows whether its building began before the reset.
#[derive(Debug)]
struct Runtime {
    is_old: bool,
    state: State,
}

impl Runtime {
    fn build(generation: &Generation, reset: &Reset) -> Result<Runtime, ()> {
        let made_in = generation.current();
        let is_old = !*reset.begun.lock().unwrap();
        // Building takes time.
        thread::yield_now();
        Ok(Runtime { is_old, state: State::new(made_in) })
    }
}

/// Makes two calls while another thread resets. `call` returns what it used.
fn calls_beside_a_reset(
    reset: impl FnOnce() + Send + 'static,
    call: impl Fn(&Reset) -> Arc<Runtime>,
) {
    let told = Arc::new(Reset::default());
    let resetter = thread::spawn({
        let told = Arc::clone(&told);
        move || told.perform(reset)
    });
    for _ in 0..2 {
        let is_later = told.returned.load(Acquire);
        let used = call(&told);
        assert!(!(is_later && used.is_old), "a call used what was kept before the reset");
    }
    resetter.join().unwrap();
    assert!(!call(&told).is_old, "the last call is later than the reset");
}

/// Mutants: `cached-without-check`, `generation-not-counted`.
#[test]
fn what_a_thread_keeps() {
    loom::model(|| {
        let generation = Arc::new(Generation::default());
        let keep: Cached<Arc<Runtime>> = Cached::new();
        let reset = Arc::clone(&generation);
        calls_beside_a_reset(
            move || reset.reset(),
            |told| {
                let make = |_: Option<&_>| Runtime::build(&generation, told).map(Arc::new);
                let kept = keep.get(|kept| kept.state.is_of(&generation));
                let kept = kept.unwrap_or_else(|| keep.renew(make).unwrap());
                thread::yield_now();
                Arc::clone(&kept)
            },
        );
    });
}

/// Mutants: `generation-not-counted`.
#[test]
fn what_a_bridge_keeps() {
    loom::model(|| {
        let generation = Arc::new(Generation::default());
        let per_thread = Arc::new(PerThreadMap::new());
        let reset = (Arc::clone(&generation), Arc::clone(&per_thread));
        calls_beside_a_reset(
            move || {
                reset.0.reset();
                reset.1.clear();
            },
            |told| {
                let is_good = |kept: &Runtime| kept.state.is_of(&generation);
                let build = || Runtime::build(&generation, told);
                per_thread.get_or_make(&generation, 7, is_good, build).unwrap()
            },
        );
    });
}

/// Mutants: `map-not-cleared`.
#[test]
fn what_a_reset_forgets_is_dropped() {
    loom::model(|| {
        let per_thread = Arc::new(PerThreadMap::new());
        let make = || Ok::<_, ()>(());
        let kept = per_thread.get_or_make(&Generation::default(), 7, |_| true, make).unwrap();
        let cleared = Arc::clone(&per_thread);
        thread::spawn(move || cleared.clear()).join().unwrap();
        assert!(Arc::try_unwrap(kept).is_ok(), "somebody still holds it");
    });
}
