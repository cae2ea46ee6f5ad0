//! A future on its way.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// A future that is dropped where it ends, also by a panic: inside its runtime, as `Runtime::block_on`
    /// does.
    pub(crate) struct Running<F> {
        #[pin]
        future: Option<F>,
    }
}

impl<F> Running<F> {
    #[inline]
    pub(crate) fn new(future: F) -> Running<F> {
        Running { future: Some(future) }
    }

    pub(crate) fn cut_short(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }
}

impl<F: Future> Future for Running<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut end = End(self.project().future);
        let future = end.0.as_mut().as_pin_mut().expect("not polled after its end");
        let result = future.poll(cx);
        if result.is_pending() {
            std::mem::forget(end);
        }
        result
    }
}

/// The end of a future, by return or by panic.
struct End<'a, F>(Pin<&'a mut Option<F>>);

impl<F> Drop for End<'_, F> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(None);
    }
}
