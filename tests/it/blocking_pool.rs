//! Calls in `spawn_blocking` jobs that wait for other jobs of the same pool.

use std::time::Duration;

use smartasync::{Bridge, WaitErrorKind, smartasync};
use tokio::task::spawn_blocking;

use crate::support::within_a_minute;

#[smartasync]
async fn answer_of_a_job() -> u32 {
    spawn_blocking(|| 42).await.unwrap()
}

/// Waits for a job in a job.
fn in_a_job(bridge: &Bridge, limit: Duration) -> Result<u32, WaitErrorKind> {
    let job = move || answer_of_a_job().wait_timeout(limit).map_err(|error| error.kind());
    bridge.block_on(async { spawn_blocking(job).await.unwrap() })
}

/// A limit: the pool does not know that its thread waits, and never runs the second job.
#[test]
fn a_wait_for_a_job_of_the_same_full_pool_ends_at_its_limit() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().max_blocking_threads(1).build();
        let limit = Duration::from_millis(50);
        assert_eq!(in_a_job(&bridge, limit), Err(WaitErrorKind::TimedOut));
        stage.at("the pool is free again");
        assert_eq!(answer_of_a_job().on(&bridge).wait(), 42);
    });
}

#[test]
fn a_wait_for_a_job_of_the_same_pool_ends_where_a_thread_is_free() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().max_blocking_threads(2).build();
        assert_eq!(in_a_job(&bridge, Duration::from_secs(3_600)), Ok(42));
    });
}
