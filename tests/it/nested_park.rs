//! A call in a blocking section of a root future consumes no wake-up of that future.

use std::time::Duration;

use smartasync::{Bridge, smartasync};
use tokio::task;

use crate::support::{multi_thread, within_a_minute};

#[smartasync]
async fn suspends() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// `yield_now` wakes the root future during its poll. The call that follows in the same poll parks on the same
/// thread, and must not consume that wake-up.
#[test]
fn a_wake_of_the_root_future_outlives_a_call_in_a_blocking_section() {
    within_a_minute(|stage| {
        let runtime = multi_thread();
        for round in 0..100 {
            stage.at(format!("round {round}"));
            runtime.block_on(async {
                tokio::join!(task::yield_now(), async {
                    task::block_in_place(|| suspends().wait());
                });
            });
        }
    });
}

/// Here the call parks while the driver thread of its runtime drives.
#[test]
fn a_wake_of_the_root_future_outlives_a_call_on_a_runtime_that_is_driven() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().build();
        bridge.block_on(async { drop(task::spawn(std::future::pending::<()>())) });
        let runtime = multi_thread();
        for round in 0..20 {
            stage.at(format!("round {round}"));
            runtime.block_on(async {
                tokio::join!(task::yield_now(), async {
                    task::block_in_place(|| suspends().on(&bridge).wait());
                });
            });
        }
    });
}

#[test]
fn a_wake_of_the_root_future_outlives_a_call_that_panics() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            tokio::join!(task::yield_now(), async {
                task::block_in_place(|| {
                    let call = || {
                        smartasync::block_on(async {
                            suspends().await;
                            panic!("in the body")
                        })
                    };
                    std::panic::catch_unwind(call).unwrap_err();
                });
            });
        });
    });
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn a_wake_of_an_unconstrained_root_outlives_a_call() {
    within_a_minute(|_| {
        multi_thread().block_on(task::unconstrained(async {
            tokio::join!(task::yield_now(), async { suspends().wait() });
        }));
    });
}
