//! A pinned future whose type the engine does not know.

use std::mem::{self, ManuallyDrop};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::{Cause, WaitError};
use crate::site::Site;

/// What a call runs. Without the type of the future, so that the code that runs it is compiled once.
pub(crate) trait Job {
    /// Polls the future. Returns whether it is done: its output is kept then, and the future dropped.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool;

    /// Drops the future, which will have no output.
    fn cancel(&mut self);
}

/// A call that is waited for: all that the engine has to know of it, behind one pointer.
pub(crate) struct WaitedCall<'a> {
    pub(crate) job: &'a mut dyn Job,
    pub(crate) site: &'a Site,
    failure: &'a mut Failure,
}

impl<'a> WaitedCall<'a> {
    #[inline]
    pub(crate) fn new(
        site: &'a Site,
        job: &'a mut dyn Job,
        failure: &'a mut Failure,
    ) -> WaitedCall<'a> {
        WaitedCall { job, site, failure }
    }

    /// The call cannot be run.
    #[cold]
    pub(crate) fn refuse(&mut self, cause: Cause) {
        *self.failure.0 = Some((cause, Progress::NotBegun));
    }

    /// The call has been run, and has no output where there is a cause.
    #[inline]
    pub(crate) fn end(&mut self, cause: Option<Cause>) {
        *self.failure.0 = cause.map(|cause| (cause, Progress::Begun));
    }
}

/// Why a call has no output. Nothing is in it where there is one, and so nothing to be dropped: a wait need not ask.
#[must_use = "what is in it is dropped by nobody else"]
pub(crate) struct Failure(ManuallyDrop<Option<(Cause, Progress)>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    NotBegun,
    Begun,
}

impl Failure {
    #[inline]
    pub(crate) fn none() -> Failure {
        Failure(ManuallyDrop::new(None))
    }

    /// Returns the output of a call that has ended.
    ///
    /// # Panics
    ///
    /// With the reason why there is none.
    #[inline]
    #[track_caller]
    pub(crate) fn output<T>(mut self, output: Option<T>, site: &Site) -> T {
        match output {
            Some(output) => output,
            None => self.panic(site),
        }
    }

    /// Returns the output of a call that has been run.
    ///
    /// # Errors
    ///
    /// Why there is none.
    #[inline]
    pub(crate) fn result<T, C>(
        mut self,
        output: Option<T>,
        site: &Site,
    ) -> Result<T, WaitError<C>> {
        output.ok_or_else(|| WaitError::ended(self.cause().0, *site))
    }

    #[cold]
    #[track_caller]
    fn panic(&mut self, site: &Site) -> ! {
        let (cause, progress) = self.cause();
        cause.panic(*site, progress == Progress::NotBegun)
    }

    #[cold]
    fn cause(&mut self) -> (Cause, Progress) {
        self.0.take().expect("a call that has run to its end has an output")
    }
}

/// A future, and the place for its output.
///
/// The future is dropped where it ends, be it by a return, a panic or a cancellation: inside its runtime, as with
/// `Runtime::block_on`.
pub(crate) struct FutureJob<'a, F: Future> {
    /// There until its end.
    future: Pin<&'a mut Option<F>>,
    output: &'a mut Option<F::Output>,
}

impl<'a, F: Future> FutureJob<'a, F> {
    #[inline]
    pub(crate) fn new(
        future: Pin<&'a mut Option<F>>,
        output: &'a mut Option<F::Output>,
    ) -> FutureJob<'a, F> {
        FutureJob { future, output }
    }
}

impl<F: Future> Job for FutureJob<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let mut end = EndOnDrop(self.future.as_mut());
        let Some(future) = end.0.as_mut().as_pin_mut() else { polled_after_end() };
        match future.poll(cx) {
            Poll::Ready(output) => {
                *self.output = Some(output);
                true
            }
            Poll::Pending => {
                mem::forget(end);
                false
            }
        }
    }

    fn cancel(&mut self) {
        self.future.set(None);
    }
}

/// A future on the heap, in whatever it came in.
pub(crate) struct BoxedJob<'a, T, F: Future> {
    /// There until the end of the future.
    holder: Option<Pin<Box<T>>>,
    future: fn(Pin<&mut T>) -> Pin<&mut F>,
    output: &'a mut Option<F::Output>,
}

impl<'a, T, F: Future> BoxedJob<'a, T, F> {
    pub(crate) fn new(
        holder: Pin<Box<T>>,
        future: fn(Pin<&mut T>) -> Pin<&mut F>,
        output: &'a mut Option<F::Output>,
    ) -> BoxedJob<'a, T, F> {
        BoxedJob { holder: Some(holder), future, output }
    }
}

impl<T, F: Future> Job for BoxedJob<'_, T, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        // Dropped here if the poll panics.
        let Some(mut holder) = self.holder.take() else { polled_after_end() };
        match (self.future)(holder.as_mut()).poll(cx) {
            Poll::Ready(output) => {
                *self.output = Some(output);
                true
            }
            Poll::Pending => {
                self.holder = Some(holder);
                false
            }
        }
    }

    fn cancel(&mut self) {
        self.holder = None;
    }
}

/// Whether a future is so large that it is put on the heap where it would have to be copied: Tokio's threshold, in
/// release builds, for the futures that it runs.
///
/// In a debug build each copy takes stack of its own, and one that is dropped in place takes its size twice more.
pub(crate) const fn is_large<F>() -> bool {
    size_of::<F>() > 16 * 1024
}

/// Drops a future at its end.
#[must_use = "the future ends when it is dropped"]
struct EndOnDrop<'a, F>(Pin<&'a mut Option<F>>);

impl<F> Drop for EndOnDrop<'_, F> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

#[cold]
fn polled_after_end() -> ! {
    unreachable!("a job is not polled after its end")
}
