//! Calls in `spawn_blocking` jobs that wait for other jobs of the same pool.

use std::time::Duration;

use smartasync::{Bridge, WaitErrorKind, smartasync};
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;

use crate::support::within_a_minute;

/// Much longer than the test takes.
const LONG: Duration = Duration::from_secs(3_600);

#[smartasync]
async fn answer_of_a_job() -> u32 {
    spawn_blocking(|| 42).await.unwrap()
}

/// Waits for a job inside a job.
fn in_a_job(runtime: &Runtime, limit: Duration) -> Result<u32, WaitErrorKind> {
    let job = move || answer_of_a_job().wait_timeout(limit).map_err(|error| error.kind());
    runtime.block_on(async { spawn_blocking(job).await.unwrap() })
}

fn multi_thread(max_blocking_threads: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).max_blocking_threads(max_blocking_threads).enable_all();
    builder.build().unwrap()
}

/// A limit: the pool does not know that its thread waits, and never runs the second job.
#[test]
fn a_wait_for_a_job_of_the_same_full_pool_ends_at_its_limit() {
    within_a_minute(|stage| {
        let runtime = multi_thread(1);
        assert_eq!(in_a_job(&runtime, Duration::from_millis(50)), Err(WaitErrorKind::TimedOut));
        stage.at("the pool is free again");
        assert_eq!(runtime.block_on(answer_of_a_job().into_future()), 42);
    });
}

#[test]
fn a_wait_for_a_job_of_the_same_pool_ends_where_a_thread_is_free() {
    within_a_minute(|_| assert_eq!(in_a_job(&multi_thread(2), LONG), Ok(42)));
}

/// The call runs on the thread's own runtime, which has its own pool.
#[test]
fn a_wait_in_a_job_of_a_current_thread_runtime_does_not_need_its_pool() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().max_blocking_threads(1).build();
        let job = || answer_of_a_job().wait_timeout(LONG).unwrap();
        assert_eq!(bridge.block_on(async { spawn_blocking(job).await.unwrap() }), 42);
    });
}

#[test]
fn a_limit_of_blocking_threads_leaves_the_other_options() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().name("limited").max_blocking_threads(1).build();
        let name = || std::thread::current().name().map(String::from);
        let job = bridge.block_on(async { spawn_blocking(name).await.unwrap() });
        assert_eq!(job.as_deref(), Some("limited/blocking"));
    });
}
