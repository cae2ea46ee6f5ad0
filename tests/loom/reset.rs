//! After a reset has returned, no later call uses what was kept before it.

use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::sync::{Arc, Mutex};
use loom::thread;

use crate::cache::instance::Instances;
use crate::cache::keep::Keep;
use crate::exec::epoch::{Epoch, Stamped};

/// What a reset tells the world, for the model to judge by. The beginning is told under a lock: a
/// relaxed load might miss it, and call a value old that is not.
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

/// A kept value. It knows whether it was begun before the reset was.
#[derive(Debug)]
struct Value {
    is_old: bool,
}

impl Value {
    fn make(reset: &Reset) -> Result<Value, ()> {
        let is_old = !*reset.begun.lock().unwrap();
        // Building takes time.
        thread::yield_now();
        Ok(Value { is_old })
    }
}

/// Two calls on a thread, while another thread resets. `call` gives what it used.
fn calls_beside_a_reset(
    reset: impl FnOnce() + Send + 'static,
    call: impl Fn(&Reset) -> Arc<Stamped<Value>>,
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

/// Mutants: `keep-without-check`, `epoch-not-counted`, `epoch-stamped-after`.
#[test]
fn what_a_thread_keeps() {
    loom::model(|| {
        let epoch = Arc::new(Epoch::default());
        let keep = Keep::new();
        let reset = Arc::clone(&epoch);
        calls_beside_a_reset(
            move || reset.reset(),
            |told| {
                let make = |_: Option<&_>| epoch.stamp(|| Value::make(told)).map(Arc::new);
                let kept = keep.get_or_make(|kept| epoch.is_current(kept), make).unwrap();
                thread::yield_now();
                Arc::clone(&kept)
            },
        );
    });
}

/// Mutants: `instance-late-one-stays`, `epoch-not-counted`, `epoch-stamped-after`,
/// `instance-epoch-not-reset`.
#[test]
fn what_a_bridge_keeps() {
    loom::model(|| {
        let instances = Arc::new(Instances::new());
        let reset = Arc::clone(&instances);
        calls_beside_a_reset(
            move || reset.reset(),
            |told| instances.get_or_make(7, |_| true, || Value::make(told)).unwrap(),
        );
    });
}

/// Mutants: `instance-not-cleared`.
#[test]
fn what_a_reset_forgets_is_dropped() {
    loom::model(|| {
        let instances = Arc::new(Instances::new());
        let kept = instances.get_or_make(7, |_| true, || Ok::<_, ()>(())).unwrap();
        let reset = Arc::clone(&instances);
        thread::spawn(move || reset.reset()).join().unwrap();
        assert!(Arc::try_unwrap(kept).is_ok(), "somebody still holds it");
    });
}
