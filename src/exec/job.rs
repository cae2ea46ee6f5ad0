//! A pinned future whose type the engine does not know.

use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

/// A future that keeps its own output, so that the code that runs it is compiled once and not for each future.
pub(crate) trait Job {
    /// Polls the future. Returns whether it is done: its output is kept then, and the future dropped.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool;

    /// Drops the future, which will have no output.
    fn cancel(self: Pin<&mut Self>);
}

pin_project! {
    /// A future, and after its end its output in the same place.
    ///
    /// The future is dropped where it ends, be it by a return, a panic or a cancellation: inside its runtime,
    /// as with `Runtime::block_on`.
    #[project = Projection]
    pub(crate) enum JobCell<F: Future> {
        Running {
            #[pin]
            future: F,
        },
        Ended {
            output: Option<F::Output>,
        },
    }
}

impl<F: Future> JobCell<F> {
    #[inline(always)]
    pub(crate) fn new(future: F) -> JobCell<F> {
        JobCell::Running { future }
    }

    /// Takes the output of a job that is done.
    #[inline]
    pub(crate) fn take_output(self: Pin<&mut Self>) -> F::Output {
        match self.project() {
            Projection::Ended { output } => output.take().unwrap_or_else(|| not_done()),
            Projection::Running { .. } => not_done(),
        }
    }
}

impl<F: Future> Job for JobCell<F> {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let mut on_panic = CancelOnDrop(self.as_mut());
        let Projection::Running { future } = on_panic.0.as_mut().project() else { not_running() };
        let polled = future.poll(cx);
        mem::forget(on_panic);
        match polled {
            Poll::Ready(output) => {
                self.set(JobCell::Ended { output: Some(output) });
                true
            }
            Poll::Pending => false,
        }
    }

    fn cancel(mut self: Pin<&mut Self>) {
        self.set(JobCell::Ended { output: None });
    }
}

/// Drops the future of a poll that panics, before the panic leaves the runtime.
struct CancelOnDrop<'a, F: Future>(Pin<&'a mut JobCell<F>>);

impl<F: Future> Drop for CancelOnDrop<'_, F> {
    fn drop(&mut self) {
        self.0.as_mut().cancel();
    }
}

#[cold]
fn not_done() -> ! {
    unreachable!("the output of a job is taken once, after it is done")
}

#[cold]
fn not_running() -> ! {
    unreachable!("a job is not polled after its end")
}
