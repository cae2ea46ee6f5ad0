//! The user's code that observes calls: a `tracing` subscriber, and the report of a slow call.
//!
//! An observer may make calls itself. These are not observed: otherwise each of them would lead to the next one.

use std::cell::Cell;

use crate::sync::thread_local;
use crate::thread_flag::FlagGuard;

thread_local! {
    // No destructor: it can be asked at any time, also while the thread exits.
    static IS_RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling code runs inside an observer, on this thread.
#[inline]
pub(crate) fn is_running() -> bool {
    IS_RUNNING.with(Cell::get)
}

/// Runs an observer. The calls that it makes are not observed.
#[inline]
pub(crate) fn run<T>(observer: impl FnOnce() -> T) -> T {
    let _running = FlagGuard::set(&IS_RUNNING);
    observer()
}
