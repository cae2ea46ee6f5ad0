//! The three execution paths, decided at run time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use smartasync::{Bridge, Call, Outcome, smartasync};
use tokio::task;

use crate::support::{current_thread, multi_thread, within_a_minute};

#[smartasync]
async fn double(number: u32) -> u32 {
    task::yield_now().await;
    number * 2
}

#[test]
fn sync_code_gets_the_output() {
    within_a_minute(|_| {
        assert_eq!(double(2).dispatch().ready(), Some(4));
        let job = || double(3).dispatch().ready();
        let runtime = multi_thread();
        assert_eq!(runtime.block_on(async { task::spawn_blocking(job).await.unwrap() }), Some(6));
        let _guard = runtime.enter();
        assert_eq!(double(4).dispatch().ready(), Some(8));
    });
}

#[test]
fn async_code_gets_a_future() {
    within_a_minute(|_| {
        for runtime in [current_thread(), multi_thread()] {
            runtime.block_on(async {
                let outcome = double(2).dispatch();
                assert!(!outcome.is_ready());
                let Outcome::Pending(future) = outcome else { unreachable!() };
                assert_eq!(future.await, 4);
            });
        }
    });
}

#[test]
fn an_outcome_can_be_awaited_in_either_case() {
    within_a_minute(|_| {
        let ready = double(2).dispatch();
        assert!(ready.is_ready());
        current_thread().block_on(async {
            assert_eq!(ready.await, 4, "done before, in sync code");
            assert_eq!(double(3).dispatch().await, 6, "still to do");
        });
    });
}

#[test]
fn one_function_serves_callers_of_all_kinds_at_the_same_time() {
    fn dispatched(number: u32) -> Outcome<impl Future<Output = u32>> {
        Call::dispatch(double(number))
    }

    within_a_minute(|_| {
        let runtime = multi_thread();
        let tasks: Vec<_> = (0..100)
            .map(|number| runtime.spawn(async move { (dispatched(number).await, number) }))
            .collect();
        std::thread::scope(|scope| {
            for number in 0..4 {
                scope.spawn(move || {
                    (0..100).for_each(|_| {
                        assert_eq!(dispatched(number).ready(), Some(number * 2));
                    });
                });
            }
        });
        for task in tasks {
            let (doubled, number) = runtime.block_on(task).unwrap();
            assert_eq!(doubled, number * 2);
        }
    });
}

#[test]
fn a_call_that_cannot_run_at_all_panics_with_the_reason() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        bridge.shutdown(Duration::ZERO);
        let call = AssertUnwindSafe(double(2).on(&bridge));
        let payload = catch_unwind(|| { call }.0.dispatch()).unwrap_err();
        let message: &String = payload.downcast_ref().unwrap();
        assert!(
            message.contains("`double`") && message.contains("has been shut down"),
            "{message}"
        );
    });
}
