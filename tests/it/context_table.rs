//! The context table: each row asks for `context()` and makes a call.

use std::time::Duration;

use smartasync::{Call, Context, WaitErrorKind, context, smartasync};
use tokio::runtime::Handle;
use tokio::task::{self, LocalSet};

use crate::support::{beside_a_driver, current_thread, multi_thread, within_a_minute};

/// Suspends on a timer, so that it needs a driven runtime. Returns the id of that runtime.
#[smartasync]
async fn runtime_id() -> tokio::runtime::Id {
    tokio::time::sleep(Duration::from_millis(2)).await;
    Handle::current().id()
}

/// A row in which a call runs. `on` is the runtime that it runs on.
#[track_caller]
fn assert_runs(expected: Context, on: Option<&Handle>) {
    assert_eq!(context(), expected);
    let id = runtime_id().wait();
    if let Some(handle) = on {
        assert_eq!(id, handle.id(), "it ran on another runtime");
    }
    assert_eq!(context(), expected, "the call changed the context");
}

/// A row in which a call runs on the thread's own runtime, and not on the current one.
#[track_caller]
fn assert_runs_on_own(expected: Context, current: &Handle) {
    assert_eq!(context(), expected);
    let id = runtime_id().wait();
    assert_ne!(id, current.id(), "it ran on a runtime that may have no driver");
    assert_eq!(id, runtime_id().wait(), "the thread's runtime was not reused");
}

/// A row in which a call is refused and handed back, and can still be awaited.
async fn assert_awaits() {
    assert_eq!(context(), Context::Async);
    let call = refused(runtime_id());
    assert_eq!(call.await, Handle::current().id());
    assert_eq!(context(), Context::Async);
}

#[track_caller]
fn refused<F: Future>(call: Call<F>) -> Call<F> {
    let error = call.try_wait().err().expect("async code was allowed to block");
    assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
    error.into_call().expect("the call was not started")
}

#[test]
fn plain_thread() {
    within_a_minute(|_| assert_runs(Context::Sync, None));
}

#[test]
fn plain_thread_after_a_runtime_has_ended_on_it() {
    within_a_minute(|_| {
        current_thread().block_on(assert_awaits());
        assert_runs(Context::Sync, None);
        multi_thread().block_on(assert_awaits());
        assert_runs(Context::Sync, None);
    });
}

#[test]
fn spawn_blocking_of_a_multi_thread_runtime() {
    within_a_minute(|_| {
        let job = || assert_runs(Context::Blocking, Some(&Handle::current()));
        multi_thread().block_on(async { task::spawn_blocking(job).await }).unwrap();
    });
}

#[test]
fn spawn_blocking_of_a_current_thread_runtime() {
    within_a_minute(|_| {
        let job = || assert_runs_on_own(Context::Blocking, &Handle::current());
        current_thread().block_on(async { task::spawn_blocking(job).await }).unwrap();
    });
}

/// A job whose runtime nobody drives any more, and one whose runtime is being dropped. The case of a paused clock
/// is in `interop/tests/paused_clock.rs`.
#[test]
fn spawn_blocking_of_a_current_thread_runtime_that_nobody_drives() {
    within_a_minute(|stage| {
        stage.at("after its block_on");
        let (done, is_done) = std::sync::mpsc::channel();
        let job = move |done: std::sync::mpsc::Sender<()>| {
            assert_runs_on_own(Context::Blocking, &Handle::current());
            done.send(()).unwrap();
        };
        let runtime = current_thread();
        let sender = done.clone();
        runtime.block_on(async { drop(task::spawn_blocking(move || job(sender))) });
        is_done.recv().unwrap();

        stage.at("in the drop of its runtime");
        let (begun, has_begun) = std::sync::mpsc::channel();
        runtime.block_on(async {
            drop(task::spawn_blocking(move || {
                begun.send(()).unwrap();
                job(done);
            }));
        });
        has_begun.recv().unwrap();
        drop(runtime);
        is_done.recv().unwrap();
    });
}

#[test]
fn block_in_place_in_a_task() {
    within_a_minute(|_| {
        let task = async {
            task::block_in_place(|| assert_runs(Context::Blocking, Some(&Handle::current())));
            assert_awaits().await;
        };
        let runtime = multi_thread();
        runtime.block_on(runtime.spawn(task)).unwrap();
    });
}

#[test]
fn block_in_place_in_the_root_future() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            task::block_in_place(|| assert_runs(Context::Blocking, Some(&Handle::current())));
        });
    });
}

#[test]
fn enter_guard_of_a_multi_thread_runtime() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let guard = runtime.enter();
        assert_runs(Context::Blocking, Some(runtime.handle()));
        drop(guard);
        assert_runs(Context::Sync, None);
    });
}

#[test]
fn enter_guard_of_a_current_thread_runtime_that_nobody_drives() {
    within_a_minute(|_| {
        let runtime = current_thread();
        let _guard = runtime.enter();
        assert_runs_on_own(Context::Blocking, runtime.handle());
    });
}

#[test]
fn root_future_of_a_current_thread_runtime() {
    within_a_minute(|_| current_thread().block_on(assert_awaits()));
}

#[test]
fn root_future_of_a_multi_thread_runtime() {
    within_a_minute(|_| multi_thread().block_on(assert_awaits()));
}

#[test]
fn root_future_of_a_handle() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        runtime.handle().block_on(assert_awaits());
    });
}

#[test]
fn second_block_on_of_one_current_thread_runtime() {
    within_a_minute(|stage| {
        beside_a_driver(|runtime| {
            stage.at("the second block_on");
            runtime.block_on(assert_awaits());
        });
    });
}

#[test]
fn task_of_a_current_thread_runtime() {
    within_a_minute(|_| {
        current_thread().block_on(async { task::spawn(assert_awaits()).await.unwrap() })
    });
}

#[test]
fn task_of_a_multi_thread_runtime() {
    within_a_minute(|_| {
        multi_thread().block_on(async { task::spawn(assert_awaits()).await.unwrap() })
    });
}

#[test]
fn task_that_holds_an_enter_guard_of_another_runtime() {
    within_a_minute(|_| {
        let other = multi_thread();
        multi_thread().block_on(async {
            let _guard = other.enter();
            let _call = refused(runtime_id());
        });
    });
}

#[test]
fn local_set_on_each_flavour() {
    within_a_minute(|_| {
        for runtime in [current_thread(), multi_thread()] {
            LocalSet::new().block_on(&runtime, async {
                assert_awaits().await;
                task::spawn_local(assert_awaits()).await.unwrap();
            });
        }
    });
}

#[test]
fn local_runtime() {
    within_a_minute(|_| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(Default::default())
            .unwrap();
        runtime.block_on(async {
            assert_awaits().await;
            task::spawn_local(assert_awaits()).await.unwrap();
            let job = || assert_runs_on_own(Context::Blocking, &Handle::current());
            task::spawn_blocking(job).await.unwrap();
        });
    });
}

#[test]
fn future_that_a_wait_is_driving() {
    #[smartasync]
    async fn outer() {
        assert_awaits().await;
        tokio::task::yield_now().await;
        assert_awaits().await;
        task::spawn(assert_awaits()).await.unwrap();
    }

    within_a_minute(|_| {
        outer().wait();
        let runtime = multi_thread();
        let _guard = runtime.enter();
        outer().wait();
    });
}

#[test]
fn spawn_blocking_inside_a_waiting_call() {
    #[smartasync]
    async fn outer() {
        task::spawn_blocking(|| assert_runs_on_own(Context::Blocking, &Handle::current()))
            .await
            .unwrap();
    }

    within_a_minute(|_| outer().wait());
}

#[test]
fn block_in_place_inside_a_call_on_a_multi_thread_handle() {
    #[smartasync]
    async fn outer() {
        task::block_in_place(|| assert_runs(Context::Blocking, Some(&Handle::current())));
    }

    within_a_minute(|_| {
        let runtime = multi_thread();
        let _guard = runtime.enter();
        outer().wait();
    });
}

#[test]
fn the_same_task_id_inside_and_outside_of_a_block_on() {
    // The case in which a context cached by task id is wrong.
    within_a_minute(|_| {
        let job = || {
            assert_runs(Context::Blocking, None);
            let outside = task::try_id();
            Handle::current().block_on(async {
                assert_eq!(task::try_id(), outside);
                assert_awaits().await;
            });
            assert_runs(Context::Blocking, None);
        };
        multi_thread().block_on(async { task::spawn_blocking(job).await }).unwrap();
    });
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn unconstrained_root_reads_as_blocking_and_runs() {
    // A known limit: the budget that would show the poll is hidden. The call must run all the same.
    within_a_minute(|_| {
        multi_thread().block_on(task::unconstrained(async {
            assert_runs(Context::Blocking, Some(&Handle::current()));
        }));
    });
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn root_reads_as_blocking_after_block_in_place_and_runs() {
    // A known limit: Tokio does not give the budget back until the next poll.
    within_a_minute(|_| {
        multi_thread().block_on(async {
            assert_eq!(context(), Context::Async);
            task::block_in_place(|| ());
            assert_runs(Context::Blocking, Some(&Handle::current()));
            task::yield_now().await;
            assert_awaits().await;
        });
    });
}
