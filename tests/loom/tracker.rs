//! A shutdown, while calls begin, wait and end.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Release};
use loom::thread;

use crate::cache::map::PerThreadMap;
use crate::runtime::state::Generation;
use crate::runtime::tracker::{CallToken, CallTracker};

/// Waits have no timeout in loom: a wait that is not woken is a deadlock, which loom reports.
const FOREVER: Duration = Duration::from_secs(3600);

/// A call that waits until it is cancelled.
fn wait_forever(token: &CallToken) {
    block_on(poll_fn(
        |cx| if token.is_cancelled(cx.waker()) { Poll::Ready(()) } else { Poll::Pending },
    ));
}

/// Runs `call` and `shutdown` at the same time.
fn model(call: fn(&Arc<CallTracker>), shutdown: fn(&CallTracker)) {
    loom::model(move || {
        let tracker = Arc::new(CallTracker::new());
        let caller = thread::spawn({
            let tracker = Arc::clone(&tracker);
            move || call(&tracker)
        });
        shutdown(&tracker);
        caller.join().unwrap();
        assert!(tracker.wait_until_empty(FOREVER));
    });
}

/// Mutants: `tracker-cancel-wakes-nobody`, `tracker-asks-before-it-registers`.
#[test]
fn a_call_that_waits_is_cancelled() {
    model(
        |tracker| {
            if let Some(token) = CallToken::enter(tracker) {
                wait_forever(&token);
            }
        },
        |tracker| {
            tracker.close();
            tracker.cancel();
        },
    );
}

/// Mutants: `tracker-left-in-silence`.
#[test]
fn the_wait_until_empty_ends_when_the_last_token_is_dropped() {
    model(
        |tracker| drop(CallToken::enter(tracker)),
        |tracker| {
            tracker.close();
            assert!(tracker.wait_until_empty(FOREVER));
        },
    );
}

/// Mutants: `tracker-lets-in-always`.
#[test]
fn nobody_enters_once_the_tracker_is_closed() {
    loom::model(|| {
        let tracker = Arc::new(CallTracker::new());
        let closed = Arc::new(AtomicBool::new(false));
        let caller = thread::spawn({
            let (tracker, closed) = (Arc::clone(&tracker), Arc::clone(&closed));
            move || {
                let is_later = closed.load(Acquire);
                assert!(CallToken::enter(&tracker).is_none() || !is_later, "it was closed");
            }
        });
        tracker.close();
        closed.store(true, Release);
        caller.join().unwrap();
    });
}

/// Mutants: `map-late-one-stays`, `map-version-asked-late`.
#[test]
fn a_shutdown_leaves_nothing_in_the_map() {
    loom::model(|| {
        let tracker = Arc::new(CallTracker::new());
        let (generation, per_thread) =
            (Arc::new(Generation::default()), Arc::new(PerThreadMap::new()));
        let caller = thread::spawn({
            let (tracker, generation, per_thread) =
                (Arc::clone(&tracker), Arc::clone(&generation), Arc::clone(&per_thread));
            move || {
                let make = || CallToken::enter(&tracker).ok_or(());
                drop(per_thread.get_or_make(&generation, 7, |_| true, make));
            }
        });
        tracker.close();
        generation.reset();
        per_thread.clear();
        assert!(tracker.wait_until_empty(FOREVER));
        caller.join().unwrap();
    });
}
