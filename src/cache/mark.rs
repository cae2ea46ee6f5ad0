//! The thread's mark: set while this crate polls a future on it.

use std::cell::Cell;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::sync::thread_local;

thread_local! {
    // No destructor: it can be asked at any time, also while the thread exits.
    static MARK: Cell<bool> = const { Cell::new(false) };
}

/// Whether the calling code runs inside a [`Marked`] future's poll.
#[inline]
pub(crate) fn is_set() -> bool {
    MARK.with(Cell::get)
}

/// Sets the mark until what is returned is dropped.
#[inline]
pub(crate) fn set() -> Restore {
    Restore(MARK.with(|mark| mark.replace(true)))
}

pin_project! {
    /// A future that sets the mark in each of its polls.
    #[derive(Debug)]
    pub(crate) struct Marked<F> {
        #[pin]
        future: F,
    }
}

impl<F> Marked<F> {
    #[inline]
    pub(crate) fn new(future: F) -> Marked<F> {
        Marked { future }
    }
}

impl<F: Future> Future for Marked<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _restore = set();
        self.project().future.poll(cx)
    }
}

/// Puts the mark back at the end, by return or by panic.
pub(crate) struct Restore(bool);

impl Drop for Restore {
    #[inline]
    fn drop(&mut self) {
        MARK.with(|mark| mark.set(self.0));
    }
}
