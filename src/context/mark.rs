//! The thread's mark: set where Tokio does not show that a future is being polled.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::sync::thread_local;

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
pub(crate) fn set() -> MarkGuard {
    MarkGuard { before: MARK.with(|mark| mark.replace(true)), _not_send: PhantomData }
}

/// Puts the mark back to what it was, by return or by panic, on the thread that has set it.
#[derive(Debug)]
#[must_use = "the mark lasts as long as the guard"]
pub(crate) struct MarkGuard {
    before: bool,
    _not_send: PhantomData<*const ()>,
}

impl Drop for MarkGuard {
    #[inline]
    fn drop(&mut self) {
        MARK.with(|mark| mark.set(self.before));
    }
}
