//! A future that may be stopped from outside.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::task::coop::{Unconstrained, unconstrained};

use crate::error::Refusal;
use crate::exec::running::Running;

pin_project! {
    /// A future that is polled until `stop` is ready, and then dropped where it was polled last.
    ///
    /// It is polled once at least, and first each time: an output that is there is not lost. `stop` does not
    /// share its budget, which a loop over an always-ready resource uses up in each poll: a token has to ask
    /// for some.
    pub(crate) struct Until<F, S> {
        #[pin]
        future: Running<F>,
        #[pin]
        stop: Unconstrained<S>,
    }
}

impl<F, S> Until<F, S> {
    pub(crate) fn new(future: F, stop: S) -> Until<F, S> {
        Until { future: Running::new(future), stop: unconstrained(stop) }
    }

    /// The future, if it has not ended.
    pub(crate) fn into_future(self) -> Option<F> {
        self.future.into_future()
    }
}

impl<F: Future, S: Future<Output = Refusal>> Future for Until<F, S> {
    type Output = Result<F::Output, Refusal>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<F::Output, Refusal>> {
        let mut this = self.project();
        if let Poll::Ready(output) = this.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let refusal = ready!(this.stop.poll(cx));
        this.future.cut();
        Poll::Ready(Err(refusal))
    }
}
