//! A call that was polled, and then is waited for, goes on.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use smartasync::{Bridge, Call, Wait, WaitErrorKind, smartasync};
use tokio::runtime::{Handle, Id};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::support::{TellsItsEnd, current_thread, multi_thread, within_a_minute};

/// Returns on which runtimes its two polls were made.
#[smartasync(boxed)]
async fn two_polls() -> (Id, Id) {
    let first = Handle::current().id();
    yield_now().await;
    sleep(Duration::from_millis(1)).await;
    (first, Handle::current().id())
}

fn poll_once<F: Future + Unpin>(mut future: F) -> F {
    assert!(Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop())).is_pending());
    future
}

#[expect(
    clippy::async_yields_async,
    reason = "the call that has begun is wanted, and not its output"
)]
async fn poll_once_in_a_task<F: Future + Unpin + Send + 'static>(future: F) -> F {
    tokio::spawn(async { poll_once(future) }).await.unwrap()
}

/// The runtime of what belongs to no thread.
fn shared() -> Id {
    let task = Bridge::per_thread().spawn(async { Handle::current().id() });
    smartasync::block_on(task).unwrap()
}

#[test]
fn one_that_another_executor_has_begun_goes_on_through_the_default_bridge() {
    within_a_minute(|stage| {
        let own = smartasync::block_on(async { Handle::current().id() });
        let bridge = Bridge::builder().build();
        for before in [false, true] {
            stage.at("wait");
            let call = if before { two_polls().on(&bridge) } else { two_polls() };
            assert_eq!(poll_once(call).wait(), (shared(), own));
            stage.at("a bridge that is named too late");
            assert_eq!(poll_once(two_polls()).on(&bridge).wait(), (shared(), own));
            stage.at("wait_timeout");
            let limit = Duration::from_secs(30);
            assert_eq!(poll_once(two_polls()).wait_timeout(limit).unwrap(), (shared(), own));
        }
        assert_eq!(bridge.stats().calls_on_own_runtime, 0);
    });
}

#[test]
fn one_that_a_task_has_begun_goes_on_through_its_bridge() {
    within_a_minute(|_| {
        let (runtime, bridge) = (multi_thread(), Bridge::builder().build());
        let call = runtime.block_on(poll_once_in_a_task(two_polls().on(&bridge)));
        let on_bridge = bridge.block_on(async { Handle::current().id() });
        assert_eq!(call.wait(), (runtime.handle().id(), on_bridge));
    });
}

#[test]
fn one_that_a_wait_has_begun_goes_on_through_its_bridge() {
    within_a_minute(|_| {
        let (other, bridge) = (Bridge::builder().build(), Bridge::builder().build());
        let mut call = two_polls().on(&bridge);
        let polled = other.block_on(poll_fn(|cx| {
            assert!(Pin::new(&mut call).poll(cx).is_pending());
            Poll::Ready(Handle::current().id())
        }));
        let on_bridge = bridge.block_on(async { Handle::current().id() });
        assert_eq!(call.wait(), (polled, on_bridge));
    });
}

#[test]
fn one_that_a_root_future_has_begun_goes_on() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        #[expect(clippy::async_yields_async, reason = "the call that has begun is wanted")]
        let call = runtime.block_on(async { poll_once(two_polls()) });
        assert_eq!(call.wait().0, runtime.handle().id());
    });
}

#[test]
fn one_that_is_pinned_outlives_waits_that_time_out() {
    #[smartasync]
    async fn doubled(answer: &mut oneshot::Receiver<u32>, _guard: TellsItsEnd) -> u32 {
        2 * answer.await.unwrap()
    }

    within_a_minute(|_| {
        let (ended, ends) = channel();
        let (sender, mut answer) = oneshot::channel();
        let mut call = pin!(doubled(&mut answer, TellsItsEnd(ended)));
        for _ in 0..5 {
            let error = call.as_mut().wait_timeout(Duration::from_millis(1)).unwrap_err();
            assert_eq!(error.kind(), WaitErrorKind::TimedOut);
            assert!(ends.try_recv().is_err(), "it is kept");
        }
        sender.send(21).unwrap();
        assert_eq!(call.as_mut().wait(), 42);
        assert!(ends.recv().unwrap());
    });
}

#[test]
fn one_that_times_out_is_dropped_inside_a_runtime() {
    #[smartasync(boxed)]
    async fn forever(_guard: TellsItsEnd) {
        std::future::pending().await
    }

    within_a_minute(|_| {
        let (ended, ends) = channel();
        let call = poll_once(forever(TellsItsEnd(ended)));
        call.wait_timeout(Duration::from_millis(1)).unwrap_err();
        assert!(ends.recv().unwrap());
    });
}

#[test]
fn one_that_is_refused_is_handed_back_as_it_was() {
    within_a_minute(|_| {
        let call = poll_once(two_polls());
        let runtime = multi_thread();
        let (first, _) = runtime.block_on(async {
            let error = call.try_wait().unwrap_err();
            assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
            error.into_call().unwrap().await
        });
        assert_eq!(first, shared());
    });
}

#[test]
fn one_that_is_taken_apart_is_the_function_s_future() {
    within_a_minute(|_| {
        let future = poll_once(two_polls()).into_inner();
        assert_eq!(multi_thread().block_on(future).0, shared());
        assert!(Handle::try_current().is_err(), "a runtime is still entered");
    });
}

/// What a poll could not leave is found by the call, not by its place.
#[test]
fn one_that_holds_a_guard_may_be_moved_between_its_polls() {
    #[smartasync(boxed, ?Send)]
    async fn holds_a_guard(handle: Handle) -> Id {
        let guard = handle.enter();
        yield_now().await;
        drop(guard);
        Handle::current().id()
    }

    fn moved<F>(call: Call<F>) -> Box<Call<F>> {
        Box::new(call)
    }

    within_a_minute(|_| {
        let undriven = current_thread();
        let call = || poll_once(holds_a_guard(undriven.handle().clone()));
        // The last to have entered is the first to leave.
        let (first, second) = (moved(call()), moved(call()));
        for call in [second, first] {
            let mut call = moved(*call);
            let polled = Pin::new(&mut *call).poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(polled, Poll::Ready(shared()));
        }
        drop(moved(call()));
        assert!(Handle::try_current().is_err(), "a runtime is still entered");
        assert_eq!(smartasync::context(), smartasync::Context::Sync);
    });
}

/// A call beside a runtime that somebody drives may enter another, and leave it, between its polls there.
#[test]
fn one_near_tokio_may_hold_a_guard_of_a_runtime_that_nobody_drives() {
    #[smartasync]
    async fn holds_a_guard(handle: &Handle) -> (Id, Id) {
        let guard = handle.enter();
        yield_now().await;
        let inside = Handle::current().id();
        drop(guard);
        (inside, Handle::current().id())
    }

    within_a_minute(|_| {
        let (driven, undriven) = (multi_thread(), current_thread());
        let second_poll = driven.block_on(async {
            let mut call = poll_once(Box::pin(holds_a_guard(undriven.handle())));
            call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        });
        assert_eq!(second_poll, Poll::Ready((undriven.handle().id(), driven.handle().id())));
    });
}
