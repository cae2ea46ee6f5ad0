//! Waiting for any future.

use crate::call::Call;

/// Blocks the calling thread until `future` is done, and returns its output.
///
/// It takes any future, where [`Call::wait`] is for decorated functions; the two run alike.
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
    Call::new("smartasync::block_on", future.into_future()).wait()
}
