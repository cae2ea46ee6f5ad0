//! The thread's mark: set where Tokio does not show that a future is being polled.
//!
//! A runtime is entered wherever it is set: the shared one while another executor polls, and by Tokio the one that is
//! being torn down. So a thread without a current runtime has no mark, and a call there need not ask.

use std::cell::Cell;

use crate::sync::thread_local;
use crate::thread_flag::FlagGuard;

thread_local! {
    // No destructor: it can be asked at any time, also while the thread exits.
    static MARK: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling code runs under a mark.
#[inline]
pub(crate) fn is_set() -> bool {
    MARK.with(Cell::get)
}

/// Marks the calling thread until what is returned is dropped.
#[inline]
pub(crate) fn set() -> FlagGuard {
    FlagGuard::set(&MARK)
}
