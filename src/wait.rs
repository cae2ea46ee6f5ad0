//! Methods that wait for any future.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::call::{Call, LimitedCall};
use crate::error::WaitError;
use crate::site::type_name;

/// The waiting methods of a [`Call`], for every future.
///
/// Errors name the type of the future.
///
/// A type that is not a future, like a `Barrier` or a `Child`, keeps its own `wait`. A future keeps its own
/// `wait(self)`, but not its own `wait(&mut self)`, which Rust looks for after the methods of this trait. A
/// [`Call`] that generic code waits for through `Wait` is like any other future: it loses the bridge that
/// [`Call::on`] gave it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::Wait;
///
/// async fn answer() -> u32 { 42 }
///
/// assert_eq!(answer().wait(), 42);
/// assert_eq!(answer().wait_timeout(Duration::from_secs(1)).unwrap(), 42);
/// ```
///
/// # Futures that need Tokio when they are made
///
/// A future is polled inside a runtime, but made before that. So this panics in sync code with "there is no reactor
/// running", since Tokio's `timeout` starts its timer as soon as it is called:
///
/// ```should_panic
/// use std::time::Duration;
/// use smartasync::Wait;
/// use tokio::time::timeout;
///
/// async fn answer() -> u32 { 42 }
///
/// let answer = timeout(Duration::from_secs(1), answer()).wait();
/// ```
///
/// Make it inside: in an `async` block, in the closure of [`block_on_with`](crate::block_on_with), or while a guard
/// of [`enter`](crate::enter) lives.
///
/// ```
/// use std::time::Duration;
/// use smartasync::{Wait, block_on_with, enter};
/// use tokio::time::timeout;
///
/// async fn answer() -> u32 { 42 }
/// const LIMIT: Duration = Duration::from_secs(1);
///
/// assert_eq!(async { timeout(LIMIT, answer()).await }.wait(), Ok(42));
/// assert_eq!(block_on_with(|| timeout(LIMIT, answer())), Ok(42));
///
/// let _guard = enter();
/// assert_eq!(timeout(LIMIT, answer()).wait(), Ok(42));
/// ```
pub trait Wait: IntoFuture + Sized {
    /// Blocks the calling thread until the future is done, and returns its output.
    ///
    /// # Panics
    ///
    /// Like [`Call::wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Wait;
    ///
    /// let (sender, receiver) = tokio::sync::oneshot::channel();
    /// std::thread::spawn(move || sender.send(42).unwrap());
    /// assert_eq!(receiver.wait().unwrap(), 42);
    /// ```
    #[track_caller]
    fn wait(self) -> Self::Output {
        call(self).wait()
    }

    /// Blocks the calling thread until the future is done. If the thread must not block, or has no runtime, the
    /// future is handed back.
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
    /// use smartasync::{Wait, WaitErrorKind};
    ///
    /// async fn answer() -> u32 { 42 }
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let error = answer().try_wait().unwrap_err(); // in async code
    /// assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
    /// assert_eq!(error.into_call().unwrap().await, 42);
    /// # });
    /// ```
    #[track_caller]
    fn try_wait(self) -> Result<Self::Output, WaitError<Self::IntoFuture>> {
        call(self).try_wait().map_err(WaitError::of_future)
    }

    /// Blocks the calling thread until the future is done, or `limit` has passed: see [`Call::wait_timeout`].
    ///
    /// # Errors
    ///
    /// The errors of [`Call::wait_timeout`].
    ///
    /// # Panics
    ///
    /// Like [`Call::try_wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Wait, WaitErrorKind};
    ///
    /// let (_sender, receiver) = tokio::sync::oneshot::channel::<u32>();
    /// let error = receiver.wait_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// ```
    #[track_caller]
    fn wait_timeout(self, limit: Duration) -> Result<Self::Output, WaitError> {
        call(self).wait_timeout(limit)
    }

    /// Blocks the calling thread until the future is done, or `deadline` has passed: see [`Call::wait_until`].
    ///
    /// # Errors
    ///
    /// The errors of [`Call::wait_until`].
    ///
    /// # Panics
    ///
    /// Like [`Call::try_wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use smartasync::{Wait, WaitErrorKind};
    ///
    /// let deadline = Instant::now() + Duration::from_millis(1);
    /// for _ in 0..2 {
    ///     let error = std::future::pending::<()>().wait_until(deadline).unwrap_err();
    ///     assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// }
    /// ```
    #[track_caller]
    fn wait_until(self, deadline: Instant) -> Result<Self::Output, WaitError> {
        call(self).wait_until(deadline)
    }

    /// Blocks the calling thread until the future is done, or `token` is cancelled: see [`Call::wait_cancellable`].
    ///
    /// # Errors
    ///
    /// The errors of [`Call::wait_cancellable`].
    ///
    /// # Panics
    ///
    /// Like [`Call::try_wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{Wait, WaitErrorKind};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// token.cancel();
    /// let error = std::future::pending::<()>().wait_cancellable(&token).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::Cancelled);
    /// ```
    #[cfg(feature = "tokio-util")]
    #[track_caller]
    fn wait_cancellable(
        self,
        token: &tokio_util::sync::CancellationToken,
    ) -> Result<Self::Output, WaitError> {
        call(self).wait_cancellable(token)
    }

    /// Blocks the calling thread until the future is done, or `check` breaks: see [`Call::wait_with`].
    ///
    /// # Panics
    ///
    /// Like [`Call::wait`], and with a panic of `check`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    /// use smartasync::Wait;
    ///
    /// let interrupt = || ControlFlow::Break("interrupted");
    /// let outcome = std::future::pending::<()>().wait_with(Duration::from_millis(1), interrupt);
    /// assert_eq!(outcome, ControlFlow::Break("interrupted"));
    /// ```
    #[track_caller]
    fn wait_with<B>(
        self,
        every: Duration,
        check: impl FnMut() -> ControlFlow<B>,
    ) -> ControlFlow<B, Self::Output> {
        call(self).wait_with(every, check)
    }

    /// Limits the time for which the future is waited for: see [`Call::within`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Wait, WaitErrorKind};
    ///
    /// let error = std::future::pending::<()>().within(Duration::ZERO).wait().unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// ```
    fn within<'t>(self, limit: Duration) -> LimitedCall<'t, Self::IntoFuture> {
        call(self).within(limit)
    }

    /// Limits the time until which the future is waited for: see [`Call::until`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use smartasync::{Wait, WaitErrorKind};
    ///
    /// let error = std::future::pending::<()>().until(Instant::now()).wait().unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// ```
    fn until<'t>(self, deadline: Instant) -> LimitedCall<'t, Self::IntoFuture> {
        call(self).until(deadline)
    }

    /// Ends the wait for the future when `token` is cancelled: see [`Call::cancelled_by`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Wait, WaitErrorKind};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let call = std::future::pending::<()>().cancelled_by(&token).within(Duration::ZERO);
    /// assert_eq!(call.wait().unwrap_err().kind(), WaitErrorKind::TimedOut);
    /// ```
    #[cfg(feature = "tokio-util")]
    fn cancelled_by(
        self,
        token: &tokio_util::sync::CancellationToken,
    ) -> LimitedCall<'_, Self::IntoFuture> {
        call(self).cancelled_by(token)
    }
}

impl<F: IntoFuture> Wait for F {}

fn call<F: IntoFuture>(future: F) -> Call<F::IntoFuture> {
    Call::new(type_name::<F>, future.into_future())
}
