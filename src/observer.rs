//! Code of the user's that looks on at calls: a `tracing` subscriber, and the report of a slow call.
//!
//! It may make calls itself. At these nobody looks on: otherwise each would be told of, and lead to the next.

use std::cell::Cell;

use crate::sync::thread_local;
use crate::thread_flag::FlagGuard;

thread_local! {
    // No destructor: it can be asked at any time, also while the thread exits.
    static IS_RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Whether an observer has called the calling code, on this thread.
#[inline]
pub(crate) fn is_running() -> bool {
    IS_RUNNING.with(Cell::get)
}

/// Runs an observer: nobody looks on at the calls that it makes.
#[inline]
pub(crate) fn run<T>(observer: impl FnOnce() -> T) -> T {
    let _running = FlagGuard::set(&IS_RUNNING);
    observer()
}
