//! A call that runs as a task.

use std::panic::resume_unwind;

use tokio::task::JoinHandle;

use crate::Bridge;
use crate::bridge;

/// Makes a future and runs it as a task of `bridge`, or of the default bridge. Whoever waits is woken once, when the task
/// has ended. If it stops waiting, the task is cancelled.
///
/// # Panics
///
/// With a panic of the task, and when the task's runtime is shut down.
pub async fn spawned<F>(bridge: Option<&Bridge>, make: impl FnOnce() -> F) -> F::Output
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let bridge = bridge.unwrap_or_else(|| bridge::default());
    let mut task = Cancelled(bridge.spawn(make()));
    match (&mut task.0).await {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(_) => panic!("the runtime was shut down before a call's task had ended"),
        },
    }
}

/// Cancels the task when it is dropped.
struct Cancelled<T>(JoinHandle<T>);

impl<T> Drop for Cancelled<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
