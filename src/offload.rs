//! Sync code that async code can await.

pub(crate) mod bounds;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::bridge;
use crate::joined::Joined;

/// Makes a call of `function` that sync code can wait for and async code can await.
///
/// The function may run on another thread after its caller has gone on, so the function and its output are
/// `Send + 'static`.
///
/// # Examples
///
/// ```
/// use smartasync::offload;
///
/// let sum = || offload(|| (1..=1_000_u64).sum::<u64>());
/// assert_eq!(sum().wait(), 500_500);
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// assert_eq!(sum().await, 500_500);
/// # });
/// ```
#[inline]
pub fn offload<T, F>(function: F) -> Offload<F>
where
    F: bounds::Function<T>,
    T: bounds::Output + 'static,
{
    Offload { function }
}

/// A call of a sync function that has not started. It is returned by [`offload`], and by functions decorated with
/// `#[smartasync(offload)]`.
///
/// A wait runs the function at once on the calling thread, like a direct call. An await runs it on the blocking
/// pool of the current Tokio runtime, or of [the shared one](crate::Bridge::shared) where there is none, so that
/// the executor's thread goes on.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use smartasync::{Offload, smartasync};
///
/// #[smartasync(offload)]
/// fn thread_id() -> thread::ThreadId {
///     thread::current().id()
/// }
///
/// let call: Offload<_> = thread_id();
/// assert_eq!(call.wait(), thread::current().id());
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// assert_ne!(thread_id().await, thread::current().id());
/// # });
/// ```
#[must_use = "an offloaded call does nothing until it is waited for with `.wait()` or awaited with `.await`"]
pub struct Offload<F> {
    function: F,
}

impl<T, F: FnOnce() -> T> Offload<F> {
    /// Runs the function on the calling thread, and returns its output.
    ///
    /// In async code this is not refused, and blocks the executor like a direct call of the function. Use
    /// `.await` there.
    ///
    /// # Panics
    ///
    /// With a panic of the function.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::offload;
    ///
    /// let sum = offload(|| (1..=1_000_u64).sum::<u64>()).wait();
    /// assert_eq!(sum, 500_500);
    /// ```
    #[inline]
    pub fn wait(self) -> T {
        (self.function)()
    }

    /// Returns the function.
    ///
    /// # Examples
    ///
    /// ```
    /// let function = smartasync::offload(|| 1 + 1).into_inner();
    /// assert_eq!(function(), 2);
    /// ```
    pub fn into_inner(self) -> F {
        self.function
    }
}

impl<T, F> IntoFuture for Offload<F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;
    type IntoFuture = OffloadFuture<T, F>;

    #[inline]
    fn into_future(self) -> OffloadFuture<T, F> {
        OffloadFuture { state: State::Unstarted(self.function) }
    }
}

impl<F> fmt::Debug for Offload<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offload").finish_non_exhaustive()
    }
}

/// The future of an [`Offload`] that is awaited.
///
/// Its first poll hands the function to the blocking pool, with the `tracing` span that is current then (feature
/// `tracing`).
///
/// # Panics
///
/// With a panic of the function, unchanged; when the runtime is shut down before the function has begun; when
/// there is no current runtime and the shared one cannot be started.
///
/// # Cancel safety
///
/// If the future is dropped before the function has begun, the function never runs. A function that has begun
/// runs to its end, and its output is dropped.
///
/// # Examples
///
/// ```
/// use smartasync::{OffloadFuture, offload};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let future: OffloadFuture<_, _> = offload(|| 1 + 1).into_future();
/// assert_eq!(tokio::spawn(future).await.unwrap(), 2);
/// # });
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct OffloadFuture<T, F> {
    state: State<T, F>,
}

enum State<T, F> {
    Unstarted(F),
    Started(Joined<T>),
    Done,
}

// The future pins neither the function nor the job.
impl<T, F> Unpin for OffloadFuture<T, F> {}

impl<T, F> Future for OffloadFuture<T, F>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut job = match std::mem::replace(&mut self.state, State::Done) {
            State::Unstarted(function) => {
                let lost = "the runtime was shut down before an offloaded call had begun";
                Joined::new(hand_over(function), lost)
            }
            State::Started(job) => job,
            State::Done => panic!("an offloaded call was polled after it was ready"),
        };
        let polled = Pin::new(&mut job).poll(cx);
        if polled.is_pending() {
            self.state = State::Started(job);
        }
        polled
    }
}

impl<T, F> fmt::Debug for OffloadFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OffloadFuture").finish_non_exhaustive()
    }
}

/// Makes the call of a decorated function. The attribute checks the bounds of its parts, one by one.
#[inline]
pub fn call<T, F: FnOnce() -> T>(function: F) -> Offload<F> {
    Offload { function }
}

fn hand_over<T, F>(function: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    match pool() {
        Ok(pool) => run_on(&pool, function),
        Err(error) => panic!("no runtime to run an offloaded call on: {error}"),
    }
}

/// Returns the runtime on whose blocking pool functions run: the current one, or the shared one where there is
/// none.
///
/// # Errors
///
/// When there is no current runtime and the shared one cannot be started.
pub(crate) fn pool() -> io::Result<Handle> {
    match Handle::try_current() {
        Ok(current) => Ok(current),
        Err(_) => bridge::shared_handle().cloned(),
    }
}

/// Runs a function on the blocking pool, in the `tracing` span that is current now.
pub(crate) fn run_on<T, F>(pool: &Handle, function: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    pool.spawn_blocking(in_current_span(function))
}

#[cfg(feature = "tracing")]
fn in_current_span<T>(function: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let span = tracing::Span::current();
    move || span.in_scope(function)
}

#[cfg(not(feature = "tracing"))]
fn in_current_span<T>(function: impl FnOnce() -> T) -> impl FnOnce() -> T {
    function
}
