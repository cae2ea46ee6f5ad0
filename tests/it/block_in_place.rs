//! What a call in a blocking section of a task cannot wait for. These are the limits of `Nested::BlockInPlace`,
//! and they are Tokio's.

use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use smartasync::{Bridge, Nested, WaitErrorKind, smartasync};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Mutex, oneshot};

use crate::support::{multi_thread, poll_once, within_a_minute};

const LIMIT: Duration = Duration::from_millis(50);

fn bridge() -> Bridge {
    Bridge::builder().nested(Nested::BlockInPlace).build()
}

#[smartasync]
async fn lock(mutex: Arc<Mutex<u32>>) -> u32 {
    *mutex.lock().await
}

/// tokio#7892: the lock already belongs to the task around the call, which cannot take it before the call ends.
#[test]
fn a_lock_that_the_task_itself_waits_for_is_not_given_to_a_call() {
    let task = async {
        let bridge = bridge();
        let mutex = Arc::new(Mutex::new(42));
        let held = mutex.lock().await;
        let mut queued = pin!(mutex.lock());
        assert!(poll_once(queued.as_mut()).is_none());
        drop(held);
        let call = lock(Arc::clone(&mutex)).on(&bridge);
        assert_eq!(call.wait_timeout(LIMIT).unwrap_err().kind(), WaitErrorKind::TimedOut);
        // The task takes the lock, and passes it on to a later call.
        drop(queued.await);
        assert_eq!(lock(Arc::clone(&mutex)).on(&bridge).wait(), 42);
    };
    within_a_minute(|_| {
        let runtime = multi_thread();
        runtime.block_on(runtime.spawn(task)).unwrap();
    });
}

#[test]
fn what_another_branch_of_the_task_would_send_does_not_reach_a_call() {
    let task = async {
        let (sender, receiver) = oneshot::channel();
        let caller =
            async { bridge().call(receiver).wait_timeout(LIMIT).map_err(|error| error.kind()) };
        let other = async { sender.send(42) };
        tokio::join!(caller, other)
    };
    within_a_minute(|_| {
        let runtime = multi_thread();
        let (received, sent) = runtime.block_on(runtime.spawn(task)).unwrap();
        assert_eq!(received, Err(WaitErrorKind::TimedOut));
        assert_eq!(sent, Err(42), "the call is over");
    });
}

/// The thread that takes over the tasks comes from the pool for `spawn_blocking`.
#[test]
fn where_the_pool_is_full_nobody_takes_over_the_tasks_of_the_last_worker() {
    within_a_minute(|stage| {
        let mut builder = Builder::new_multi_thread();
        let runtime =
            builder.worker_threads(1).max_blocking_threads(1).enable_all().build().unwrap();
        let (release, released) = channel::<()>();
        let (begin, begun) = channel();
        let job = runtime.spawn_blocking(move || {
            begin.send(()).unwrap();
            let _ = released.recv();
        });
        begun.recv().unwrap();

        let bridge = bridge();
        let task = async move {
            let current = Handle::current();
            let other = || current.spawn(async { 42 });
            let call = bridge.call(other());
            assert_eq!(call.wait_timeout(LIMIT).unwrap_err().kind(), WaitErrorKind::TimedOut);
            drop(release);
            job.await.unwrap();
            assert_eq!(bridge.block_on(other()).unwrap(), 42, "a thread of the pool is free");
        };
        stage.at("the task");
        runtime.block_on(runtime.spawn(task)).unwrap();
    });
}

#[test]
fn a_shutdown_ends_what_a_call_waits_for_and_waits_for_the_section() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let (begin, begun) = channel();
        let (end, ended) = channel();
        runtime.spawn(async move {
            let task = tokio::spawn(std::future::pending::<()>());
            begin.send(()).unwrap();
            end.send(bridge().block_on(task)).unwrap();
        });
        begun.recv().unwrap();
        drop(runtime);
        let result = ended.try_recv().expect("the shutdown did not wait for the call");
        assert!(result.unwrap_err().is_cancelled());
    });
}
