//! A call that runs as a task.

use crate::Bridge;
use crate::bridge;
use crate::joined::Joined;

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
    let task = bridge.spawn(make());
    Joined::new(task, "the runtime was shut down before a call's task had ended").await
}
