//! What this crate relies on beyond Tokio's documentation. These tests fail when an upgrade of Tokio changes it.

use std::cell::Cell;
use std::future::{poll_fn, ready};
use std::pin::pin;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::task::{self, LocalSet, coop};

use crate::support::{TellsItsEnd, current_thread, multi_thread, within_a_minute};

/// Counts how many grants in a row the budget gives, up to `limit`.
fn grants(limit: usize) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    let granted = |_: &usize| match coop::poll_proceed(&mut cx) {
        Poll::Ready(grant) => {
            grant.made_progress();
            true
        }
        Poll::Pending => false,
    };
    (0..limit).take_while(granted).count()
}

#[test]
fn a_poll_has_128_grants_and_other_code_has_no_limit() {
    within_a_minute(|_| {
        assert_eq!(grants(10_000), 10_000);
        for runtime in [current_thread(), multi_thread()] {
            assert_eq!(runtime.block_on(async { grants(10_000) }), 128);
            assert_eq!(
                runtime.block_on(async { task::spawn_blocking(|| grants(10_000)).await.unwrap() }),
                10_000
            );
            let _guard = runtime.enter();
            assert_eq!(grants(10_000), 10_000);
        }
    });
}

#[test]
fn a_dropped_grant_gives_the_budget_back_to_where_it_was_before_it() {
    within_a_minute(|_| {
        current_thread().block_on(async {
            let mut cx = Context::from_waker(Waker::noop());
            let restore = coop::poll_proceed(&mut cx);
            assert_eq!(grants(50), 50);
            drop(restore);
            assert_eq!(grants(10_000), 128);
        });
    });
}

#[test]
fn worker_index_tells_who_drives_a_scheduler() {
    within_a_minute(|_| {
        assert_eq!(runtime::worker_index(), None);
        let single = current_thread();
        assert_eq!(single.block_on(async { runtime::worker_index() }), Some(0));
        let multi = multi_thread();
        let task = async { runtime::worker_index() };
        assert!(multi.block_on(multi.spawn(task)).unwrap().is_some());
        assert_eq!(
            multi.block_on(async { runtime::worker_index() }),
            None,
            "the root future is off the workers"
        );
        let _guard = multi.enter();
        assert_eq!(runtime::worker_index(), None);
    });
}

#[test]
fn a_blocking_job_has_a_task_id_and_an_enter_guard_gives_none() {
    within_a_minute(|_| {
        for runtime in [current_thread(), multi_thread()] {
            let id = runtime.block_on(async { task::spawn_blocking(task::try_id).await.unwrap() });
            assert!(id.is_some());
            let _guard = runtime.enter();
            assert!(task::try_id().is_none());
        }
    });
}

#[test]
fn block_in_place_is_legal_on_every_thread_that_may_block_beside_a_multi_thread_runtime() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let section = || task::block_in_place(|| Handle::current().block_on(async { 1 }));
        assert_eq!(runtime.block_on(async { task::spawn_blocking(section).await.unwrap() }), 1);
        assert_eq!(runtime.block_on(async { task::block_in_place(section) }), 1);
        let _guard = runtime.enter();
        assert_eq!(section(), 1);
    });
}

/// A thread without a current runtime is taken for one that tears none down.
#[test]
fn what_ends_with_its_runtime_finds_it_current() {
    within_a_minute(|stage| {
        for (kind, runtime) in
            [("current-thread", current_thread()), ("multi-thread", multi_thread())]
        {
            stage.at(kind);
            let (sender, receiver) = mpsc::channel();
            let [begun, waits, never_begun] = [(); 3].map(|()| TellsItsEnd(sender.clone()));
            drop(sender);
            let task = runtime.spawn(async move {
                let _looks = begun;
                poll_fn(|cx| {
                    cx.waker().wake_by_ref();
                    Poll::<()>::Pending
                })
                .await
            });
            runtime.spawn(async move {
                let _looks = waits;
                std::future::pending::<()>().await
            });
            runtime.block_on(task::yield_now());
            runtime.spawn(async move { drop(never_begun) });
            assert!(!task.is_finished());
            runtime.shutdown_background();
            assert_eq!(receiver.iter().collect::<Vec<_>>(), [true; 3]);
        }
    });
}

#[test]
fn block_on_polls_at_its_start_without_a_wake() {
    within_a_minute(|_| {
        let runtime = current_thread();
        for _ in 0..3 {
            let mut polls = 0;
            runtime.block_on(poll_fn(|_| {
                polls += 1;
                Poll::Ready(())
            }));
            assert_eq!(polls, 1);
        }
    });
}

#[test]
fn a_poll_through_the_handle_of_a_current_thread_runtime_runs_no_task() {
    within_a_minute(|_| {
        let runtime = current_thread();
        let task = runtime.spawn(async {});
        for _ in 0..100 {
            runtime.handle().block_on(async {});
        }
        assert!(!task.is_finished(), "the handle's block_on drove the scheduler");
        runtime.block_on(async { task.await.unwrap() });
    });
}

#[test]
fn two_threads_may_block_on_one_current_thread_runtime() {
    within_a_minute(|stage| {
        let runtime = current_thread();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for round in 0..500 {
                        stage.at(format!("round {round}"));
                        runtime.block_on(async {
                            tokio::time::sleep(Duration::from_micros(100)).await
                        });
                        runtime.block_on(task::yield_now());
                    }
                });
            }
        });
    });
}

/// Returns the address of the vtable of the waker that this code is polled with.
fn vtable() -> impl Future<Output = usize> + Send {
    poll_fn(|cx| Poll::Ready(ptr::from_ref(cx.waker().vtable()).addr()))
}

/// Runs `future` as a task of a `LocalSet` that no runtime drives, in one poll.
fn in_a_local_set_of_its_own<T: 'static>(future: impl Future<Output = T> + 'static) -> T {
    let output = Rc::new(Cell::new(None));
    let tasks = LocalSet::new();
    let slot = Rc::clone(&output);
    tasks.spawn_local(async move { slot.set(Some(future.await)) });
    assert!(pin!(tasks).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    output.take().unwrap()
}

#[test]
fn the_wakers_of_all_tasks_have_one_vtable_and_those_of_root_futures_another() {
    within_a_minute(|_| {
        let task = in_a_local_set_of_its_own(vtable());
        for runtime in [current_thread(), multi_thread()] {
            assert_eq!(runtime.block_on(runtime.spawn(vtable())).unwrap(), task);
            assert_ne!(runtime.block_on(vtable()), task);
            assert_ne!(runtime.handle().block_on(vtable()), task);
            let tasks = LocalSet::new();
            let local = tasks.spawn_local(vtable());
            assert_eq!(tasks.block_on(&runtime, local).unwrap(), task);
            assert_ne!(tasks.block_on(&runtime, vtable()), task, "the future that runs beside it");
        }
        let local = runtime::Builder::new_current_thread().build_local(Default::default()).unwrap();
        assert_eq!(local.block_on(local.spawn_local(vtable())).unwrap(), task);
    });
}

#[test]
fn a_local_set_inside_a_task_leaves_the_task_as_it_was() {
    async fn task() {
        let id = task::id();
        assert_eq!(grants(28), 28);
        in_a_local_set_of_its_own(ready(()));
        assert_eq!(task::id(), id);
        assert_eq!(grants(10_000), 100, "what is left of the budget");
    }

    within_a_minute(|_| {
        for runtime in [current_thread(), multi_thread()] {
            runtime.block_on(runtime.spawn(task())).unwrap();
            let outer = LocalSet::new();
            let spawns = outer.spawn_local(async {
                task().await;
                task::spawn_local(ready(1)).await.unwrap()
            });
            assert_eq!(outer.block_on(&runtime, spawns).unwrap(), 1);
        }
        let runtime = multi_thread();
        let blocks = runtime.spawn(async {
            task().await;
            task::block_in_place(|| 1)
        });
        assert_eq!(runtime.block_on(blocks).unwrap(), 1);
    });
}

/// A call with `Nested::Park` tells by this whether its future has yielded.
#[test]
fn a_scheduler_keeps_the_waker_that_yields_once_in_a_row_and_wakes_it_after_its_poll() {
    #[derive(Default)]
    struct Counts(AtomicUsize);

    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// Yields with the waker of `counts`. Returns whether the scheduler keeps that.
    fn is_kept(counts: &Arc<Counts>) -> bool {
        let before = Arc::strong_count(counts);
        let waker = Waker::from(Arc::clone(counts));
        assert!(pin!(task::yield_now()).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        Arc::strong_count(counts) > before
    }

    async fn yields() {
        let counts = [(); 2].map(|()| Arc::<Counts>::default());
        let kept = [0, 0, 1, 1, 0].map(|index| is_kept(&counts[index]));
        assert_eq!(kept, [true, false, true, false, true]);
        assert_eq!(counts.each_ref().map(|counts| counts.0.load(SeqCst)), [0, 0]);
        task::yield_now().await;
        assert_eq!(counts.each_ref().map(|counts| counts.0.load(SeqCst)), [2, 1]);
    }

    within_a_minute(|_| {
        for runtime in [current_thread(), multi_thread()] {
            runtime.block_on(runtime.spawn(yields())).unwrap();
        }
        current_thread().block_on(yields());
        // No scheduler polls here: the waker is woken at once.
        multi_thread().block_on(async {
            let counts = Arc::default();
            assert!(!is_kept(&counts));
            assert_eq!(counts.0.load(SeqCst), 1);
        });
    });
}
