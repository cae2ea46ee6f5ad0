//! A shutdown beside calls that begin, wait and end.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::thread;

use crate::cache::instance::Instances;
use crate::exec::gate::{Gate, Pass};

/// Loom's waits have no end: one that is not woken is a deadlock, and loom reports it.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// A call that waits until it is cut short.
fn wait_for_ever(pass: &Pass) {
    block_on(poll_fn(|cx| if pass.is_cut(cx.waker()) { Poll::Ready(()) } else { Poll::Pending }));
}

/// Runs `call` beside `shutdown`.
fn model(call: fn(&Arc<Gate>), shutdown: fn(&Gate)) {
    loom::model(move || {
        let gate = Arc::new(Gate::new());
        let caller = thread::spawn({
            let gate = Arc::clone(&gate);
            move || call(&gate)
        });
        shutdown(&gate);
        caller.join().unwrap();
        assert!(gate.wait_until_empty(FOR_EVER));
    });
}

/// Mutants: `gate-cut-wakes-nobody`, `gate-asks-before-it-registers`.
#[test]
fn a_call_that_waits_is_cut_short() {
    model(
        |gate| {
            if let Some(pass) = Pass::enter(gate) {
                wait_for_ever(&pass);
            }
        },
        |gate| {
            gate.close();
            gate.cut();
        },
    );
}

/// Mutants: `gate-left-in-silence`.
#[test]
fn who_waits_for_the_last_to_leave_is_told() {
    model(
        |gate| drop(Pass::enter(gate)),
        |gate| {
            gate.close();
            assert!(gate.wait_until_empty(FOR_EVER));
        },
    );
}

/// Mutants: `gate-lets-in-always`.
#[test]
fn nobody_enters_once_the_gate_is_closed() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        let closed = Arc::new(AtomicBool::new(false));
        let caller = thread::spawn({
            let (gate, closed) = (Arc::clone(&gate), Arc::clone(&closed));
            move || {
                let is_later = closed.load(Acquire);
                assert!(Pass::enter(&gate).is_none() || !is_later, "it was closed");
            }
        });
        gate.close();
        closed.store(true, Release);
        caller.join().unwrap();
    });
}

/// Mutants: `instance-late-one-stays`.
#[test]
fn a_shutdown_leaves_nothing_in_the_map() {
    loom::model(|| {
        let gate = Arc::new(Gate::new());
        let instances = Arc::new(Instances::new());
        let caller = thread::spawn({
            let (gate, instances) = (Arc::clone(&gate), Arc::clone(&instances));
            move || drop(instances.get_or_make(7, |_| true, || Pass::enter(&gate).ok_or(())))
        });
        gate.close();
        instances.reset();
        assert!(gate.wait_until_empty(FOR_EVER));
        caller.join().unwrap();
    });
}
