//! A pinned future whose type the engine does not know.

use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::{Cause, WaitError};
use crate::site::Site;

/// What a call runs, without the type of the future, so that the code that runs it is compiled once.
pub(crate) trait Job {
    /// Polls the future. Returns whether it is done. If so, its output is kept and the future is dropped.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool;

    /// Drops the future, which then has no output.
    fn cancel(&mut self);

    fn header(&mut self) -> &mut Header;
}

/// The part of a job that is the same for all futures: its call, and the reason why it has no output.
pub(crate) struct Header {
    pub(crate) site: Site,
    /// `None` if there is an output. It is never dropped then, so that a wait need not check it.
    failure: ManuallyDrop<Option<(Cause, Progress)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    NotBegun,
    Begun,
}

impl Header {
    #[inline]
    fn new(site: Site) -> Header {
        Header { site, failure: ManuallyDrop::new(None) }
    }

    /// The call cannot be run.
    #[cold]
    pub(crate) fn refuse(&mut self, cause: Cause) {
        *self.failure = Some((cause, Progress::NotBegun));
    }

    /// The call has been run, and has no output where there is a cause.
    #[inline]
    pub(crate) fn end(&mut self, cause: Option<Cause>) {
        *self.failure = cause.map(|cause| (cause, Progress::Begun));
    }

    #[cold]
    #[track_caller]
    fn panic(&mut self) -> ! {
        let (cause, progress) = self.failure();
        cause.panic(self.site, progress == Progress::Begun)
    }

    #[cold]
    fn error<C>(&mut self) -> WaitError<C> {
        match self.failure() {
            (cause, Progress::NotBegun) => WaitError::refused(cause, self.site),
            (cause, Progress::Begun) => WaitError::ended(cause, self.site),
        }
    }

    fn failure(&mut self) -> (Cause, Progress) {
        self.failure.take().expect("a call that has run to its end has an output")
    }
}

/// What is left of a job when it ends: its output, or in the header the reason why there is none.
pub(crate) struct Ending<T> {
    header: Header,
    output: Option<T>,
}

impl<T> Ending<T> {
    #[inline]
    fn new(site: Site) -> Ending<T> {
        Ending { header: Header::new(site), output: None }
    }

    /// Returns the output of a call that has ended.
    ///
    /// # Panics
    ///
    /// With the reason why there is none.
    #[inline]
    #[track_caller]
    pub(crate) fn output(&mut self) -> T {
        match self.output.take() {
            Some(output) => output,
            None => self.header.panic(),
        }
    }

    /// Returns the output of a call that has been run.
    ///
    /// # Errors
    ///
    /// Why there is none.
    #[inline]
    pub(crate) fn result<C>(&mut self) -> Result<T, WaitError<C>> {
        self.output.take().ok_or_else(|| self.header.error())
    }
}

/// A future, and a place for its output.
///
/// The future is dropped where it ends, by a return, a panic or a cancellation: inside its runtime, as with
/// `Runtime::block_on`.
pub(crate) struct FutureJob<'a, F: Future> {
    pub(crate) ending: Ending<F::Output>,
    /// `None` once it has ended.
    future: Pin<&'a mut Option<F>>,
}

impl<'a, F: Future> FutureJob<'a, F> {
    #[inline]
    pub(crate) fn new(site: Site, future: Pin<&'a mut Option<F>>) -> FutureJob<'a, F> {
        FutureJob { ending: Ending::new(site), future }
    }
}

impl<F: Future> Job for FutureJob<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        let mut end = EndOnDrop(self.future.as_mut(), PhantomData);
        let Some(future) = end.0.as_mut().as_pin_mut() else { polled_after_end() };
        match future.poll(cx) {
            Poll::Ready(output) => {
                self.ending.output = Some(output);
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

    fn header(&mut self) -> &mut Header {
        &mut self.ending.header
    }
}

/// A future on the heap, inside the value that it came in.
pub(crate) struct BoxedJob<T, F: Future> {
    pub(crate) ending: Ending<F::Output>,
    /// `None` once the future has ended.
    holder: Option<Pin<Box<T>>>,
    future: fn(Pin<&mut T>) -> Pin<&mut F>,
}

impl<T, F: Future> BoxedJob<T, F> {
    pub(crate) fn new(
        site: Site,
        holder: Pin<Box<T>>,
        future: fn(Pin<&mut T>) -> Pin<&mut F>,
    ) -> BoxedJob<T, F> {
        BoxedJob { ending: Ending::new(site), holder: Some(holder), future }
    }
}

impl<T, F: Future> Job for BoxedJob<T, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        // If the poll panics, it is dropped here.
        let Some(mut holder) = self.holder.take() else { polled_after_end() };
        match (self.future)(holder.as_mut()).poll(cx) {
            Poll::Ready(output) => {
                self.ending.output = Some(output);
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

    fn header(&mut self) -> &mut Header {
        &mut self.ending.header
    }
}

/// Whether a future is so large that it is put on the heap instead of being copied. The threshold is the one that
/// Tokio has, in release builds, for the futures that it runs.
///
/// In a debug build each copy takes stack of its own, and dropping a future in place takes twice its size.
pub(crate) const fn is_large<F>() -> bool {
    size_of::<F>() > 16 * 1024
}

/// Drops a future at its end.
#[must_use = "the future ends when it is dropped"]
struct EndOnDrop<'a, F>(Pin<&'a mut Option<F>>, PhantomData<*const ()>);

impl<F> Drop for EndOnDrop<'_, F> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

#[cold]
fn polled_after_end() -> ! {
    unreachable!("a job is not polled after its end")
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_future_is_large_beyond_tokios_threshold() {
        assert!(!is_large::<[u8; 16 * 1024]>());
        assert!(is_large::<[u8; 16 * 1024 + 1]>());
    }
}
