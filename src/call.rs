//! What a decorated function returns.

mod future;
mod held;
mod outcome;
mod through;

use std::fmt;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::time::{Duration, Instant};

#[cfg(feature = "tokio-util")]
use tokio::task::unconstrained;

use crate::bridge::{self, Bridge, Route};
#[cfg(feature = "tokio-util")]
use crate::error::Cause;
use crate::error::{WaitError, WaitErrorKind};
use crate::exec::job::{BoxedJob, FutureJob, is_large};
use crate::exec::limits::Limits;
use crate::site::{Name, Site};
use held::{make_call, pin_call};
use through::Through;

pub use held::Call;
pub use outcome::{Outcome, OutcomeFuture};

impl<F: Future> Call<F> {
    /// Blocks the calling thread until the call is done, and returns its output.
    ///
    /// # Panics
    ///
    /// Where [`try_wait`](Call::try_wait) returns an error, with that error as the message and the
    /// caller's location, in debug and release builds alike. A panic of the function itself reaches
    /// the caller unchanged, and the thread's runtime stays usable.
    ///
    /// A wait in the initialiser of a [`LazyLock`](std::sync::LazyLock) panics if a task is the first to touch
    /// that static, and then the static is poisoned for the whole process. A [`OnceLock`](std::sync::OnceLock) is
    /// not poisoned: a later thread initialises it. A [`tokio::sync::OnceCell`] behind a decorated function is
    /// initialised by the first caller, a thread or a task:
    ///
    /// ```
    /// use smartasync::smartasync;
    /// use tokio::sync::OnceCell;
    ///
    /// # async fn load() -> String { "settings".to_owned() }
    /// #[smartasync]
    /// async fn settings() -> &'static str {
    ///     static SETTINGS: OnceCell<String> = OnceCell::const_new();
    ///     SETTINGS.get_or_init(load).await
    /// }
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// assert_eq!(settings().await, "settings");
    /// # });
    /// assert_eq!(settings().wait(), "settings");
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// # use smartasync::smartasync;
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// let workers = [(); 4].map(|()| std::thread::spawn(|| answer().wait()));
    /// assert!(workers.into_iter().all(|worker| worker.join().unwrap() == 42));
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn wait(self) -> F::Output {
        let site = self.site();
        #[cfg(debug_assertions)]
        if const { is_large::<F>() } {
            let (bridge, call) = (self.through().bridge().cloned(), Box::pin(self));
            let mut job = BoxedJob::new(site, call, Call::future);
            bridge::wait(bridge.as_ref(), &mut job);
            return job.ending.output();
        }
        pin_call!(self => through, future);
        let mut job = FutureJob::new(site, future);
        bridge::wait(through.bridge(), &mut job);
        job.ending.output()
    }

    /// Blocks the calling thread until the call is done, or hands the call back if it cannot be run.
    ///
    /// # Errors
    ///
    /// [`AsyncContext`](crate::WaitErrorKind::AsyncContext) if the caller is async code,
    /// [`Runtime`](crate::WaitErrorKind::Runtime) if there is no runtime to run on, and
    /// [`Shutdown`](crate::WaitErrorKind::Shutdown) if the call's bridge has been shut down. The call has not
    /// started, and [`WaitError::into_call`] returns it, unless the bridge was shut down while the call waited.
    ///
    /// # Panics
    ///
    /// With a panic of the function itself. Otherwise only in the two places that the limits of
    /// [`context()`](crate::context()) name.
    ///
    /// # Examples
    ///
    /// ```
    /// # use smartasync::smartasync;
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let error = answer().try_wait().unwrap_err();
    /// let call = error.into_call().unwrap();
    /// assert_eq!(call.await, 42);
    /// # });
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn try_wait(self) -> Result<F::Output, WaitError<Call<F>>> {
        self.wait_within(None, None)
    }

    /// Blocks the calling thread until the call is done, but for no longer than `limit`.
    ///
    /// If there is no output by then, the future is dropped on the calling thread, inside the runtime that it ran
    /// on, as async code drops a future that it no longer awaits. The future is polled at least once, even if
    /// `limit` is zero. A limit beyond what [`Instant`] can represent is no limit. The clock is the system's, even
    /// if Tokio's is paused.
    ///
    /// A future that never yields cannot be interrupted: it is asked to stop between two polls.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::WaitErrorKind::TimedOut), and those of [`try_wait`](Call::try_wait). The error may
    /// borrow what the call does; [`without_call`](WaitError::without_call) ends that.
    ///
    /// # Panics
    ///
    /// Like [`try_wait`](Call::try_wait).
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
    /// let error = forever().wait_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn wait_timeout(self, limit: Duration) -> Result<F::Output, WaitError<Call<F>>> {
        self.wait_within(Instant::now().checked_add(limit), None)
    }

    /// Blocks the calling thread until the call is done, but no longer than until `deadline`.
    ///
    /// Apart from that it is like [`wait_timeout`](Call::wait_timeout). A call whose deadline has passed is polled
    /// once.
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
    /// // One second for the two of them.
    /// let deadline = Instant::now() + Duration::from_secs(1);
    /// assert_eq!(answer().wait_until(deadline).unwrap(), 42);
    /// assert_eq!(answer().wait_until(deadline).unwrap(), 42);
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn wait_until(self, deadline: Instant) -> Result<F::Output, WaitError<Call<F>>> {
        self.wait_within(Some(deadline), None)
    }

    /// Blocks the calling thread until the call is done, or until `token` is cancelled.
    ///
    /// A cancelled future is dropped, as [at a deadline](Call::wait_timeout). If the token is cancelled before the
    /// call has begun, the call is handed back.
    ///
    /// # Errors
    ///
    /// [`Cancelled`](crate::WaitErrorKind::Cancelled), and those of [`try_wait`](Call::try_wait).
    ///
    /// # Panics
    ///
    /// Like [`try_wait`](Call::try_wait).
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
    ///     let worker = scope.spawn(|| forever().wait_cancellable(&token));
    ///     token.cancel();
    ///     let error = worker.join().unwrap().unwrap_err();
    ///     assert_eq!(error.kind(), WaitErrorKind::Cancelled);
    /// });
    /// ```
    #[cfg(feature = "tokio-util")]
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn wait_cancellable(
        self,
        token: &tokio_util::sync::CancellationToken,
    ) -> Result<F::Output, WaitError<Call<F>>> {
        if token.is_cancelled() {
            let site = self.site();
            return Err(WaitError::new(Cause::Cancelled, Box::new(self), site));
        }
        let cancelled = pin!(unconstrained(token.cancelled()));
        self.wait_within(None, Some(Limits::cancelled_by(cancelled)))
    }

    /// Runs the call where the caller may block, and returns its future where it must not.
    ///
    /// # Panics
    ///
    /// When the caller may block and there is no runtime to run on or the bridge is shut down, and with a
    /// panic of the function itself, unchanged.
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
    /// let Outcome::Pending(future) = answer().dispatch() else { panic!("async code must not block") };
    /// assert_eq!(future.await, 42);
    /// # });
    /// ```
    #[track_caller]
    pub fn dispatch(self) -> Outcome<F> {
        match self.try_wait() {
            Ok(output) => Outcome::Ready(output),
            Err(error) if error.kind() != WaitErrorKind::AsyncContext => panic!("{error}"),
            Err(error) => {
                let call = error.into_call().expect("a call in async code has not started");
                Outcome::Pending(call)
            }
        }
    }

    /// Runs the call through `bridge` if one of its own methods waits for it. The bridge has no effect if the call
    /// is awaited, or passed on as a future (for example to [`block_on`](crate::block_on)).
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{Bridge, smartasync};
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// let bridge = Bridge::builder().build();
    /// assert_eq!(answer().on(&bridge).wait(), 42);
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn on(mut self, bridge: &Bridge) -> Call<F> {
        self.through_mut().set(bridge);
        self
    }

    /// Returns the name of the decorated function, or of the function that made the call from a bare future.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{Bridge, smartasync};
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// assert_eq!(answer().name(), "answer");
    /// assert_eq!(Bridge::per_thread().call(async {}).name(), "Bridge::call");
    /// ```
    pub fn name(&self) -> &'static str {
        (self.name)()
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    fn wait_within(
        self,
        deadline: Option<Instant>,
        mut limits: Option<Limits<'_>>,
    ) -> Result<F::Output, WaitError<Call<F>>> {
        let (site, bridge) = (self.site(), self.through().bridge().cloned());
        let mut route = Route::new();
        // The call is handed back if it cannot be run, so it cannot be pinned before that is known, and pinning it
        // later copies it.
        if const { is_large::<F>() } {
            let call = Box::new(self);
            if let Err(cause) = route.find_within(bridge.as_ref(), deadline, &mut limits) {
                return Err(WaitError::new(cause, call, site));
            }
            let mut job = BoxedJob::new(site, Box::into_pin(call), Call::future);
            route.run(&mut job, limits.as_mut());
            return job.ending.result();
        }
        if let Err(cause) = route.find_within(bridge.as_ref(), deadline, &mut limits) {
            return Err(WaitError::new(cause, Box::new(self), site));
        }
        pin_call!(self => _through, future);
        let mut job = FutureJob::new(site, future);
        route.run(&mut job, limits.as_mut());
        job.ending.result()
    }
}

impl<F> Call<F> {
    #[inline]
    fn future(self: Pin<&mut Self>) -> Pin<&mut F> {
        self.parts().1
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    fn site(&self) -> Site {
        Site { name: self.name, caller: Location::caller() }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn new(name: Name, future: F) -> Call<F> {
        make_call!(name, Through::NONE, future)
    }
}

impl Bridge {
    /// Makes a call of any future. The call runs through this bridge when it is waited for, with a deadline or in
    /// any other way that a call offers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Bridge, WaitErrorKind};
    ///
    /// let call = Bridge::shared().call(std::future::pending::<()>());
    /// let error = call.wait_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// ```
    pub fn call<F: IntoFuture>(&self, future: F) -> Call<F::IntoFuture> {
        self.named_call(|| "Bridge::call", future)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn named_call<F: IntoFuture>(&self, name: Name, future: F) -> Call<F::IntoFuture> {
        make_call!(name, Through::of(self), future.into_future())
    }
}

impl<F: Future> WaitError<Call<F>> {
    /// Turns the error of a call into that of the future from which the call was made.
    pub(crate) fn of_future(self) -> WaitError<F> {
        self.map_call(Call::into_inner)
    }
}

impl<F> fmt::Debug for Call<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("name", &(self.name)()).finish_non_exhaustive()
    }
}

/// Makes the call of a decorated function.
///
/// `T` is separate from `F` so that the attribute can name the output, and the body is checked against it.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn call<T, F: Future<Output = T>>(name: fn() -> &'static str, future: F) -> Call<F> {
    make_call!(name, Through::NONE, future)
}
