//! A future on its way.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::exec::gate::Pass;

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

    /// The future, if it has not ended.
    pub(crate) fn into_future(self) -> Option<F> {
        self.future
    }

    /// Drops the future: it has no output.
    pub(crate) fn cut(self: Pin<&mut Self>) {
        self.project().future.set(None);
    }

    /// Drops the future if its poll was pending and the call is cut short: then there is no output.
    ///
    /// Asked only before the thread parks: a call that is done pays nothing for it.
    #[inline]
    pub(crate) fn unless_cut<T>(
        self: Pin<&mut Self>,
        polled: Poll<T>,
        pass: &Pass,
        cx: &Context<'_>,
    ) -> Poll<Option<T>> {
        match polled {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if pass.is_cut(cx.waker()) => {
                self.cut();
                Poll::Ready(None)
            }
            Poll::Pending => Poll::Pending,
        }
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
