//! `Wait` gives every future the methods of a call, and hides no method of a type that has its own.

use std::future::{Ready, pending, ready};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{echo, multi_thread, nothing, within_a_minute};
use smartasync::{Wait, WaitErrorKind, smartasync, try_block_on};
use tokio::process::Command;

const SHORT: Duration = Duration::from_millis(10);

async fn forever() {
    pending().await
}

/// A request that is built first and sent when it is awaited, as in many clients.
struct Request(u32);

impl IntoFuture for Request {
    type Output = u32;
    type IntoFuture = Ready<u32>;

    fn into_future(self) -> Ready<u32> {
        ready(self.0)
    }
}

#[test]
fn any_future_can_be_waited_for() {
    within_a_minute(|_| {
        assert_eq!(echo(7).wait().unwrap(), 7);
        assert_eq!(echo(7).try_wait().unwrap().unwrap(), 7);
        assert_eq!(Request(7).wait(), 7);
        let boxed: Box<dyn Future<Output = u32> + Unpin> = Box::new(ready(7));
        assert_eq!(boxed.wait_timeout(SHORT).unwrap(), 7);
    });
}

#[test]
fn any_wait_can_have_an_end() {
    within_a_minute(|_| {
        let error = forever().wait_timeout(SHORT).unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::TimedOut);
        let error = forever().wait_until(Instant::now()).unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    });
}

#[test]
fn the_error_names_the_function_and_the_caller() {
    within_a_minute(|_| {
        let message = forever().wait_timeout(SHORT).unwrap_err().to_string();
        assert!(message.contains("wait::forever"), "{message}");
        assert!(message.contains("tests/it/wait.rs"), "{message}");
    });
}

#[test]
fn a_future_keeps_a_wait_of_its_own_that_takes_it_by_value() {
    struct HasItsOwn;

    impl HasItsOwn {
        fn wait(self) -> &'static str {
            "its own"
        }
    }

    impl IntoFuture for HasItsOwn {
        type Output = &'static str;
        type IntoFuture = Ready<&'static str>;

        fn into_future(self) -> Ready<&'static str> {
            ready("the trait's")
        }
    }

    within_a_minute(|_| {
        assert_eq!(HasItsOwn.wait(), "its own");
        assert_eq!(Wait::wait(HasItsOwn), "the trait's");
    });
}

#[test]
fn async_code_gets_its_future_back() {
    multi_thread().block_on(async {
        let error = Request(7).try_wait().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
        assert_eq!(error.into_call().unwrap().await, 7);
        let error = ready(7).within(SHORT).try_wait().unwrap_err();
        assert_eq!(error.into_call().unwrap().await, 7);
        let error = try_block_on(ready(7)).unwrap_err();
        assert_eq!(error.into_call().unwrap().await, 7);
    });
}

#[test]
#[should_panic(expected = "use `.await` instead")]
fn async_code_must_not_wait() {
    multi_thread().block_on(async { ready(7).wait() });
}

#[test]
fn a_wait_of_a_type_of_its_own_stays_what_it_is() {
    #[smartasync]
    async fn answer() -> u32 {
        42
    }

    within_a_minute(|stage| {
        stage.at("a barrier");
        let barrier = Arc::new(Barrier::new(2));
        let other = thread::spawn({
            let barrier = Arc::clone(&barrier);
            move || barrier.wait().is_leader()
        });
        assert!(barrier.wait().is_leader() != other.join().unwrap());

        stage.at("a child of std");
        let mut child = nothing().spawn().unwrap();
        assert!(child.wait().unwrap().success());

        stage.at("a child of Tokio: its `wait` gives a future, which can be waited for");
        let run = async { Command::from(nothing()).spawn().unwrap().wait().await };
        assert!(run.wait().unwrap().success());

        stage.at("a barrier of Tokio");
        assert!(tokio::sync::Barrier::new(1).wait().wait().is_leader());

        stage.at("a call");
        assert_eq!(answer().wait(), 42);
        let _kept: Result<u32, smartasync::WaitError<smartasync::Call<_>>> = answer().try_wait();
    });
}
