//! The result of a call that decides at run time whether it waits.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::Call;

/// What [`Call::dispatch`](crate::Call::dispatch) returns: the output where the caller may block, a future
/// where it must not.
///
/// Async code can `.await` either.
///
/// # Examples
///
/// ```
/// use smartasync::{Outcome, smartasync};
///
/// #[smartasync]
/// async fn answer() -> u32 { 42 }
///
/// assert!(matches!(answer().dispatch(), Outcome::Ready(42)));
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// assert_eq!(answer().dispatch().await, 42);
/// # });
/// ```
#[must_use = "an `Outcome::Pending` does nothing until it is awaited"]
pub enum Outcome<F: Future> {
    /// The caller could block: the call is done.
    Ready(F::Output),
    /// The caller is async code: the call has not started, and can be awaited.
    Pending(Call<F>),
}

impl<F: Future> Outcome<F> {
    /// Returns the output if the call is done. Otherwise the call is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # use smartasync::smartasync;
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// assert_eq!(answer().dispatch().ready(), Some(42));
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// assert_eq!(answer().dispatch().ready(), None); // in async code
    /// # });
    /// ```
    pub fn ready(self) -> Option<F::Output> {
        match self {
            Outcome::Ready(output) => Some(output),
            Outcome::Pending(_) => None,
        }
    }

    /// Returns whether the call is done.
    ///
    /// # Examples
    ///
    /// ```
    /// # use smartasync::smartasync;
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// assert!(answer().dispatch().is_ready());
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// assert!(!answer().dispatch().is_ready()); // in async code
    /// # });
    /// ```
    pub fn is_ready(&self) -> bool {
        matches!(self, Outcome::Ready(_))
    }
}

impl<F: Future> IntoFuture for Outcome<F> {
    type Output = F::Output;
    type IntoFuture = OutcomeFuture<F>;

    fn into_future(self) -> OutcomeFuture<F> {
        match self {
            Outcome::Ready(output) => OutcomeFuture::Ready { output: Some(output) },
            Outcome::Pending(future) => OutcomeFuture::Pending { future },
        }
    }
}

impl<F: Future> fmt::Debug for Outcome<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_ready() { "Ready(..)" } else { "Pending(..)" })
    }
}

pin_project! {
    /// The future of an [`Outcome`] that is awaited.
    ///
    /// # Panics
    ///
    /// Like [`Call`].
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the function.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{OutcomeFuture, smartasync};
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let future: OutcomeFuture<_> = answer().dispatch().into_future();
    /// assert_eq!(future.await, 42);
    /// # });
    /// ```
    #[project = Projection]
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub enum OutcomeFuture<F: Future> {
        #[doc(hidden)]
        Ready { output: Option<F::Output> },
        #[doc(hidden)]
        Pending {
            #[pin]
            future: Call<F>,
        },
    }
}

impl<F: Future> Future for OutcomeFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            Projection::Ready { output } => {
                Poll::Ready(output.take().expect("an outcome is not polled after it is ready"))
            }
            Projection::Pending { future } => future.poll(cx),
        }
    }
}

impl<F: Future> fmt::Debug for OutcomeFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutcomeFuture").finish_non_exhaustive()
    }
}
