//! A sync caller can give up: `wait_timeout` and `wait_until` end at their deadline, wherever they are called.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{current_thread, echo, multi_thread, within_a_minute};
use smartasync::{Bridge, Context, WaitError, WaitErrorKind, block_on, context, smartasync};
use tokio::runtime::{Builder, Handle};
use tokio::time::sleep;

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(3600);

#[smartasync]
async fn forever() {
    pending().await
}

#[smartasync]
async fn answer() -> u32 {
    sleep(Duration::from_millis(1)).await;
    42
}

/// One wait that ends at its deadline, and one that ends before it.
fn ends_by_its_deadline_and_before_it() {
    let start = Instant::now();
    let error = forever().wait_timeout(SHORT).unwrap_err();
    assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    assert!(error.has_begun());
    assert!(start.elapsed() >= SHORT, "it gave up after {:?}", start.elapsed());
    assert_eq!(answer().wait_timeout(LONG).unwrap(), 42);
}

fn assert_timed_out<T: std::fmt::Debug, C>(result: Result<T, WaitError<C>>) {
    assert_eq!(result.map_err(|error| error.kind()).unwrap_err(), WaitErrorKind::TimedOut);
}

/// Reports its drop: on which thread, in which context, and whether there was a current runtime.
struct TellsItsEnd(Sender<(thread::ThreadId, Context, bool)>);

impl Drop for TellsItsEnd {
    fn drop(&mut self) {
        let runtime = Handle::try_current().is_ok();
        self.0.send((thread::current().id(), context(), runtime)).unwrap();
    }
}

#[test]
fn a_plain_thread() {
    within_a_minute(|_| ends_by_its_deadline_and_before_it());
}

#[test]
fn blocking_threads_of_both_runtimes() {
    within_a_minute(|stage| {
        for (flavour, runtime) in [("current", current_thread()), ("multi", multi_thread())] {
            stage.at(flavour);
            runtime.block_on(async {
                tokio::task::spawn_blocking(ends_by_its_deadline_and_before_it).await.unwrap();
            });
        }
    });
}

#[test]
fn a_blocking_section() {
    within_a_minute(|_| {
        let task = async { tokio::task::block_in_place(ends_by_its_deadline_and_before_it) };
        let runtime = multi_thread();
        runtime.block_on(runtime.spawn(task)).unwrap();
    });
}

#[test]
fn threads_that_have_entered_a_runtime() {
    within_a_minute(|stage| {
        for (flavour, runtime) in [("current", current_thread()), ("multi", multi_thread())] {
            stage.at(flavour);
            let _entered = runtime.enter();
            ends_by_its_deadline_and_before_it();
        }
    });
}

#[test]
fn every_kind_of_bridge() {
    within_a_minute(|stage| {
        let runtime = multi_thread();
        for (kind, bridge) in [
            ("private", Bridge::builder().build()),
            #[cfg(feature = "rt-multi-thread")]
            ("private, shared threads", Bridge::builder().shared_threads(1).build()),
            #[cfg(feature = "rt-multi-thread")]
            ("shared", Bridge::shared()),
            ("handle", Bridge::from_handle(runtime.handle().clone())),
        ] {
            stage.at(kind);
            assert_timed_out(forever().on(&bridge).wait_timeout(SHORT));
            assert_timed_out(bridge.call(pending::<()>()).wait_timeout(SHORT));
            assert_eq!(answer().on(&bridge).wait_timeout(LONG).unwrap(), 42);
        }
    });
}

#[test]
fn a_runtime_that_nobody_drives_or_that_has_no_clock() {
    within_a_minute(|stage| {
        let undriven = current_thread();
        let no_clock = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        for (kind, runtime) in [("undriven", undriven), ("no clock", no_clock)] {
            stage.at(kind);
            let bridge = Bridge::from_handle(runtime.handle().clone());
            assert_timed_out(forever().on(&bridge).wait_timeout(SHORT));
        }
    });
}

#[test]
fn beside_a_driver_thread() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().build();
        bridge.block_on(async { drop(tokio::spawn(sleep(LONG))) });
        stage.at("the driver thread starts");
        while bridge.stats().driver_threads == 0 {
            thread::yield_now();
        }
        for round in 0..20 {
            stage.at(format!("round {round}"));
            assert_timed_out(forever().on(&bridge).wait_timeout(Duration::from_millis(2)));
            assert_eq!(bridge.call(echo(7)).wait_timeout(LONG).unwrap().unwrap(), 7);
        }
        assert_eq!(bridge.stats().driver_threads, 1);
    });
}

#[test]
fn async_code_gets_its_call_back() {
    let handed_back = multi_thread().block_on(async {
        let error = answer().within(LONG).try_wait().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
        error.into_call().unwrap().await
    });
    assert_eq!(handed_back, 42);
}

#[test]
fn the_error_says_what_was_waited_for_and_how_long() {
    within_a_minute(|_| {
        let error = forever().wait_timeout(SHORT).unwrap_err();
        assert_eq!(error.name(), "forever");
        let message = error.to_string();
        assert!(message.contains("`forever` at tests/it/deadline.rs:"), "{message}");
        assert!(message.contains("timed out after "), "{message}");
        assert!(error.into_call().is_none());
    });
}

#[test]
fn zero_and_past_deadlines_poll_once() {
    within_a_minute(|_| {
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = || {
            let polls = Arc::clone(&polls);
            Bridge::per_thread().call(poll_fn(move |cx| {
                polls.fetch_add(1, Ordering::Relaxed);
                cx.waker().wake_by_ref();
                Poll::<()>::Pending
            }))
        };
        assert_timed_out(counted().wait_timeout(Duration::ZERO));
        assert_eq!(polls.swap(0, Ordering::Relaxed), 1);
        assert_timed_out(counted().wait_until(Instant::now() - Duration::from_secs(1)));
        assert_eq!(polls.load(Ordering::Relaxed), 1);

        let ready = Bridge::per_thread().call(async { 7 });
        assert_eq!(ready.wait_timeout(Duration::ZERO).unwrap(), 7);
    });
}

#[test]
fn the_longest_limit_is_none() {
    within_a_minute(|_| assert_eq!(answer().wait_timeout(Duration::MAX).unwrap(), 42));
}

#[test]
fn the_future_is_dropped_by_the_caller_inside_the_runtime() {
    within_a_minute(|stage| {
        let runtime = multi_thread();
        for (kind, bridge) in [
            ("per thread", Bridge::per_thread()),
            ("private", Bridge::builder().build()),
            #[cfg(feature = "rt-multi-thread")]
            ("shared", Bridge::shared()),
            ("handle", Bridge::from_handle(runtime.handle().clone())),
        ] {
            stage.at(kind);
            is_dropped_in_place(&bridge);
        }
        for (kind, runtime) in [("multi", multi_thread()), ("current", current_thread())] {
            stage.at(format!("a blocking thread of a {kind}-thread runtime"));
            let job = runtime.spawn_blocking(|| is_dropped_in_place(&Bridge::per_thread()));
            runtime.block_on(job).unwrap();
        }
    });
}

/// The future is dropped in place, both at its deadline and at its end.
fn is_dropped_in_place(bridge: &Bridge) {
    is_dropped_in_place_with::<1>(bridge);
    // Large enough to be on the heap in a debug build.
    is_dropped_in_place_with::<{ 17 * 1024 }>(bridge);
}

fn is_dropped_in_place_with<const SIZE: usize>(bridge: &Bridge) {
    let (ended, ends) = channel();
    let holds_a_guard = |is_ready: bool| {
        let (guard, bytes) = (TellsItsEnd(ended.clone()), [0_u8; SIZE]);
        bridge.call(poll_fn(move |_| {
            let _held = (&guard, &bytes);
            if is_ready { Poll::Ready(()) } else { Poll::Pending }
        }))
    };
    assert_timed_out(holds_a_guard(false).wait_timeout(SHORT));
    holds_a_guard(true).wait();
    for _ in 0..2 {
        let end = ends.try_recv().expect("it is dropped before the caller goes on");
        assert_eq!(end, (thread::current().id(), Context::Async, true), "{bridge:?}");
    }
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn no_task_keeps_the_clock() {
    within_a_minute(|stage| {
        let is_over = Arc::new(AtomicUsize::new(0));
        let blocks_its_worker = {
            let is_over = Arc::clone(&is_over);
            async move {
                while is_over.load(Ordering::Acquire) == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        };
        Bridge::shared().block_on(async { drop(tokio::spawn(blocks_its_worker)) });
        stage.at("a runtime that is busy for as long as the caller waits");
        assert_timed_out(forever().on(&Bridge::shared()).wait_timeout(SHORT));
        let runtime = multi_thread();
        let waits = || assert_timed_out(forever().wait_timeout(SHORT));
        runtime.block_on(runtime.spawn_blocking(waits)).unwrap();
        is_over.store(1, Ordering::Release);
    });
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn a_blocking_section_that_the_bridge_opens() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().nested(smartasync::Nested::BlockInPlace).build();
        let task = async move { assert_timed_out(forever().on(&bridge).wait_timeout(SHORT)) };
        let runtime = multi_thread();
        runtime.block_on(runtime.spawn(task)).unwrap();
    });
}

#[test]
fn the_last_instant_that_there_is() {
    within_a_minute(|_| {
        let mut last = Instant::now();
        for exponent in (0..64).rev() {
            last = last.checked_add(Duration::from_secs(1 << exponent)).unwrap_or(last);
        }
        assert_eq!(answer().wait_until(last).unwrap(), 42);
    });
}

#[test]
fn calls_with_the_same_deadline_all_end_there() {
    within_a_minute(|_| {
        let end = Instant::now() + 5 * SHORT;
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_timed_out(forever().wait_until(end)));
            }
        });
    });
}

#[test]
fn a_loop_that_never_waits_for_anything_but_yields_is_interrupted() {
    within_a_minute(|_| {
        let busy = async {
            loop {
                tokio::task::consume_budget().await;
            }
        };
        assert_timed_out(Bridge::per_thread().call(busy).wait_timeout(SHORT));
    });
}

#[test]
fn a_panic_in_the_dropped_future_reaches_the_caller_and_the_runtime_stays() {
    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }

    within_a_minute(|_| {
        let future = async {
            let _panics = Panics;
            pending::<()>().await;
        };
        let call = Bridge::per_thread().call(future);
        let wait = std::panic::AssertUnwindSafe(|| drop(call.wait_timeout(SHORT)));
        let payload = std::panic::catch_unwind(wait).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"dropped"));
        assert_eq!(answer().wait(), 42);
        assert_eq!(context(), Context::Sync);
    });
}

#[test]
fn a_late_wake_of_a_dropped_future_wakes_no_later_call() {
    within_a_minute(|_| {
        let (sender, wakers) = channel();
        let keeps_its_waker = poll_fn(move |cx| {
            sender.send(cx.waker().clone()).unwrap();
            Poll::<()>::Pending
        });
        assert_timed_out(Bridge::per_thread().call(keeps_its_waker).wait_timeout(SHORT));
        let late = wakers.recv().unwrap();

        let mut polls = 0;
        block_on(async {
            let mut nap = std::pin::pin!(sleep(SHORT));
            poll_fn(|cx| {
                polls += 1;
                late.wake_by_ref();
                nap.as_mut().poll(cx)
            })
            .await;
        });
        assert_eq!(polls, 2);
    });
}

#[test]
fn what_a_timed_out_call_has_begun_goes_on() {
    within_a_minute(|_| {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let future = async {
            tokio::spawn(async {
                sleep(SHORT * 2).await;
                sender.send(7)
            });
            pending::<()>().await;
        };
        assert_timed_out(Bridge::per_thread().call(future).wait_timeout(SHORT));
        assert_eq!(receiver.blocking_recv(), Ok(7));
    });
}

#[test]
fn a_shutdown_comes_before_the_deadline() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().build();
        let worker = thread::spawn({
            let bridge = bridge.clone();
            move || forever().on(&bridge).wait_timeout(LONG).map_err(|error| error.kind())
        });
        stage.at("the call begins");
        while bridge.stats().calls_on_own_runtime == 0 {
            thread::yield_now();
        }
        stage.at("shutdown");
        bridge.shutdown(SHORT);
        assert_eq!(worker.join().unwrap(), Err(WaitErrorKind::Shutdown));
    });
}
