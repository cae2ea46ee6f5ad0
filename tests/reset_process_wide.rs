//! Resets of the process-wide bridge. These tests have a process of their own, because a reset affects every
//! thread.

mod support;

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::thread;

use smartasync::{Bridge, block_on, reset};
use tokio::runtime::{Handle, Id};

use support::{multi_thread, within_a_minute};

/// A reset in one test affects the other, and tests run at the same time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn id() -> Id {
    block_on(async { Handle::current().id() })
}

#[test]
fn no_thread_uses_what_it_had_before_a_reset() {
    let _turn = ONE_AT_A_TIME.lock();
    within_a_minute(|_| {
        let before = id();
        thread::scope(|scope| {
            scope.spawn(|| Bridge::per_thread().reset()).join().unwrap();
        });
        let after = id();
        assert_ne!(before, after);
        assert_eq!(after, id(), "what is made after a reset is kept");

        for forget in [reset, || Bridge::per_thread().reset()] {
            let during = block_on(async {
                let during = Handle::current().id();
                forget();
                during
            });
            assert_ne!(during, id(), "a call brought back what was reset while it ran");
        }
    });
}

#[test]
fn a_reset_ends_the_runtime_of_its_thread_and_not_the_next_call() {
    let _turn = ONE_AT_A_TIME.lock();
    within_a_minute(|_| {
        for forget in [reset, || Bridge::per_thread().reset()] {
            let held = Arc::new(());
            let task = Arc::clone(&held);
            block_on(async move {
                tokio::spawn(async move {
                    let _held = task;
                    pending::<()>().await;
                });
            });
            forget();
            // The driver thread may drop it a moment later.
            while Arc::strong_count(&held) > 1 {
                thread::yield_now();
            }
        }
    });
}

#[test]
fn a_reset_in_async_code_on_a_thread_that_has_made_no_call_does_nothing() {
    let _turn = ONE_AT_A_TIME.lock();
    within_a_minute(|_| {
        multi_thread().block_on(async {
            tokio::spawn(async {
                reset();
                Bridge::per_thread().reset();
            })
            .await
            .unwrap();
        });
    });
}
