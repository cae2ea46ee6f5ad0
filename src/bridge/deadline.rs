//! The end of a wait that has a deadline.

use std::future::pending;
use std::time::Instant;

use tokio::time::{Sleep, sleep_until};

use super::shared_handle;
use crate::cache::mark;
use crate::error::Refusal;

/// Waits until `deadline`, for ever where there is none, and says how long that was since `began`.
///
/// To be polled where the call is, and after it.
pub(super) async fn passed(deadline: Option<Instant>, began: Instant) -> Refusal {
    let Some(deadline) = deadline else { return pending().await };
    // Tokio rounds a timer up to its next millisecond: one that is over is not to wait for that.
    if Instant::now() < deadline {
        match timer(deadline) {
            Ok(timer) => timer.await,
            Err(error) => return Refusal::Runtime(error),
        }
    }
    Refusal::TimedOut(began.elapsed())
}

/// A timer of the runtime that polls, where that is one of ours, which are always driven. Another one may
/// have no clock, or nobody who drives it: the shared runtime's is used there.
fn timer(deadline: Instant) -> std::io::Result<Sleep> {
    let _shared = if mark::is_set() { None } else { Some(shared_handle()?.enter()) };
    Ok(sleep_until(deadline.into()))
}
