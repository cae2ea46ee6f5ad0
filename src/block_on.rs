//! Waiting for any future.

use std::pin::pin;

use crate::bridge::{self, Bridge};
use crate::call::Call;
use crate::error::WaitError;
use crate::exec::job::FutureJob;
#[cfg(debug_assertions)]
use crate::exec::job::is_large;
use crate::site::{Name, Site};

const NAME: Name = || "smartasync::block_on";

/// Blocks the calling thread until `future` is done, and returns its output.
///
/// It takes any future, while [`Call::wait`] is for decorated functions; both run in the same way. A
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
///
/// # Futures that need Tokio when they are made
///
/// The future is polled inside a runtime, but made before that. So this panics in sync code with "there is no
/// reactor running", since `sleep` starts its timer as soon as it is called:
///
/// ```should_panic
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// smartasync::block_on(sleep(Duration::from_millis(1)));
/// ```
///
/// Make it inside; [`enter`](crate::enter) has a third way:
///
/// ```
/// use std::time::Duration;
/// use tokio::time::sleep;
///
/// smartasync::block_on(async { sleep(Duration::from_millis(1)).await });
/// smartasync::block_on_with(|| sleep(Duration::from_millis(1)));
/// ```
#[cfg_attr(not(debug_assertions), inline(always))]
#[track_caller]
pub fn block_on<F: IntoFuture>(future: F) -> F::Output {
    let site = Site::of(NAME);
    #[cfg(debug_assertions)]
    if const { is_large::<F::IntoFuture>() } {
        let future = pin!(Some(Box::pin(future.into_future())));
        let mut job = FutureJob::new(site, future);
        bridge::wait(None, &mut job);
        return job.ending.output();
    }
    let future = pin!(Some(future.into_future()));
    let mut job = FutureJob::new(site, future);
    bridge::wait(None, &mut job);
    job.ending.output()
}

/// Blocks the calling thread until `future` is done, or hands the future back if it cannot be run.
///
/// # Errors
///
/// The errors of [`Call::try_wait`].
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
#[cfg_attr(not(debug_assertions), inline(always))]
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
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    ///
    /// assert_eq!(Bridge::per_thread().block_on(async { 1 + 1 }), 2);
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn block_on<F: IntoFuture>(&self, future: F) -> F::Output {
        self.named_call(|| "Bridge::block_on", future).wait()
    }

    /// Blocks the calling thread until `future` is done, or hands the future back if it cannot be run.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::try_wait`](crate::Call::try_wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Bridge, WaitErrorKind};
    ///
    /// let bridge = Bridge::builder().build();
    /// assert_eq!(bridge.try_block_on(async { 1 + 1 }).unwrap(), 2);
    /// bridge.shutdown(Duration::ZERO);
    /// let error = bridge.try_block_on(async { 1 + 1 }).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::Shutdown);
    /// assert!(error.into_call().is_some(), "the future has not started");
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn try_block_on<F: IntoFuture>(
        &self,
        future: F,
    ) -> Result<F::Output, WaitError<F::IntoFuture>> {
        self.named_call(|| "Bridge::block_on", future).try_wait().map_err(WaitError::of_future)
    }
}

#[cfg_attr(not(debug_assertions), inline(always))]
fn call<F: IntoFuture>(future: F) -> Call<F::IntoFuture> {
    Call::new(NAME, future.into_future())
}
