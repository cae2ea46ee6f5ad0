//! A future whose panic is part of its output.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::thread;

use pin_project_lite::pin_project;

use crate::exec::in_poll::watch_in_set;

pin_project! {
    /// Catches the panic of a future for whoever asks for its output. It must not reach those who only happen to
    /// poll it.
    ///
    /// The future is dropped as soon as it ends, so a panic of its destructor is caught too.
    pub(crate) struct Caught<F> {
        // `None` once the future has ended.
        #[pin]
        future: Option<F>,
    }
}

impl<F> Caught<F> {
    pub(crate) fn new(future: F) -> Caught<F> {
        Caught { future: Some(future) }
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = thread::Result<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<thread::Result<F::Output>> {
        let mut future = self.project().future;
        // Unwind safe: after a panic the future is dropped, and nobody else sees it.
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let running = future.as_mut().as_pin_mut().expect("it is not polled after its end");
            let watch = watch_in_set();
            let polled = running.poll(cx);
            if let (Poll::Pending, Some(watch)) = (&polled, watch) {
                watch.wake_deferred(cx.waker());
            }
            let output = ready!(polled);
            future.set(None);
            Poll::Ready(output)
        }));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(payload) => {
                // The first panic says more than one of the destructor.
                let _ = catch_unwind(AssertUnwindSafe(|| future.set(None)));
                Poll::Ready(Err(payload))
            }
        }
    }
}
