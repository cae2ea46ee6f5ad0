//! With `Nested::Park` a scheduler's poll waits for a call, and Tokio wakes what yields only after that poll.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use smartasync::{Bridge, Nested, smartasync};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task;
use tokio::time::sleep;

use crate::support::{current_thread, multi_thread, within_a_minute};

const SHORT: Duration = Duration::from_millis(1);

fn shared(threads: usize) -> Bridge {
    Bridge::builder().shared_threads(threads).nested(Nested::Park).build()
}

#[smartasync]
async fn calls(body: impl FnOnce()) {
    body();
}

#[test]
fn a_yield_goes_on_where_the_mark_hides_the_scheduler() {
    within_a_minute(|_| {
        let bridge = shared(1);
        let inside = || current_thread().block_on(async { bridge.block_on(task::yield_now()) });
        pollster::block_on(async { calls(inside).await });
    });
}

#[cfg(feature = "concurrent")]
#[test]
fn the_calls_of_a_scope_and_of_a_buffer_yield() {
    async fn yields(number: u32) -> u32 {
        for _ in 0..3 {
            task::yield_now().await;
        }
        sleep(SHORT).await;
        task::yield_now().await;
        number
    }

    within_a_minute(|stage| {
        let bridge = shared(1);
        for runtime in [multi_thread(), current_thread()] {
            runtime.block_on(async {
                stage.at("scope");
                let sum = bridge.scope(|s| {
                    let (one, two) = (s.spawn(yields(1)), s.spawn(yields(2)));
                    two.join() + one.join()
                });
                assert_eq!(sum, 3);
                stage.at("buffered");
                let answers = smartasync::buffered((0..8).map(yields), 3).on(&bridge);
                assert_eq!(answers.collect::<Vec<_>>(), Vec::from_iter(0..8));
                stage.at("buffer_unordered");
                let answers = smartasync::buffer_unordered((0..8).map(yields), 3).on(&bridge);
                assert_eq!(answers.sum::<u32>(), 28);
            });
        }
    });
}

#[test]
fn a_yield_before_an_inner_call_is_not_forgotten() {
    within_a_minute(|_| {
        let (outer, inner) = (shared(1), shared(1));
        current_thread().block_on(async {
            let mut has_yielded = false;
            outer.block_on(async {
                let mut yields = pin!(task::yield_now());
                poll_fn(|cx| {
                    let polled = yields.as_mut().poll(cx);
                    inner.block_on(task::yield_now());
                    has_yielded |= polled.is_pending();
                    polled
                })
                .await;
            });
            assert!(has_yielded);
        });
    });
}

/// What an inner call has deferred is not taken for a yield of the outer one, which would be polled in vain.
#[test]
fn a_call_is_polled_when_it_is_woken_though_its_polls_make_calls() {
    within_a_minute(|_| {
        let (outer, inner) = (shared(1), shared(1));
        let mut polls = 0;
        current_thread().block_on(async {
            outer.block_on(async {
                let mut nap = pin!(sleep(50 * SHORT));
                poll_fn(|cx| {
                    polls += 1;
                    inner.block_on(task::yield_now());
                    nap.as_mut().poll(cx)
                })
                .await;
            });
        });
        assert!(polls <= 5, "{polls} polls of one timer");
    });
}

#[test]
fn the_hooks_are_not_told_of_a_call_that_yields() {
    within_a_minute(|_| {
        let parks = Arc::new(AtomicUsize::new(0));
        let count = {
            let parks = Arc::clone(&parks);
            move || {
                parks.fetch_add(1, SeqCst);
            }
        };
        let builder = Bridge::builder().shared_threads(1).nested(Nested::Park);
        let bridge = builder.on_park(count).build();
        for runtime in [multi_thread(), current_thread()] {
            runtime.block_on(async {
                bridge.block_on(async {
                    for _ in 0..10 {
                        task::yield_now().await;
                    }
                });
            });
            assert_eq!(parks.load(SeqCst), 0);
        }
    });
}

#[test]
fn a_check_runs_in_the_callers_runtime() {
    within_a_minute(|_| {
        let bridge = shared(1);
        for runtime in [multi_thread(), current_thread()] {
            runtime.block_on(async {
                let never = bridge.call(std::future::pending::<()>());
                let seen = never.wait_with(SHORT, || ControlFlow::Break(Handle::current().id()));
                assert_eq!(seen, ControlFlow::Break(runtime.handle().id()));
            });
        }
    });
}

/// The worker that leaves the driver for a task is the one that would take it again.
#[test]
fn the_timers_of_a_runtime_go_on_while_one_of_its_workers_is_blocked() {
    within_a_minute(|stage| {
        let bridge = shared(1);
        for round in 0..20 {
            stage.at(format!("round {round}"));
            let runtime = multi_thread();
            let (sender, receiver) = oneshot::channel();
            runtime.spawn(async move {
                sleep(30 * SHORT).await;
                sender.send(42).unwrap();
            });
            let bridge = bridge.clone();
            let blocks = runtime.spawn(async move {
                sleep(10 * SHORT).await;
                bridge.block_on(receiver).unwrap()
            });
            assert_eq!(runtime.block_on(blocks).unwrap(), 42);
        }
    });
}

/// In a blocking section of a root future the token of the thread is the root's too.
#[test]
fn a_hook_that_panics_takes_no_wake_of_the_root() {
    within_a_minute(|_| {
        let builder = Bridge::builder().shared_threads(1).on_unpark(|| panic!("in a hook"));
        let bridge = builder.build();
        multi_thread().block_on(async {
            tokio::join!(task::yield_now(), async {
                let call = || bridge.block_on(async { sleep(20 * SHORT).await });
                let panics = || catch_unwind(AssertUnwindSafe(call)).is_err();
                assert!(task::block_in_place(panics));
            });
        });
    });
}
