//! Calls in the jobs of a rayon pool. A pool may run one job on the stack of another, so there may be a poll below
//! it.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};
use smartasync::{Context, WaitError, WaitErrorKind, context, smartasync};
use tokio::task::{block_in_place, spawn_blocking, yield_now};
use tokio::time::sleep;

use crate::support::within_a_minute;

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

#[smartasync]
async fn answer() -> u32 {
    sleep(Duration::from_millis(1)).await;
    42
}

/// Runs `job` on the current thread of the pool, while a `join` waits for the other thread. The two have nothing
/// to do with each other: `job` is queued, and a waiting thread runs what is queued.
fn in_a_job_beside_a_join<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    let (other_has_begun, begun) = channel();
    let (sender, receiver) = channel();
    let queue_the_job = move || {
        begun.recv().unwrap();
        rayon::spawn(move || sender.send((thread::current().id(), job())).unwrap());
        thread::current().id()
    };
    let last_until_it_is_done = move || {
        other_has_begun.send(()).unwrap();
        receiver.recv().unwrap()
    };
    let (joining, (running, output)) = rayon::join(queue_the_job, last_until_it_is_done);
    assert_eq!(joining, running, "the job did not run on top of the join");
    output
}

#[test]
fn a_job_that_runs_inside_a_poll_is_refused_and_the_message_says_how_that_may_be() {
    #[smartasync]
    async fn joins_in_its_poll() -> (Context, WaitError) {
        in_a_job_beside_a_join(|| {
            (context(), answer().try_wait().map_err(WaitError::without_call).unwrap_err())
        })
    }

    within_a_minute(|_| {
        let (context, error) = pool(2).install(|| joins_in_its_poll().wait());
        assert_eq!(context, Context::Async);
        assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
        let message = error.to_string();
        assert!(!message.contains("the caller is async code"), "{message}");
        for way in ["rayon", "`tokio::task::block_in_place`", "a scoped thread", "`.await`"] {
            assert!(message.contains(way), "{way} is missing: {message}");
        }
    });
}

#[test]
fn a_job_that_runs_inside_a_poll_waits_in_block_in_place() {
    #[smartasync]
    async fn joins_in_its_poll() -> u32 {
        in_a_job_beside_a_join(|| block_in_place(|| answer().wait()))
    }

    within_a_minute(|_| assert_eq!(pool(2).install(|| joins_in_its_poll().wait()), 42));
}

#[test]
fn a_job_that_runs_inside_a_poll_waits_on_a_scoped_thread() {
    #[smartasync]
    async fn joins_in_its_poll() -> u32 {
        in_a_job_beside_a_join(|| {
            thread::scope(|scope| scope.spawn(|| answer().wait()).join().unwrap())
        })
    }

    within_a_minute(|_| assert_eq!(pool(2).install(|| joins_in_its_poll().wait()), 42));
}

#[test]
fn a_join_in_spawn_blocking_has_no_poll_below_its_jobs() {
    #[smartasync]
    async fn joins_outside_of_its_poll() -> u32 {
        let join = || pool(2).install(|| in_a_job_beside_a_join(|| answer().wait()));
        spawn_blocking(join).await.unwrap()
    }

    within_a_minute(|_| assert_eq!(joins_outside_of_its_poll().wait(), 42));
}

/// A limit: rayon does not know that the thread waits, and runs nothing on it.
#[test]
fn a_wait_on_the_only_thread_for_a_job_of_the_pool_ends_at_its_limit() {
    within_a_minute(|_| {
        let pool = pool(1);
        let timed_out = pool.install(|| {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            rayon::spawn(move || {
                let _ = sender.send(42);
            });
            let call = smartasync::Wait::wait_timeout(receiver, Duration::from_millis(50));
            call.unwrap_err().kind()
        });
        assert_eq!(timed_out, WaitErrorKind::TimedOut);
    });
}

#[test]
fn a_wait_for_a_job_of_a_pool_with_a_free_thread_ends() {
    within_a_minute(|_| {
        let answer = pool(2).install(|| {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            rayon::spawn(move || {
                let _ = sender.send(42);
            });
            smartasync::block_on(async move {
                yield_now().await;
                receiver.await.unwrap()
            })
        });
        assert_eq!(answer, 42);
    });
}
