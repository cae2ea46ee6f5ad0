//! Calls that end before their future does: at a deadline, by a token, by a check.

use std::fmt;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
#[cfg(feature = "tokio-util")]
use std::pin::pin;
use std::time::{Duration, Instant};

#[cfg(feature = "tokio-util")]
use tokio::task::unconstrained;
#[cfg(feature = "tokio-util")]
use tokio_util::sync::CancellationToken;

use super::Call;
#[cfg(feature = "tokio-util")]
use crate::error::Cause;
use crate::error::WaitError;
use crate::exec::limits::Limits;

/// A call with limits: made by [`Call::within`] and its like, which combine.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use smartasync::{WaitErrorKind, smartasync};
///
/// #[smartasync]
/// async fn forever() { std::future::pending().await }
///
/// // Of two deadlines, the first counts.
/// let of_all = Instant::now() + Duration::from_secs(60);
/// let error = forever().within(Duration::from_millis(1)).until(of_all).wait().unwrap_err();
/// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
/// ```
#[must_use = "a call does nothing until it is waited for"]
pub struct LimitedCall<'t, F> {
    call: Call<F>,
    until: Option<Instant>,
    lifts_default: bool,
    #[cfg(feature = "tokio-util")]
    token: Option<&'t CancellationToken>,
    _token: PhantomData<&'t ()>,
}

impl<F: Future> Call<F> {
    /// Limits the time for which the call is waited for.
    ///
    /// If there is no output by then, the future is dropped on the calling thread, inside the runtime that it ran
    /// on, as async code drops a future that it no longer awaits. The future is polled at least once, even if
    /// `limit` is zero. A limit beyond what [`Instant`] can represent is no limit. The time begins now. The clock is
    /// the system's, even if Tokio's is paused.
    ///
    /// A future that never yields cannot be interrupted: it is asked to stop between two polls.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::smartasync;
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// assert_eq!(answer().within(Duration::from_secs(1)).wait().unwrap(), 42);
    /// ```
    pub fn within<'t>(self, limit: Duration) -> LimitedCall<'t, F> {
        LimitedCall::new(self).within(limit)
    }

    /// Ends the wait at a deadline: see [`within`](Call::within). A call whose deadline has
    /// passed is polled once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use smartasync::smartasync;
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// // One second for the two of them.
    /// let deadline = Instant::now() + Duration::from_secs(1);
    /// assert_eq!(answer().until(deadline).wait().unwrap(), 42);
    /// assert_eq!(answer().until(deadline).wait().unwrap(), 42);
    /// ```
    pub fn until<'t>(self, deadline: Instant) -> LimitedCall<'t, F> {
        LimitedCall::new(self).until(deadline)
    }

    /// Lifts the limit that the bridge has for its calls: see [`BridgeBuilder::timeout`](crate::BridgeBuilder::timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Bridge, smartasync};
    ///
    /// #[smartasync]
    /// async fn nap() { tokio::time::sleep(Duration::from_millis(10)).await }
    ///
    /// let bridge = Bridge::builder().timeout(Duration::from_millis(1)).build();
    /// assert!(nap().on(&bridge).try_wait().is_err());
    /// nap().on(&bridge).unlimited().wait().unwrap();
    /// ```
    pub fn unlimited<'t>(self) -> LimitedCall<'t, F> {
        LimitedCall { lifts_default: true, ..LimitedCall::new(self) }
    }

    /// Ends the wait for the call when `token` is cancelled. The future is dropped, as [at a deadline](Call::within). If
    /// the token is cancelled before the call has begun, it is not begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use smartasync::{WaitErrorKind, smartasync};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// #[smartasync]
    /// async fn forever() { std::future::pending().await }
    ///
    /// let token = CancellationToken::new();
    /// thread::scope(|scope| {
    ///     let worker = scope.spawn(|| forever().cancelled_by(&token).wait());
    ///     token.cancel();
    ///     let error = worker.join().unwrap().unwrap_err();
    ///     assert_eq!(error.kind(), WaitErrorKind::Cancelled);
    /// });
    /// ```
    #[cfg(feature = "tokio-util")]
    pub fn cancelled_by(self, token: &CancellationToken) -> LimitedCall<'_, F> {
        LimitedCall::new(self).cancelled_by(token)
    }

    /// Blocks the calling thread until the call is done, but for no longer than `limit`: see [`within`](Call::within).
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::WaitErrorKind::TimedOut), and those of [`try_wait`](Call::try_wait). The error hands no call
    /// back, so that it can leave the function whose arguments the call borrows: `within(limit).try_wait()` returns one
    /// that does.
    ///
    /// # Panics
    ///
    /// Like [`try_wait`](Call::try_wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error;
    /// use std::time::Duration;
    /// use smartasync::smartasync;
    ///
    /// #[smartasync]
    /// async fn parsed(text: &str) -> Result<u32, std::num::ParseIntError> { text.parse() }
    ///
    /// fn sum(text: &str) -> Result<u32, Box<dyn Error + Send + Sync>> {
    ///     let text = text.to_owned();
    ///     Ok(parsed(&text).wait_timeout(Duration::from_secs(1))?? + 1)
    /// }
    ///
    /// assert_eq!(sum("41").unwrap(), 42);
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn wait_timeout(self, limit: Duration) -> Result<F::Output, WaitError> {
        let until = Instant::now().checked_add(limit);
        self.wait_within(Limits::new(until, until.is_none()))
    }

    /// Blocks the calling thread until the call is done, but no longer than until `deadline`: see
    /// [`until`](Call::until).
    ///
    /// # Errors
    ///
    /// Those of [`wait_timeout`](Call::wait_timeout).
    ///
    /// # Panics
    ///
    /// Like [`try_wait`](Call::try_wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use smartasync::smartasync;
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// let deadline = Instant::now() + Duration::from_secs(1);
    /// assert_eq!(answer().wait_until(deadline).unwrap(), 42);
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn wait_until(self, deadline: Instant) -> Result<F::Output, WaitError> {
        self.wait_within(Limits::new(Some(deadline), false))
    }

    /// Blocks the calling thread until the call is done, or until `token` is cancelled: see
    /// [`cancelled_by`](Call::cancelled_by).
    ///
    /// # Errors
    ///
    /// [`Cancelled`](crate::WaitErrorKind::Cancelled), and those of [`try_wait`](Call::try_wait). The error hands no call
    /// back: `cancelled_by(token).try_wait()` returns one that does.
    ///
    /// # Panics
    ///
    /// Like [`try_wait`](Call::try_wait).
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{WaitErrorKind, smartasync};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// #[smartasync]
    /// async fn forever() { std::future::pending().await }
    ///
    /// let token = CancellationToken::new();
    /// token.cancel();
    /// let error = forever().wait_cancellable(&token).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::Cancelled);
    /// ```
    #[cfg(feature = "tokio-util")]
    #[track_caller]
    pub fn wait_cancellable(self, token: &CancellationToken) -> Result<F::Output, WaitError> {
        self.cancelled_by(token).wait()
    }

    /// Blocks the calling thread until the call is done, or `check` breaks. Meanwhile the thread calls `check` between two
    /// polls, at least once in each `every`: for a host that can interrupt, like Ctrl-C in Python, or a database's cancel
    /// request.
    ///
    /// `check` runs outside of the future: it may block, and make calls of its own. A break drops the future, as
    /// [at a deadline](Call::within), and is returned. The thread sleeps between two checks, and an answer wakes it at once.
    /// An `every` of less than a millisecond counts as one. The first interval begins when the call is first pending, and
    /// a call that is ready before its end is not checked.
    ///
    /// # Panics
    ///
    /// Like [`wait`](Call::wait), and with a panic of `check`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    /// use smartasync::smartasync;
    ///
    /// #[smartasync]
    /// async fn forever() -> u32 { std::future::pending().await }
    ///
    /// let mut checks = 0;
    /// let outcome = forever().wait_with(Duration::from_millis(1), || {
    ///     checks += 1;
    ///     if checks < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break("interrupted") }
    /// });
    /// assert_eq!(outcome, ControlFlow::Break("interrupted"));
    /// ```
    #[track_caller]
    pub fn wait_with<B>(
        self,
        every: Duration,
        check: impl FnMut() -> ControlFlow<B>,
    ) -> ControlFlow<B, F::Output> {
        match LimitedCall::new(self).wait_with(every, check) {
            Ok(outcome) => outcome,
            Err(error) => panic!("{error}"),
        }
    }
}

impl<'t, F: Future> LimitedCall<'t, F> {
    pub(crate) fn new(call: Call<F>) -> LimitedCall<'t, F> {
        LimitedCall {
            call,
            until: None,
            lifts_default: false,
            #[cfg(feature = "tokio-util")]
            token: None,
            _token: PhantomData,
        }
    }

    /// Limits the time: see [`Call::within`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use smartasync::smartasync;
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// let of_all = Instant::now() + Duration::from_secs(60);
    /// assert_eq!(answer().until(of_all).within(Duration::from_secs(1)).wait().unwrap(), 42);
    /// ```
    pub fn within(self, limit: Duration) -> LimitedCall<'t, F> {
        match Instant::now().checked_add(limit) {
            Some(deadline) => self.until(deadline),
            None => LimitedCall { lifts_default: true, ..self },
        }
    }

    /// Limits the time: see [`Call::until`]. Of two deadlines, the first counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use smartasync::smartasync;
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// let of_all = Instant::now() + Duration::from_secs(60);
    /// assert_eq!(answer().within(Duration::from_secs(1)).until(of_all).wait().unwrap(), 42);
    /// ```
    pub fn until(self, deadline: Instant) -> LimitedCall<'t, F> {
        let until = self.until.map_or(deadline, |until| until.min(deadline));
        LimitedCall { until: Some(until), ..self }
    }

    /// Ends the wait when `token` is cancelled: see [`Call::cancelled_by`]. It takes the place of an earlier token.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{WaitErrorKind, smartasync};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// #[smartasync]
    /// async fn forever() { std::future::pending().await }
    ///
    /// let token = CancellationToken::new();
    /// token.cancel();
    /// let error = forever().within(Duration::from_secs(1)).cancelled_by(&token).wait().unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::Cancelled);
    /// ```
    #[cfg(feature = "tokio-util")]
    pub fn cancelled_by(self, token: &'t CancellationToken) -> LimitedCall<'t, F> {
        LimitedCall { token: Some(token), ..self }
    }

    /// Blocks the calling thread until the call is done, or a limit is reached.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::WaitErrorKind::TimedOut), [`Cancelled`](crate::WaitErrorKind::Cancelled), and those of
    /// [`Call::try_wait`]. The error hands no call back: that of [`try_wait`](LimitedCall::try_wait) does.
    ///
    /// # Panics
    ///
    /// Like [`Call::try_wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{WaitErrorKind, smartasync};
    ///
    /// #[smartasync]
    /// async fn forever() { std::future::pending().await }
    ///
    /// let error = forever().within(Duration::from_millis(1)).wait().unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// ```
    #[track_caller]
    pub fn wait(self) -> Result<F::Output, WaitError> {
        self.wait_checked(None)
    }

    /// Blocks the calling thread until the call is done, or a limit is reached. A call that cannot be run is handed back.
    ///
    /// # Errors
    ///
    /// Like [`wait`](LimitedCall::wait). The error contains the call if it was not begun.
    ///
    /// # Panics
    ///
    /// Like [`Call::try_wait`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::smartasync;
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let error = answer().within(Duration::from_secs(1)).try_wait().unwrap_err(); // in async code
    /// assert_eq!(error.into_call().unwrap().await, 42);
    /// # });
    /// ```
    #[track_caller]
    pub fn try_wait(self) -> Result<F::Output, WaitError<Call<F>>> {
        #[cfg(feature = "tokio-util")]
        if self.is_cancelled() {
            let site = self.call.site();
            return Err(WaitError::new(Cause::Cancelled, Box::new(self.call), site));
        }
        let limits = Limits::new(self.until, self.lifts_default);
        #[cfg(feature = "tokio-util")]
        let mut cancelled = pin!(self.token.map(|token| unconstrained(token.cancelled())));
        #[cfg(feature = "tokio-util")]
        let limits = limits.cancelled_by(cancelled.as_mut().as_pin_mut());
        self.call.try_wait_within(Some(limits))
    }

    /// Blocks the calling thread until the call is done, a limit is reached, or `check` breaks: see [`Call::wait_with`].
    ///
    /// # Errors
    ///
    /// Those of [`wait`](LimitedCall::wait).
    ///
    /// # Panics
    ///
    /// Like [`Call::try_wait`], and with a panic of `check`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    /// use smartasync::{WaitErrorKind, smartasync};
    ///
    /// #[smartasync]
    /// async fn forever() { std::future::pending().await }
    ///
    /// let check = || ControlFlow::<()>::Continue(());
    /// let call = forever().within(Duration::from_millis(5));
    /// let error = call.wait_with(Duration::from_millis(1), check).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// ```
    #[track_caller]
    pub fn wait_with<B>(
        self,
        every: Duration,
        mut check: impl FnMut() -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, F::Output>, WaitError> {
        // A panic ends the call like a break: its future is dropped inside its runtime.
        let mut broken = None;
        let mut breaks = || {
            let checked = catch_unwind(AssertUnwindSafe(&mut check));
            broken = checked.map(ControlFlow::break_value).transpose();
            broken.is_some()
        };
        let result = self.wait_checked(Some((every, &mut breaks)));
        match broken {
            Some(Ok(value)) => Ok(ControlFlow::Break(value)),
            Some(Err(panic)) => resume_unwind(panic),
            None => result.map(ControlFlow::Continue),
        }
    }

    #[track_caller]
    fn wait_checked(
        self,
        check: Option<(Duration, &mut dyn FnMut() -> bool)>,
    ) -> Result<F::Output, WaitError> {
        #[cfg(feature = "tokio-util")]
        if self.is_cancelled() {
            return Err(WaitError::refused(Cause::Cancelled, self.call.site()));
        }
        #[cfg(feature = "tokio-util")]
        let mut cancelled = pin!(self.token.map(|token| unconstrained(token.cancelled())));
        let limits = Limits::new(self.until, self.lifts_default);
        #[cfg(feature = "tokio-util")]
        let limits = limits.cancelled_by(cancelled.as_mut().as_pin_mut());
        // Shortens the lifetime.
        let limits = limits.checked(check.map(|(every, check)| (every, check as _)));
        self.call.wait_within(limits)
    }

    #[cfg(feature = "tokio-util")]
    fn is_cancelled(&self) -> bool {
        self.token.is_some_and(CancellationToken::is_cancelled)
    }
}

impl<F> fmt::Debug for LimitedCall<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LimitedCall").field("call", &self.call).finish_non_exhaustive()
    }
}
