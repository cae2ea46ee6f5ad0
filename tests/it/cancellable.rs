//! A token ends the waits of sync callers from outside.

#![cfg(feature = "tokio-util")]

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::support::{current_thread, multi_thread, within_a_minute};
use smartasync::{Bridge, WaitErrorKind, smartasync};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

#[smartasync]
async fn wait_forever(started: impl FnOnce()) {
    started();
    pending().await
}

#[smartasync]
async fn answer() -> u32 {
    sleep(Duration::from_millis(1)).await;
    42
}

/// Cancels the token from another thread, when the caller is parked.
fn cancel_soon(token: &CancellationToken) {
    let token = token.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(10));
        token.cancel();
    });
}

#[test]
fn all_waits_end_when_the_token_is_cancelled() {
    within_a_minute(|stage| {
        for round in 0..100 {
            stage.at(format!("round {round}"));
            let token = CancellationToken::new();
            let (started, starts) = channel();
            thread::scope(|scope| {
                let workers = [(); 4].map(|()| {
                    let (token, started) = (token.child_token(), started.clone());
                    scope.spawn(move || {
                        let call = wait_forever(|| started.send(()).unwrap());
                        call.wait_cancellable(&token).unwrap_err().kind()
                    })
                });
                // In half of the rounds all of them have begun; in the others that is left open.
                if round % 2 == 0 {
                    starts.iter().take(4).for_each(drop);
                }
                token.cancel();
                for worker in workers {
                    assert_eq!(worker.join().unwrap(), WaitErrorKind::Cancelled);
                }
            });
        }
    });
}

#[test]
fn a_wait_on_a_blocking_thread_ends() {
    within_a_minute(|_| {
        let token = CancellationToken::new();
        let waits = {
            let token = token.clone();
            move || {
                let call = wait_forever(|| cancel_soon(&token));
                call.wait_cancellable(&token).unwrap_err().kind()
            }
        };
        let kind = multi_thread().block_on(async { tokio::task::spawn_blocking(waits).await });
        assert_eq!(kind.unwrap(), WaitErrorKind::Cancelled);
    });
}

#[test]
fn a_wait_on_a_runtime_that_nobody_drives_ends() {
    within_a_minute(|_| {
        let undriven = current_thread();
        let bridge = Bridge::from_handle(undriven.handle().clone());
        let token = CancellationToken::new();
        let call = wait_forever(|| cancel_soon(&token)).on(&bridge);
        assert_eq!(call.wait_cancellable(&token).unwrap_err().kind(), WaitErrorKind::Cancelled);
    });
}

#[test]
fn a_call_that_has_not_begun_is_handed_back() {
    within_a_minute(|_| {
        let token = CancellationToken::new();
        token.cancel();
        let error = answer().cancelled_by(&token).try_wait().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::Cancelled);
        let message = error.to_string();
        assert!(message.contains("`answer` at tests/it/cancellable.rs"), "{message}");
        assert!(message.contains("was not started"), "{message}");
        assert_eq!(error.into_call().unwrap().wait(), 42);
    });
}

#[test]
fn the_future_is_dropped_before_the_caller_goes_on() {
    struct SetOnDrop<'a>(&'a AtomicBool);

    impl Drop for SetOnDrop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    within_a_minute(|_| {
        let (token, is_dropped) = (CancellationToken::new(), AtomicBool::new(false));
        let guard = SetOnDrop(&is_dropped);
        let call = Bridge::per_thread().call(async {
            let _guard = guard;
            token.cancel();
            pending::<()>().await;
        });
        let error = call.wait_cancellable(&token).unwrap_err();
        assert!(is_dropped.load(Ordering::Relaxed));
        assert!(error.to_string().contains("was cut short"), "{error}");
    });
}

#[test]
fn a_loop_that_uses_up_its_budget_is_cancelled() {
    within_a_minute(|_| {
        let token = CancellationToken::new();
        let call = Bridge::per_thread().call(async {
            cancel_soon(&token);
            loop {
                tokio::task::consume_budget().await;
            }
        });
        let result: Result<(), _> = call.wait_cancellable(&token);
        assert_eq!(result.unwrap_err().kind(), WaitErrorKind::Cancelled);
    });
}

#[test]
fn a_token_that_nobody_cancels_changes_nothing() {
    within_a_minute(|_| {
        assert_eq!(answer().wait_cancellable(&CancellationToken::new()).unwrap(), 42);
    });
}

#[test]
fn async_code_gets_its_call_back() {
    multi_thread().block_on(async {
        let error = answer().cancelled_by(&CancellationToken::new()).try_wait().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
        assert_eq!(error.into_call().unwrap().await, 42);
    });
}
