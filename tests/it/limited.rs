//! Limits of calls combine, bridges have one for their calls, and what timed out can go on.

use std::error::Error;
use std::future::pending;
use std::panic::catch_unwind;
use std::pin::pin;
use std::time::{Duration, Instant};

use smartasync::{Bridge, Wait, WaitError, WaitErrorKind, smartasync};
use tokio::time::sleep;

use crate::support::{multi_thread, within_a_minute};

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(600);

#[smartasync]
async fn forever() {
    pending().await
}

#[smartasync]
async fn length(text: &str) -> Result<usize, std::io::Error> {
    sleep(SHORT).await;
    Ok(text.len())
}

#[test]
fn an_error_leaves_the_function_whose_local_the_call_borrows() {
    fn boxed(text: &str) -> Result<usize, Box<dyn Error + Send + Sync>> {
        let text = text.to_owned();
        Ok(length(&text).wait_timeout(LONG)??)
    }
    fn typed(text: &str) -> Result<(), WaitError> {
        let text = text.to_owned();
        length(&text).within(LONG).wait()?.unwrap();
        forever().wait_until(Instant::now())
    }
    within_a_minute(|_| {
        assert_eq!(boxed("four").unwrap(), 4);
        assert_eq!(typed("four").unwrap_err().kind(), WaitErrorKind::TimedOut);
    });
}

#[test]
fn of_two_deadlines_the_first_counts() {
    within_a_minute(|_| {
        let later = Instant::now() + LONG;
        for call in [
            forever().within(SHORT).until(later),
            forever().until(later).within(SHORT),
            forever().within(Duration::MAX).within(SHORT),
        ] {
            assert_eq!(call.wait().unwrap_err().kind(), WaitErrorKind::TimedOut);
        }
    });
}

#[cfg(feature = "tokio-util")]
#[test]
fn a_deadline_and_a_token_combine() {
    use tokio_util::sync::CancellationToken;

    within_a_minute(|stage| {
        for bridge in [
            Bridge::per_thread(),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::shared(),
            Bridge::builder().build(),
        ] {
            stage.at(format!("{bridge:?}"));
            let token = CancellationToken::new();
            let call = forever().on(&bridge).within(SHORT).cancelled_by(&token);
            assert_eq!(call.wait().unwrap_err().kind(), WaitErrorKind::TimedOut);
            let call = bridge.call(pending::<()>()).cancelled_by(&token).within(LONG);
            std::thread::scope(|scope| {
                let waits = scope.spawn(|| call.try_wait().unwrap_err());
                token.cancel();
                assert_eq!(waits.join().unwrap().kind(), WaitErrorKind::Cancelled);
            });
            let call = pending::<()>().within(LONG).cancelled_by(&token);
            assert_eq!(call.wait().unwrap_err().kind(), WaitErrorKind::Cancelled);
            let error = length("four").within(LONG).cancelled_by(&token).try_wait().unwrap_err();
            assert_eq!(error.into_call().expect("it has not begun").wait().unwrap(), 4);
        }
    });
}

#[test]
fn a_refused_call_with_limits_is_handed_back_only_by_try_wait() {
    multi_thread().block_on(async {
        let error = length("four").within(LONG).try_wait().unwrap_err();
        assert_eq!(error.into_call().unwrap().await.unwrap(), 4);
        let error = length("four").within(LONG).wait().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
        assert!(error.to_string().contains("cannot wait for `length`"), "{error}");
    });
}

#[test]
fn a_bridge_has_a_limit_for_calls_that_have_none() {
    within_a_minute(|stage| {
        for builder in [
            Bridge::builder(),
            Bridge::builder().driver_threads(false),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::builder().shared_threads(1),
        ] {
            let bridge = builder.timeout(SHORT).build();
            stage.at(format!("{bridge:?}"));
            let slow = || bridge.call(sleep_for(Duration::from_millis(50)));
            let never = || bridge.call(pending::<()>());
            assert_eq!(never().try_wait().unwrap_err().kind(), WaitErrorKind::TimedOut);
            assert_eq!(
                bridge.try_block_on(pending::<()>()).unwrap_err().kind(),
                WaitErrorKind::TimedOut
            );
            let panic = catch_unwind(|| never().wait()).unwrap_err();
            let message = panic.downcast_ref::<String>().unwrap();
            assert!(message.contains("`Bridge::call` at tests/it/limited.rs"), "{message}");
            assert!(message.contains("timed out after"), "{message}");
            assert!(message.contains("its bridge has a limit"), "{message}");
            let own = never().wait_timeout(SHORT).unwrap_err().to_string();
            assert!(!own.contains("bridge has"), "{own}");

            stage.at("a limit of its own");
            slow().wait_timeout(LONG).unwrap();
            slow().within(LONG).wait().unwrap();
            slow().within(Duration::MAX).wait().unwrap();
            slow().unlimited().wait().unwrap();
            slow().unlimited().try_wait().unwrap();
            assert_eq!(bridge.block_on(async { 42 }), 42);
        }
    });
}

async fn sleep_for(pause: Duration) {
    sleep(pause).await;
}

#[test]
fn a_future_that_timed_out_goes_on_where_it_was() {
    async fn counts_to_three() -> u32 {
        for _ in 0..3 {
            sleep(Duration::from_millis(5)).await;
        }
        3
    }
    #[smartasync]
    async fn decorated() -> u32 {
        counts_to_three().await
    }

    within_a_minute(|stage| {
        stage.at("pinned");
        let mut future = pin!(counts_to_three());
        let output = loop {
            match future.as_mut().wait_timeout(SHORT) {
                Ok(output) => break output,
                Err(error) => assert_eq!(error.kind(), WaitErrorKind::TimedOut),
            }
        };
        assert_eq!(output, 3);

        stage.at("a pinned call");
        let mut call = Box::pin(decorated());
        let output = loop {
            match call.as_mut().wait_timeout(SHORT) {
                Ok(output) => break output,
                Err(error) => assert_eq!(error.kind(), WaitErrorKind::TimedOut),
            }
        };
        assert_eq!(output, 3);
    });
}
