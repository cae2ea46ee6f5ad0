//! With `Nested::Park`, a call in async code of any kind blocks its thread until the answer comes.

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use async_executor::LocalExecutor;
use smartasync::{Bridge, Context, Nested, Outcome, WaitErrorKind, context, smartasync};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::{self, LocalSet};
use tokio::time::{sleep, timeout};
#[cfg(feature = "tokio-util")]
use tokio_util::sync::CancellationToken;

use crate::support::{
    SaysGoodbye, Stage, beside_a_driver, current_thread, echo, multi_thread, within_a_minute,
};

const SHORT: Duration = Duration::from_millis(20);

fn shared(threads: usize) -> Bridge {
    Bridge::builder().name("elsewhere").shared_threads(threads).nested(Nested::Park).build()
}

#[smartasync]
async fn answer() -> u32 {
    sleep(Duration::from_millis(1)).await;
    42
}

/// A call whose body is sync code: on an executor that Tokio does not know, it is marked.
#[smartasync]
async fn calls(body: impl FnOnce()) {
    body();
}

#[smartasync]
async fn awaits(future: impl Future<Output = ()>) {
    future.await;
}

type Place = (&'static str, fn(&(dyn Fn() + Sync)));

fn on_a_thread(name: &str, body: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(name.to_owned());
        let joined = thread.spawn_scoped(scope, body).unwrap().join();
        joined.unwrap_or_else(|payload| std::panic::resume_unwind(payload));
    });
}

/// Async code of each kind, on a thread that has made no call.
const PLACES: &[Place] = &[
    ("the root of a multi-thread runtime", |body| multi_thread().block_on(async { body() })),
    ("the root of a current-thread runtime", |body| current_thread().block_on(async { body() })),
    ("a LocalSet on a multi-thread runtime", |body| {
        LocalSet::new().block_on(&multi_thread(), async { body() });
    }),
    ("a LocalSet on a current-thread runtime", |body| {
        LocalSet::new().block_on(&current_thread(), async { body() });
    }),
    ("a LocalRuntime", |body| {
        let runtime = Builder::new_current_thread().enable_all().build_local(Default::default());
        runtime.unwrap().block_on(async { body() });
    }),
    ("a second block_on", |body| beside_a_driver(|runtime| runtime.block_on(async { body() }))),
    ("the block_on of a handle", |body| {
        beside_a_driver(|runtime| runtime.handle().block_on(async { body() }));
    }),
    ("a call on its own runtime", |body| smartasync::block_on(async { body() })),
    ("another executor", |body| pollster::block_on(async { calls(body).await })),
    ("a task of another executor", |body| {
        let executor = LocalExecutor::new();
        let task = executor.spawn(async { calls(body).await });
        pollster::block_on(executor.run(task));
    }),
    ("a root that has no budget left", |body| {
        multi_thread().block_on(async {
            use_up_budget().await;
            body();
        });
    }),
    ("a root that hides its budget", |body| {
        multi_thread().block_on(task::unconstrained(async { body() }));
    }),
];

async fn use_up_budget() {
    while task::coop::has_budget_remaining() {
        let (sender, receiver) = oneshot::channel();
        sender.send(()).unwrap();
        receiver.await.unwrap();
    }
}

/// Runs `body` in tasks, which cannot borrow.
fn in_tasks(stage: &Stage, body: fn()) {
    stage.at("a task of a multi-thread runtime");
    let runtime = multi_thread();
    runtime.block_on(runtime.spawn(async move { body() })).unwrap();
    stage.at("the only worker");
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(runtime.spawn(async move { body() })).unwrap();
    stage.at("a task of a current-thread runtime");
    let runtime = current_thread();
    runtime.block_on(runtime.spawn(async move { body() })).unwrap();
    stage.at("a task of a LocalSet");
    for runtime in [multi_thread(), current_thread()] {
        let set = LocalSet::new();
        set.block_on(&runtime, set.spawn_local(async move { body() })).unwrap();
    }
    stage.at("a task of a LocalSet in a task");
    let nested = async move {
        let set = LocalSet::new();
        let task = set.spawn_local(async move { body() });
        set.await;
        task.await.unwrap();
    };
    let runtime = current_thread();
    LocalSet::new().block_on(&runtime, nested);
    stage.at("a task of a call");
    smartasync::block_on(async move { task::spawn(async move { body() }).await.unwrap() });
}

/// Runs `body` in all places.
fn everywhere(body: fn()) {
    within_a_minute(|stage| {
        for (name, place) in PLACES {
            stage.at(*name);
            on_a_thread(name, || place(&body));
        }
        in_tasks(stage, body);
    });
}

/// One runtime of each kind that a bridge can park beside.
fn bridges() -> [(Bridge, Option<Runtime>); 3] {
    let runtime = multi_thread();
    let handle = runtime.handle().clone();
    let foreign = Bridge::builder().handle(handle).nested(Nested::Park).build();
    [(shared(1), None), (shared(3), None), (foreign, Some(runtime))]
}

#[test]
fn a_call_runs_on_the_bridges_runtime_and_is_polled_on_the_calling_thread() {
    everywhere(|| {
        for (bridge, runtime) in bridges() {
            let before = Handle::current().id();
            let work = bridge.block_on(async {
                sleep(Duration::from_millis(1)).await;
                let task = task::spawn(async { thread::current().id() });
                let job = task::spawn_blocking(|| Handle::current().id());
                let current = Handle::current().id();
                (thread::current().id(), task.await.unwrap(), job.await.unwrap(), current)
            });
            let (polled_on, task_on, job_of, current) = work;
            assert_eq!(polled_on, thread::current().id());
            assert_ne!(task_on, thread::current().id());
            assert_eq!(job_of, current);
            assert_ne!(current, before);
            assert_eq!(Handle::current().id(), before, "it is the current one again");
            assert_eq!(bridge.block_on(echo(7)).unwrap(), 7);
            if let Some(runtime) = runtime {
                assert_eq!(current, runtime.handle().id());
                runtime.shutdown_background();
            }
        }
    });
}

#[test]
fn the_bridges_context_is_blocking_and_that_of_its_future_async() {
    everywhere(|| {
        let (bridge, outside) = (shared(1), context());
        assert_eq!(bridge.context(), Context::Blocking);
        let inside = bridge.block_on(async {
            let first = context();
            task::yield_now().await;
            (first, context(), smartasync::try_block_on(async {}).is_err())
        });
        assert_eq!(inside, (Context::Async, Context::Async, true));
        assert_eq!(context(), outside);
        assert_eq!(bridge.call(answer()).try_wait().unwrap(), 42);
        assert!(matches!(bridge.call(async { 1 }).dispatch(), Outcome::Ready(1)));
    });
}

/// Tokio wakes what yields, or has used its budget up, after the poll of the scheduler. That is the poll that waits.
#[test]
fn a_future_that_yields_goes_on() {
    everywhere(|| {
        let bridge = shared(1);
        bridge.block_on(async {
            for _ in 0..300 {
                task::yield_now().await;
            }
            tokio::join!(task::yield_now(), async {
                sleep(Duration::from_millis(1)).await;
                task::yield_now().await;
            });
            let (sender, mut receiver) = mpsc::unbounded_channel();
            (0..1000).for_each(|number| sender.send(number).unwrap());
            for number in 0..1000 {
                assert_eq!(receiver.recv().await, Some(number));
            }
            task::coop::consume_budget().await;
        });
    });
}

#[test]
fn the_budget_of_the_code_around_it_is_its_own() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            use_up_budget().await;
            shared(1).block_on(async {
                assert!(task::coop::has_budget_remaining());
                use_up_budget().await;
            });
            assert!(!task::coop::has_budget_remaining());
        });
    });
}

/// Outside of a scheduler's poll the future has a budget, and so a timeout gets its turn.
#[test]
fn a_future_that_is_always_ready_yields_to_its_timeout_in_a_root() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            let (sender, mut receiver) = mpsc::unbounded_channel();
            let busy = async {
                loop {
                    sender.send(()).unwrap();
                    receiver.recv().await.unwrap();
                }
            };
            let ended = shared(1).block_on_with(|| timeout(SHORT, busy));
            assert!(ended.is_err());
        });
    });
}

#[test]
fn calls_park_inside_calls_that_park() {
    everywhere(|| {
        let (one, other) = (shared(1), shared(1));
        let nested = one.block_on(async {
            task::yield_now().await;
            let inside = Handle::current().id();
            let deeper = other.block_on(async {
                sleep(Duration::from_millis(1)).await;
                // The same bridge again: the thread is none of its own.
                one.block_on(async {
                    task::yield_now().await;
                    (answer().await, Handle::current().id())
                })
            });
            task::yield_now().await;
            assert_eq!(Handle::current().id(), inside);
            (deeper.0, deeper.1 == inside)
        });
        assert_eq!(nested, (42, true));
    });
}

#[test]
fn a_limit_ends_a_call_that_parks() {
    everywhere(|| {
        let bridge = shared(1);
        let late = bridge.call(std::future::pending::<()>()).wait_timeout(SHORT).unwrap_err();
        assert_eq!(late.kind(), WaitErrorKind::TimedOut);
        assert_eq!(bridge.call(answer()).wait_timeout(Duration::from_secs(30)).unwrap(), 42);
    });
}

#[test]
fn a_limit_of_the_bridge_ends_a_call_that_parks() {
    everywhere(|| {
        let builder = Bridge::builder().shared_threads(1).nested(Nested::Park);
        let bridge = builder.timeout(SHORT).build();
        let late = bridge.call(std::future::pending::<()>()).try_wait().unwrap_err();
        assert_eq!(late.kind(), WaitErrorKind::TimedOut);
    });
}

#[cfg(feature = "tokio-util")]
#[test]
fn a_token_ends_a_call_that_parks() {
    everywhere(|| {
        let (bridge, token) = (shared(1), CancellationToken::new());
        let cancels = token.clone();
        let thread = thread::spawn(move || {
            thread::sleep(SHORT);
            cancels.cancel();
        });
        let ended = bridge.call(std::future::pending::<()>()).wait_cancellable(&token).unwrap_err();
        assert_eq!(ended.kind(), WaitErrorKind::Cancelled);
        thread.join().unwrap();
    });
}

/// Checks run where the caller stands, and may make calls on the same bridge.
#[test]
fn checks_run_beside_a_call_that_parks() {
    everywhere(|| {
        let (bridge, outside) = (shared(1), context());
        let check = |bridge: &Bridge| {
            assert_eq!(context(), outside);
            assert_eq!(bridge.block_on(answer()), 42);
        };
        let mut checks = 0;
        let stopped =
            bridge.call(std::future::pending::<()>()).wait_with(Duration::from_millis(1), || {
                check(&bridge);
                checks += 1;
                if checks < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(checks) }
            });
        assert_eq!(stopped, ControlFlow::Break(3));
        let yields = async {
            loop {
                task::yield_now().await;
            }
        };
        let stopped = bridge.call(yields).wait_with(Duration::from_millis(1), || {
            check(&bridge);
            ControlFlow::Break(())
        });
        assert_eq!(stopped, ControlFlow::<(), ()>::Break(()));
        let never = || ControlFlow::<()>::Continue(());
        let call = answer().on(&bridge);
        assert_eq!(call.wait_with(Duration::from_secs(600), never), ControlFlow::Continue(42));
    });
}

#[test]
fn the_hooks_are_told_of_the_sleeps_in_a_poll() {
    everywhere(|| {
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let tells = |what: &'static str| {
            let told = Arc::clone(&told);
            move || told.lock().unwrap().push(what)
        };
        let builder = Bridge::builder().on_park(tells("park")).on_unpark(tells("unpark"));
        let bridge = builder.shared_threads(1).nested(Nested::Park).build();
        bridge.block_on(async {});
        assert!(told.lock().unwrap().is_empty());
        // On a busy machine the answer may be there before the thread can sleep.
        while told.lock().unwrap().is_empty() {
            assert_eq!(bridge.block_on(answer()), 42);
        }
        let told = told.lock().unwrap();
        assert!(told.chunks(2).all(|told| *told == ["park", "unpark"]), "{told:?}");
    });
}

#[test]
fn a_panic_in_the_future_reaches_the_caller_and_nothing_is_left_entered() {
    everywhere(|| {
        let (bridge, before) = (shared(1), (Handle::current().id(), context()));
        let call = || {
            bridge.block_on(async {
                task::yield_now().await;
                panic!("in the body")
            })
        };
        let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"in the body"));
        assert_eq!((Handle::current().id(), context()), before);
        assert_eq!(bridge.block_on(answer()), 42);
    });
}

#[test]
fn a_guard_may_be_held_over_an_await() {
    everywhere(|| {
        let other = multi_thread();
        let before = Handle::current().id();
        shared(1).block_on(async {
            let _guard = other.enter();
            task::yield_now().await;
            sleep(Duration::from_millis(1)).await;
        });
        assert_eq!(Handle::current().id(), before);
        other.shutdown_background();
    });
}

#[test]
fn the_future_is_dropped_inside_the_bridges_runtime() {
    everywhere(|| {
        let (bridge, (told, goodbye)) = (shared(1), channel());
        let id = bridge.block_on(async { Handle::current().id() });
        let client = SaysGoodbye(told);
        bridge
            .call(async move {
                let _client = client;
                std::future::pending::<()>().await;
            })
            .wait_timeout(Duration::from_millis(1))
            .unwrap_err();
        assert_eq!(goodbye.recv().unwrap().id(), id);
    });
}

#[test]
fn a_shutdown_ends_a_call_that_parks_and_refuses_the_next() {
    within_a_minute(|stage| {
        for runtime in [multi_thread(), current_thread()] {
            let bridge = shared(1);
            let (begin, begun) = channel();
            let caller = thread::spawn({
                let bridge = bridge.clone();
                move || {
                    let task = runtime.spawn(async move {
                        let call = bridge.try_block_on(async {
                            begin.send(()).unwrap();
                            std::future::pending::<()>().await;
                        });
                        let later = bridge.try_block_on(async {}).unwrap_err();
                        assert!(later.kind() == WaitErrorKind::Shutdown);
                        assert!(later.into_call().is_some());
                        call.unwrap_err().kind()
                    });
                    runtime.block_on(task).unwrap()
                }
            });
            stage.at("the begin of the call");
            begun.recv().unwrap();
            stage.at("the shutdown");
            let drained = bridge.shutdown(Duration::from_millis(10));
            assert!(drained.calls_ended);
            assert_eq!(caller.join().unwrap(), WaitErrorKind::Shutdown);
        }
    });
}

#[test]
fn a_call_that_ends_lets_a_shutdown_end() {
    within_a_minute(|_| {
        let bridge = shared(1);
        current_thread().block_on(async {
            bridge.block_on(answer());
            assert_eq!(bridge.stats().calls_on_own_runtime, 1);
        });
        assert!(bridge.shutdown(Duration::from_secs(30)).is_complete());
    });
}

#[test]
fn in_a_task_of_the_bridges_own_runtime_a_call_is_refused() {
    within_a_minute(|_| {
        for (bridge, _runtime) in bridges() {
            let own = bridge.clone();
            let task = async move {
                assert_eq!(own.context(), Context::Async);
                let error = own.try_block_on(async {}).unwrap_err();
                assert!(error.to_string().contains("runtime of the call's bridge"), "{error}");
                error.kind()
            };
            let kind = bridge.block_on(async { task::spawn(task).await.unwrap() });
            assert_eq!(kind, WaitErrorKind::AsyncContext);
            // A call of another scheduler that had this thread meanwhile makes no difference.
            let own = bridge.clone();
            let task = async move {
                let other = || current_thread().block_on(async { own.block_on(answer()) });
                assert_eq!(task::block_in_place(other), 42);
                own.try_block_on(async {}).unwrap_err().kind()
            };
            let kind = bridge.block_on(async { task::spawn(task).await.unwrap() });
            assert_eq!(kind, WaitErrorKind::AsyncContext);
            // The thread of a blocking job is none of those that drive.
            let own = bridge.clone();
            let job = move || own.block_on(answer());
            let answer = bridge.block_on(async { task::spawn_blocking(job).await.unwrap() });
            assert_eq!(answer, 42);
        }
    });
}

/// A section of a task is told apart from the poll around it, and so is one in a call that is parked there.
#[test]
fn a_blocking_section_inside_a_parked_call_is_blocking() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let section = || {
            shared(1).block_on(async {
                task::yield_now().await;
                task::block_in_place(|| (context(), answer().wait()))
            })
        };
        let task = runtime.spawn(async move { section() });
        assert_eq!(runtime.block_on(task).unwrap(), (Context::Blocking, 42));
        assert_eq!(runtime.block_on(async { section() }), (Context::Blocking, 42));
    });
}

/// With `BlockInPlace` the scheduler counts, not the runtime that the parked call has entered.
#[test]
fn inside_a_parked_call_of_a_current_thread_runtime_no_section_is_opened() {
    within_a_minute(|_| {
        let in_place = Bridge::builder().nested(Nested::BlockInPlace).build();
        let runtime = current_thread();
        let kind = runtime.block_on(async {
            shared(1).block_on(async { in_place.try_block_on(async {}).unwrap_err().kind() })
        });
        assert_eq!(kind, WaitErrorKind::AsyncContext);
    });
}

/// The token of the standard library belongs to the executor around the call as well.
#[test]
fn a_wake_of_an_executor_that_parks_on_the_threads_token_outlives_a_call() {
    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    within_a_minute(|_| {
        let bridge = shared(1);
        let mut polls = 0;
        let twice = poll_fn(|cx| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            assert_eq!(bridge.block_on(answer()), 42);
            Poll::Pending
        });
        let mut call = pin!(awaits(twice).into_future());
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        while call.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending() {
            thread::park();
        }
    });
}

#[test]
fn bridges_whose_calls_the_caller_would_drive_cannot_park() {
    fn message(build: impl FnOnce() -> Bridge) -> String {
        let payload = catch_unwind(AssertUnwindSafe(build)).unwrap_err();
        let message = payload.downcast_ref::<String>().cloned();
        message.unwrap_or_else(|| (*payload.downcast_ref::<&str>().unwrap()).to_owned())
    }

    let runtime = current_thread();
    let park = || Bridge::builder().nested(Nested::Park);
    let handle = || runtime.handle().clone();
    assert!(message(|| park().build()).contains("shared_threads(1)"));
    assert!(message(|| park().handle(handle()).build()).contains("shared_threads(1)"));
    let both = Bridge::builder().handle(handle()).shared_threads(1);
    assert!(message(|| both.build()).contains("either"));
    // Without the option it is a bridge like that of `from_handle`.
    let plain = Bridge::builder().handle(multi_thread().handle().clone()).build();
    assert_eq!(plain.block_on(async { 1 }), 1);
    assert_eq!(plain.stats().calls_on_handle, 1);
}

/// The limits that are documented: what only the blocked thread can do.
#[test]
fn what_only_the_blocked_thread_can_do_does_not_reach_the_call() {
    within_a_minute(|stage| {
        let bridge = shared(1);
        let times_out = |work: Pin<Box<dyn Future<Output = ()> + '_>>| {
            let late = bridge.call(work).wait_timeout(SHORT).unwrap_err();
            assert_eq!(late.kind(), WaitErrorKind::TimedOut);
        };
        stage.at("a task of the runtime that it drives");
        current_thread().block_on(async {
            let task = task::spawn(async {});
            times_out(Box::pin(async { task.await.unwrap() }));
        });
        stage.at("a task of its LocalSet");
        LocalSet::new().block_on(&multi_thread(), async {
            times_out(Box::pin(async { task::spawn_local(async {}).await.unwrap() }));
        });
        stage.at("a lock that another branch holds");
        current_thread().block_on(async {
            let lock = Mutex::new(());
            let held = lock.lock().await;
            times_out(Box::pin(async { drop(lock.lock().await) }));
            drop(held);
        });
        stage.at("a yield below another waker");
        let sub_waker = || async {
            let tasks = LocalExecutor::new();
            let task = tasks.spawn(async { task::yield_now().await });
            tasks.run(task).await;
        };
        multi_thread().block_on(async { bridge.block_on(sub_waker()) });
        current_thread().block_on(async { times_out(Box::pin(sub_waker())) });
    });
}
