//! The first of two calls to end counts, and the other is dropped in the runtime.

use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::mpsc::channel;
use std::time::Duration;

use smartasync::{Bridge, WaitErrorKind, block_on, race, smartasync};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::support::{SaysGoodbye, multi_thread, within_a_minute};

#[smartasync]
async fn after(millis: u64) -> u64 {
    sleep(Duration::from_millis(millis)).await;
    millis
}

#[test]
fn the_first_of_two_counts() {
    within_a_minute(|_| {
        assert_eq!(race(after(60_000), after(1)).wait(), 1);
        assert_eq!(race(after(1), after(60_000)).wait(), 1);
        assert_eq!(race(ready(1), ready(2)).wait(), 1);
        assert_eq!(race(pending(), race(pending(), ready(3))).wait(), 3);
        assert_eq!(multi_thread().block_on(race(after(60_000), after(1)).into_future()), 1);
        let error = race(pending::<()>(), pending()).wait_timeout(Duration::from_millis(1));
        assert_eq!(error.unwrap_err().kind(), WaitErrorKind::TimedOut);
        assert_eq!(race(ready(1), ready(2)).name(), "smartasync::race");
        assert_eq!(race(after(1), pending()).on(&Bridge::builder().build()).wait(), 1);
    });
}

#[test]
fn calls_in_a_race_borrow() {
    within_a_minute(|_| {
        let (mut one, two) = (String::from("one"), String::from("two"));
        let length = race(
            async {
                one.push('!');
                one.len()
            },
            async {
                after(60_000).await;
                two.len()
            },
        );
        assert_eq!(length.wait(), 4);
        assert_eq!(one, "one!");
    });
}

#[test]
fn the_one_that_has_lost_is_dropped_in_the_runtime() {
    within_a_minute(|_| {
        let (dropped, tasks) = channel();
        let goodbye = SaysGoodbye(dropped);
        let loses = async move {
            let _goodbye = goodbye;
            after(60_000).await
        };
        assert_eq!(race(loses, after(1)).wait(), 1);
        assert_eq!(tasks.recv().unwrap().id(), block_on(async { Handle::current().id() }));
    });
}

#[test]
fn a_panic_of_either_reaches_the_caller_and_drops_the_other() {
    struct Drops<'a>(&'a Cell<u32>);

    impl Drop for Drops<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    within_a_minute(|_| {
        let dropped = Cell::new(0);
        let panics = async || -> u64 {
            let _drops = Drops(&dropped);
            after(1).await;
            panic_any(7_u32)
        };
        let other = async || {
            let _drops = Drops(&dropped);
            after(60_000).await
        };
        let payload =
            catch_unwind(AssertUnwindSafe(|| race(panics(), other()).wait())).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&7_u32));
        let payload =
            catch_unwind(AssertUnwindSafe(|| race(other(), panics()).wait())).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&7_u32));
        assert_eq!(dropped.get(), 4);
    });
}

/// A future that uses up its budget in each poll must not keep the other one from being ready.
#[test]
fn neither_starves_the_other() {
    within_a_minute(|_| {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let mut busy = async || {
            sender.send(()).unwrap();
            while receiver.recv().await.is_some() {
                sender.send(()).unwrap();
            }
            0
        };
        assert_eq!(race(busy(), after(10)).wait(), 10);
        assert_eq!(race(after(10), busy()).wait(), 10);
    });
}
