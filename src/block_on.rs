//! Waiting for any future.

use crate::bridge::Bridge;
use crate::call::Call;
use crate::error::WaitError;

/// Blocks the calling thread until `future` is done, and returns its output.
///
/// It takes any future, where [`Call::wait`] is for decorated functions; the two run alike. A
/// [`Call`](crate::Call) that is passed to it is a future like any other, and runs through the default bridge.
///
/// # Panics
///
/// When it is called from async code ([`Context::Async`](crate::Context::Async)), when the thread's
/// runtime cannot be built, and with the panic of `future`, unchanged.
///
/// # Examples
///
/// ```
/// assert_eq!(smartasync::block_on(async { 1 + 1 }), 2);
/// ```
#[inline]
#[track_caller]
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    call(future).wait()
}

/// Blocks the calling thread until `future` is done, or hands it back where that cannot be.
///
/// # Errors
///
/// Those of [`Call::try_wait`].
///
/// # Panics
///
/// Like [`Call::try_wait`].
///
/// # Examples
///
/// ```
/// use smartasync::{WaitErrorKind, try_block_on};
///
/// assert_eq!(try_block_on(async { 1 + 1 }).unwrap(), 2);
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let error = try_block_on(async { 1 + 1 }).unwrap_err();
/// assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
/// assert_eq!(error.into_call().unwrap().await, 2);
/// # });
/// ```
#[inline]
#[track_caller]
pub fn try_block_on<F: IntoFuture>(future: F) -> Result<F::Output, WaitError<F::IntoFuture>> {
    call(future).try_wait().map_err(WaitError::of_future)
}

impl Bridge {
    /// Blocks the calling thread until `future` is done, and returns its output.
    ///
    /// # Panics
    ///
    /// Where [`try_block_on`](Bridge::try_block_on) returns an error, and with the panic of `future`,
    /// unchanged.
    #[track_caller]
    pub fn block_on<F: IntoFuture>(&self, future: F) -> F::Output {
        self.named_call("Bridge::block_on", future).wait()
    }

    /// Blocks the calling thread until `future` is done, or hands it back where that cannot be.
    ///
    /// # Errors
    ///
    /// Those of [`Call::try_wait`](crate::Call::try_wait).
    #[track_caller]
    pub fn try_block_on<F: IntoFuture>(
        &self,
        future: F,
    ) -> Result<F::Output, WaitError<F::IntoFuture>> {
        self.named_call("Bridge::block_on", future).try_wait().map_err(WaitError::of_future)
    }
}

#[inline]
fn call<F: IntoFuture>(future: F) -> Call<F::IntoFuture> {
    Call::new("smartasync::block_on", future.into_future())
}
