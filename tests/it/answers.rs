//! The answers of many calls, some at a time: in order or as they come, and none is lost.

#![cfg(feature = "concurrent")]

use std::cell::Cell;
use std::collections::HashSet;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use smartasync::{
    Answers, Bridge, Context, WaitErrorKind, block_on, buffer_unordered, buffered, context,
    smartasync,
};
use tokio::runtime::Handle;
use tokio::time::sleep;

use crate::rows;
use crate::support::{SaysGoodbye, within_a_minute};

#[derive(Debug, PartialEq)]
struct Payload(u64);

#[smartasync]
async fn after(millis: u64) -> u64 {
    sleep(Duration::from_millis(millis)).await;
    millis
}

#[test]
fn answers_come_in_the_order_of_the_calls_or_in_that_of_their_ends() {
    within_a_minute(|_| {
        let millis = [60, 1, 120, 30];
        assert!(buffered(millis.map(after), 4).eq(millis));
        assert!(buffer_unordered(millis.map(after), 4).eq([1, 30, 60, 120]));
        assert!(buffer_unordered(millis.map(after), 1).eq(millis));
    });
}

#[test]
fn they_come_wherever_sync_code_may_block() {
    fn row() {
        assert!(buffered((1..=5).rev().map(after), 3).eq((1..=5).rev()));
        let unordered: HashSet<_> = buffer_unordered((1..=5).map(after), 3).collect();
        assert_eq!(unordered, HashSet::from_iter(1..=5));
    }

    within_a_minute(|stage| rows::where_it_may_block(stage, row));
}

#[test]
fn they_are_refused_in_async_code_and_none_is_lost() {
    fn row() {
        let mut answers = thread::spawn(|| {
            let mut answers = buffered((0..5).map(after), 2);
            assert_eq!(answers.next(), Some(0));
            answers
        })
        .join()
        .unwrap();
        assert_eq!(answers.try_next().unwrap_err().kind(), WaitErrorKind::AsyncContext);
        let limited = answers.try_next_timeout(Duration::from_secs(9)).unwrap_err();
        assert_eq!(limited.kind(), WaitErrorKind::AsyncContext);
        let refused = catch_unwind(AssertUnwindSafe(|| answers.next())).unwrap_err();
        let refused = refused.downcast::<String>().unwrap();
        assert!(refused.starts_with("cannot wait for `smartasync::buffered` at "), "{refused}");
        let rest = thread::spawn(move || answers.collect::<Vec<_>>());
        assert_eq!(rest.join().unwrap(), [1, 2, 3, 4]);
    }

    within_a_minute(|stage| rows::where_it_must_not(stage, row));
}

#[test]
fn no_more_calls_run_than_the_limit_and_no_fewer() {
    within_a_minute(|stage| {
        for is_ordered in [true, false] {
            for limit in [1, 3, 8, 100] {
                stage.at(format!("limit {limit}, in order: {is_ordered}"));
                let (running, most, made) = (Cell::new(0), Cell::new(0), Cell::new(0));
                let calls = (0..40_u64).map(|number| {
                    made.set(made.get() + 1);
                    let (running, most) = (&running, &most);
                    async move {
                        running.set(running.get() + 1);
                        most.set(most.get().max(running.get()));
                        after(number * 7 % 5).await;
                        running.set(running.get() - 1);
                        number
                    }
                });
                let make = if is_ordered { buffered } else { buffer_unordered };
                let mut answers = make(calls, limit);
                assert_eq!(made.get(), 0, "it is lazy");
                assert_eq!(answers.size_hint(), (40, Some(40)));
                let first = answers.next().unwrap();
                assert_eq!(made.get(), limit.min(40));
                assert_eq!(answers.size_hint(), (39, Some(39)));
                let all: HashSet<_> = answers.by_ref().chain([first]).collect();
                assert_eq!(all, HashSet::from_iter(0..40));
                assert_eq!(most.get(), limit.min(40));
                assert_eq!((answers.next(), answers.size_hint()), (None, (0, Some(0))));
            }
        }
        let refused = catch_unwind(|| drop(buffered([pending::<()>()], 0))).unwrap_err();
        assert!(refused.downcast::<String>().unwrap().contains("limit of zero"));
    });
}

#[test]
fn many_calls_take_the_time_of_few() {
    within_a_minute(|_| {
        let begin = Instant::now();
        assert_eq!(buffer_unordered((0..1_000).map(|_| after(10)), 500).sum::<u64>(), 10_000);
        println!("1,000 calls that sleep 10 ms, 500 at a time: {:?}", begin.elapsed());
        assert!(begin.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn what_makes_the_calls_is_sync_code_that_may_wait() {
    within_a_minute(|_| {
        let pages = (1..=4).map(|number| {
            assert_eq!(context(), Context::Sync);
            after(after(number).wait())
        });
        let entries = buffered(pages, 2).flat_map(|page| [page, page]).map(after);
        assert!(buffered(entries, 3).eq([1, 1, 2, 2, 3, 3, 4, 4]));
    });
}

#[test]
fn a_panic_comes_in_the_place_of_its_answer() {
    within_a_minute(|_| {
        let calls = || {
            (0..6).map(async |number| {
                after(6 - number).await;
                if number == 2 {
                    panic_any(Payload(number));
                }
                number
            })
        };
        let mut answers = buffered(calls(), 6);
        assert_eq!((answers.next(), answers.next()), (Some(0), Some(1)));
        let payload = catch_unwind(AssertUnwindSafe(|| answers.next())).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&Payload(2)));
        assert!(answers.eq([3, 4, 5]));

        let mut answers = buffer_unordered(calls(), 6);
        let mut came = Vec::new();
        let mut panics = 0;
        loop {
            match catch_unwind(AssertUnwindSafe(|| answers.next())) {
                Ok(Some(answer)) => came.push(answer),
                Ok(None) => break,
                Err(_) => panics += 1,
            }
        }
        came.sort_unstable();
        assert_eq!((came.as_slice(), panics), ([0, 1, 3, 4, 5].as_slice(), 1));
    });
}

#[test]
fn a_timeout_leaves_the_calls_as_they_are() {
    within_a_minute(|_| {
        let begun = Cell::new(0);
        let calls = (0..3).map(|_| {
            begun.set(begun.get() + 1);
            after(60)
        });
        let mut answers = buffered(calls, 2);
        let mut timeouts = 0;
        let answer = loop {
            match answers.try_next_timeout(Duration::from_millis(5)) {
                Ok(answer) => break answer,
                Err(error) => assert_eq!(error.kind(), WaitErrorKind::TimedOut),
            }
            timeouts += 1;
        };
        assert_eq!((answer, begun.get()), (Some(60), 2));
        assert!(timeouts > 0);
        assert_eq!(answers.count(), 2);
    });
}

#[test]
fn calls_that_are_not_done_are_dropped_inside_the_runtime() {
    within_a_minute(|_| {
        let own = block_on(async { Handle::current().id() });
        let (dropped, tasks) = channel();
        let mut answers = buffer_unordered(
            [1, 60_000].map(|millis| {
                let goodbye = SaysGoodbye(dropped.clone());
                async move {
                    let _goodbye = goodbye;
                    after(millis).await
                }
            }),
            2,
        );
        assert_eq!(answers.next(), Some(1));
        assert_eq!(tasks.recv().unwrap().id(), own);
        drop(answers);
        assert_eq!(tasks.recv().unwrap().id(), own);
    });
}

#[test]
fn they_come_through_a_bridge() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let there = bridge.block_on(async { Handle::current().id() });
        let calls = [(); 3].map(async |()| Handle::current().id());
        assert!(buffered(calls, 2).on(&bridge).all(|id| id == there));
        assert!(bridge.shutdown(Duration::from_secs(9)).calls_ended);
        let error = buffered([async {}], 1).on(&bridge).try_next().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::Shutdown);
    });
}

#[test]
fn it_borrows_and_is_send_when_its_calls_are() {
    fn assert_send<T: Send + Unpin + std::iter::FusedIterator>(value: T) -> T {
        value
    }

    let numbers = [1, 2, 3];
    let answers: Answers<_> = buffered(numbers.iter().map(async |number| *number + 1), 2);
    assert!(assert_send(answers).eq([2, 3, 4]));
}
