//! A call that is awaited without a current runtime: I/O and timers work, blocking is refused.

use std::cell::Cell;
use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::support::{TellsItsEnd, current_thread, multi_thread, within_a_minute};
use async_executor::LocalExecutor;
use futures_lite::future::yield_now;
use smartasync::{Bridge, Outcome, WaitErrorKind, context, smartasync};
use tokio::runtime::{Handle, Runtime};
use tokio::task::{LocalSet, block_in_place, unconstrained};
use tokio::time::sleep;

/// Uses a timer, two sockets and a task.
#[smartasync]
async fn echo(byte: u8) -> std::io::Result<u8> {
    sleep(Duration::from_millis(5)).await;
    crate::support::echo(byte).await
}

/// A hand-written poll loop.
fn poll_loop<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn timers_sockets_and_tasks_work() {
    within_a_minute(|stage| {
        stage.at("futures_lite");
        assert_eq!(futures_lite::future::block_on(echo(1).into_future()).unwrap(), 1);
        stage.at("pollster");
        assert_eq!(pollster::block_on(echo(2).into_future()).unwrap(), 2);
        stage.at("a poll loop");
        assert_eq!(poll_loop(echo(3).into_future()).unwrap(), 3);
        stage.at("a call inside a call");
        #[smartasync]
        async fn outer() -> u8 {
            echo(4).await.unwrap()
        }
        assert_eq!(poll_loop(outer().into_future()), 4);
    });
}

#[test]
fn inside_of_it_blocking_is_refused_and_outside_of_it_is_not() {
    #[smartasync]
    async fn look() -> (smartasync::Context, WaitErrorKind) {
        (context(), echo(1).try_wait().unwrap_err().kind())
    }

    within_a_minute(|_| {
        let seen = poll_loop(async {
            let seen = look().await;
            assert_eq!(context(), smartasync::Context::Sync, "the mark outlives the poll");
            seen
        });
        assert_eq!(seen, (smartasync::Context::Async, WaitErrorKind::AsyncContext));
    });
}

#[smartasync]
async fn runtime() -> tokio::runtime::Id {
    Handle::current().id()
}

/// The runtime of what belongs to no thread.
fn shared_runtime() -> tokio::runtime::Id {
    let task = Bridge::per_thread().spawn(runtime().into_future());
    let shared = smartasync::block_on(task).unwrap();
    #[cfg(feature = "rt-multi-thread")]
    assert_eq!(Bridge::shared().block_on(runtime()), shared);
    shared
}

#[test]
fn it_runs_on_the_shared_runtime() {
    within_a_minute(|_| {
        let shared = shared_runtime();
        assert_eq!(poll_loop(runtime().into_future()), shared);
        assert_ne!(
            multi_thread().block_on(runtime().into_future()),
            shared,
            "it ran on the shared runtime"
        );
    });
}

#[test]
fn in_another_call_it_stays_on_the_runtime_of_that_call_even_if_the_poll_is_hidden() {
    within_a_minute(|_| {
        for bridge in [
            Bridge::per_thread(),
            Bridge::builder().build(),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::shared(),
        ] {
            let stays = async || runtime().await == Handle::current().id();
            assert!(bridge.block_on(stays()));
            assert!(bridge.block_on(unconstrained(stays())));
            bridge.block_on(async {
                block_in_place(|| {});
                assert!(stays().await);
            });
        }
    });
}

#[test]
fn one_that_has_begun_is_dropped_inside_the_runtime_too() {
    #[smartasync]
    async fn wait_forever(_guard: TellsItsEnd) {
        std::future::pending().await
    }

    within_a_minute(|_| {
        let (ended, ends) = channel();
        let mut call = Box::pin(wait_forever(TellsItsEnd(ended)).into_future());
        let once = poll_fn(|cx| Poll::Ready(Pin::new(&mut call).poll(cx).is_pending()));
        assert!(poll_loop(once));
        drop(call);
        assert!(ends.recv().unwrap());
    });
}

#[test]
fn one_that_is_dropped_inside_another_leaves_the_runtime() {
    #[smartasync]
    async fn holds<T>(_held: T) {
        std::future::pending().await
    }

    within_a_minute(|_| {
        let (ended, ends) = channel();
        let poll = |call: Pin<&mut dyn Future<Output = ()>>| {
            assert!(call.poll(&mut Context::from_waker(Waker::noop())).is_pending());
        };
        let mut inner = Box::pin(holds(TellsItsEnd(ended)).into_future());
        poll(inner.as_mut());
        let mut outer = Box::pin(holds(inner).into_future());
        poll(outer.as_mut());
        drop(outer);
        assert!(ends.recv().unwrap());
        assert!(Handle::try_current().is_err(), "the runtime is still entered");
    });
}

#[test]
fn the_bare_future_knows_nothing_of_it() {
    within_a_minute(|_| {
        let bare = std::panic::AssertUnwindSafe(echo(1).into_inner());
        let result = std::panic::catch_unwind(move || poll_loop({ bare }.0));
        let payload = result.unwrap_err();
        assert!(payload.downcast_ref::<String>().unwrap().contains("no reactor running"));
    });
}

#[test]
fn a_call_that_moves_on_to_tokio_may_block_where_tokio_allows_it() {
    #[smartasync]
    async fn blocks_in_place() -> u8 {
        tokio::task::yield_now().await;
        tokio::task::block_in_place(|| echo(7).wait().unwrap())
    }

    within_a_minute(|_| {
        let mut call = Box::pin(blocks_in_place().into_future());
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let runtime = multi_thread();
        assert_eq!(runtime.block_on(runtime.spawn(call)).unwrap(), 7);
    });
}

#[smartasync]
async fn yields_and_then_echoes(byte: u8) -> std::io::Result<u8> {
    tokio::task::yield_now().await;
    crate::support::echo(byte).await
}

#[test]
fn a_call_that_was_begun_on_tokio_goes_on_elsewhere() {
    async fn begin<F: Future + Unpin>(mut future: F) -> F {
        let once = poll_fn(|cx| Poll::Ready(Pin::new(&mut future).poll(cx).is_pending()));
        assert!(once.await);
        future
    }

    within_a_minute(|stage| {
        let runtime = multi_thread();
        stage.at("begun in a task");
        let call = begin(Box::pin(yields_and_then_echoes(8).into_future()));
        let call = runtime.block_on(runtime.spawn(call)).unwrap();
        assert_eq!(poll_loop(call).unwrap(), 8);
        stage.at("begun in a root future");
        let call = runtime.block_on(begin(Box::pin(yields_and_then_echoes(9).into_future())));
        assert_eq!(poll_loop(call).unwrap(), 9);
    });
}

#[test]
fn inside_a_task_a_waker_of_another_kind_is_still_tokio() {
    within_a_minute(|_| {
        for tokio in [current_thread(), multi_thread()] {
            let id = async {
                pin!(runtime().into_future()).poll(&mut Context::from_waker(Waker::noop()))
            };
            assert_eq!(tokio.block_on(tokio.spawn(id)).unwrap(), Poll::Ready(tokio.handle().id()));
        }
    });
}

#[test]
fn beside_an_entered_runtime_that_nobody_drives_it_runs_on_the_shared_one() {
    within_a_minute(|stage| {
        let shared = shared_runtime();
        let undriven = current_thread();
        let _entered = undriven.enter();
        stage.at("pollster");
        assert_eq!(pollster::block_on(echo(1).into_future()).unwrap(), 1);
        stage.at("a poll loop");
        assert_eq!(poll_loop(echo(2).into_future()).unwrap(), 2);
        assert_eq!(poll_loop(runtime().into_future()), shared);
        assert_eq!(
            Handle::current().id(),
            undriven.handle().id(),
            "the guard is the caller's again"
        );
        stage.at("the guard of an async block");
        let beside = async {
            let _entered = undriven.enter();
            echo(3).await
        };
        assert_eq!(poll_loop(beside).unwrap(), 3);
        let driven = multi_thread();
        let _entered = driven.enter();
        assert_eq!(poll_loop(runtime().into_future()), driven.handle().id(), "it drives itself");
    });
}

/// Holds a guard over an await. Until it drops the guard, the guard's runtime is the current one.
#[smartasync]
async fn holds_a_guard(handle: &Handle) {
    let outside = Handle::current().id();
    let guard = handle.enter();
    yield_now().await;
    assert_eq!(Handle::current().id(), handle.id());
    drop(guard);
    assert_eq!(Handle::current().id(), outside);
    yield_now().await;
    assert_eq!(Handle::current().id(), outside);
}

/// A call that holds a guard may be inside another call, or have one inside.
#[smartasync]
async fn holds_a_guard_around_calls(handle: &Handle) -> u8 {
    holds_a_guard(handle).await;
    let guard = handle.enter();
    holds_a_guard(multi_thread_handle()).await;
    assert_eq!(context(), smartasync::Context::Async, "a guard hides the poll");
    drop(guard);
    echo(5).await.unwrap()
}

/// The handle of a runtime that lives as long as the process.
fn multi_thread_handle() -> &'static Handle {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(multi_thread);
    RUNTIME.handle()
}

#[test]
fn a_guard_may_be_held_over_an_await() {
    within_a_minute(|stage| {
        for tokio in [current_thread(), multi_thread()] {
            let assert_left = || {
                assert!(Handle::try_current().is_err(), "the runtime is still entered");
                assert_eq!(context(), smartasync::Context::Sync);
            };
            stage.at("to its end");
            poll_loop(holds_a_guard(tokio.handle()).into_future());
            assert_left();
            stage.at("around calls");
            let call = holds_a_guard_around_calls(tokio.handle());
            assert_eq!(poll_loop(call.into_future()), 5);
            assert_left();
            stage.at("to its drop");
            let mut call = Box::pin(holds_a_guard(tokio.handle()).into_future());
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            drop(call);
            assert_left();
            stage.at("to its panic");
            #[smartasync]
            async fn panics(handle: &Handle) {
                let _guard = handle.enter();
                yield_now().await;
                panic!("a panic that the test wants");
            }
            let call = std::panic::AssertUnwindSafe(panics(tokio.handle()).into_future());
            std::panic::catch_unwind(|| poll_loop({ call }.0)).unwrap_err();
            assert_left();
            stage.at("to the end of its thread");
            thread::scope(|scope| {
                let forget = scope.spawn(|| {
                    let mut call = Box::pin(holds_a_guard(tokio.handle()).into_future());
                    let mut cx = Context::from_waker(Waker::noop());
                    assert!(call.as_mut().poll(&mut cx).is_pending());
                    std::mem::forget(call);
                });
                forget.join().unwrap();
            });
        }
    });
}

/// The same holds if another runtime was entered before.
#[test]
fn a_guard_may_be_held_over_an_await_beside_another() {
    within_a_minute(|_| {
        let (driven, undriven) = (multi_thread(), current_thread());
        let _entered = driven.enter();
        poll_loop(holds_a_guard(undriven.handle()).into_future());
        assert_eq!(Handle::current().id(), driven.handle().id());
    });
}

/// Nobody can leave what a future has entered for good.
#[test]
fn a_guard_that_outlives_its_call_stays_entered() {
    #[smartasync]
    async fn leaves_a_guard_behind(handle: &Handle) {
        let _guard = ManuallyDrop::new(handle.enter());
        yield_now().await;
    }

    within_a_minute(|_| {
        let handle = multi_thread_handle();
        let mut call = Box::pin(leaves_a_guard_behind(handle).into_future());
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(call);
        assert_eq!(Handle::current().id(), handle.id());
    });
}

/// A limit, see `Call`.
#[test]
fn a_guard_of_the_shared_runtime_cannot_be_held_over_an_await() {
    #[smartasync]
    async fn holds_a_guard_of_the_current_runtime() {
        let current = Handle::current();
        let _guard = current.enter();
        yield_now().await;
    }

    within_a_minute(|_| {
        let call = || poll_loop(holds_a_guard_of_the_current_runtime().into_future());
        let payload = std::panic::catch_unwind(call).unwrap_err();
        assert!(payload.downcast_ref::<&str>().unwrap().contains("out of order"));
    });
}

#[smartasync]
async fn has_current_runtime() -> bool {
    Handle::try_current().is_ok()
}

/// A limit, see `Call`: the waker of a task is taken for the task's own poll.
#[test]
fn outside_tokio_the_waker_of_a_task_is_taken_for_a_poll_by_the_task() {
    within_a_minute(|_| {
        let tokio = multi_thread();
        let look = poll_fn(|cx| {
            let poll = |cx: &mut Context<'_>| pin!(has_current_runtime().into_future()).poll(cx);
            assert_eq!(poll(cx), Poll::Ready(true));
            let waker = cx.waker().clone();
            thread::spawn(move || poll(&mut Context::from_waker(&waker))).join().unwrap()
        });
        assert!(!tokio.block_on(tokio.spawn(look)).unwrap());
    });
}

/// The same limit: these are Tokio tasks that are polled without a runtime.
#[test]
fn the_tasks_of_a_local_set_that_another_executor_polls_find_no_tokio() {
    within_a_minute(|_| {
        let tasks = LocalSet::new();
        let task = tasks.spawn_local(has_current_runtime().into_future());
        assert!(!poll_loop(tasks.run_until(task)).unwrap());
        assert!(poll_loop(tasks.run_until(has_current_runtime().into_future())), "beside them");
    });
}

/// A limit of `context()`: a task of another executor looks like a plain thread. This executor is smol's.
#[test]
fn a_task_of_smol_reads_as_sync_and_a_call_in_it_blocks_the_other_tasks() {
    within_a_minute(|_| {
        let executor = Rc::new(LocalExecutor::new());
        let tasks = Rc::clone(&executor);
        futures_lite::future::block_on(executor.run(async move {
            let other_has_run = Rc::new(Cell::new(false));
            let run = Rc::clone(&other_has_run);
            let other = tasks.spawn(async move { run.set(true) });

            assert_eq!(context(), smartasync::Context::Sync);
            assert_eq!(echo(1).try_wait().unwrap().unwrap(), 1);
            assert!(matches!(echo(2).dispatch(), Outcome::Ready(Ok(2))));
            assert!(!other_has_run.get(), "a task ran on a thread that is blocked");

            // The await of a decorated call is known, so a wait inside it is refused.
            assert_eq!(refused_inside().await, WaitErrorKind::AsyncContext);
            other.await;
            assert!(other_has_run.get());
        }));
    });
}

#[smartasync]
async fn refused_inside() -> WaitErrorKind {
    echo(1).try_wait().unwrap_err().kind()
}
