//! Several threads poll one scope, with a wake at every point of their polls.

use std::future::poll_fn;
use std::task::Poll;

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread;

use crate::scope::waiters::Waiters;

/// Waits for an event. The flag is `Relaxed`, so that only the waiters' lock publishes it.
fn wait(shared: &(Waiters, AtomicBool)) {
    let (waiters, event) = shared;
    block_on(poll_fn(|cx| {
        waiters
            .poll(cx.waker(), || if event.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending })
    }));
}

/// Waits on `pollers` threads for an event that another thread causes.
fn model(pollers: usize) {
    loom::model(move || {
        let shared = Arc::new((Waiters::default(), AtomicBool::new(false)));
        let others: Vec<_> = (1..pollers)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || wait(&shared))
            })
            .collect();
        let waker = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.store(true, Relaxed);
                shared.0.wake();
            })
        };
        wait(&shared);
        waker.join().unwrap();
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// Mutants: `waiters-ask-before-they-register`, `waiters-are-not-woken`.
#[test]
fn a_wake_at_any_point_of_a_poll_is_heard() {
    model(1);
}

/// Mutants: `waiters-one-is-woken`.
#[test]
fn a_wake_is_heard_by_all_who_wait() {
    model(2);
}
