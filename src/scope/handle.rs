//! Waiting for one call of a scope.

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::calls::Calls;
use super::slot::Slot;
use crate::error::{Cause, WaitError};
use crate::exec::waker::is_call_waker;
use crate::site::Site;

/// A handle of a call in a [`scope`](crate::scope), returned by [`Scope::spawn`](crate::Scope::spawn).
///
/// Handles are joined in any order. While one is joined, all calls of the scope go on. A call whose handle is
/// dropped goes on too, and the scope waits for it.
///
/// It is also a future, for async code: for another call of the same scope, or for a call that is waited for
/// within the scope.
///
/// # Examples
///
/// ```
/// use smartasync::{ScopedJoinHandle, scope, smartasync};
///
/// #[smartasync]
/// async fn size(page: &str) -> usize { page.len() }
///
/// fn largest(sizes: Vec<ScopedJoinHandle<'_, usize>>) -> Option<usize> {
///     sizes.into_iter().map(ScopedJoinHandle::join).max()
/// }
///
/// let pages = ["one", "three"].map(String::from);
/// let size = scope(|s| largest(pages.iter().map(|page| s.spawn(size(page))).collect()));
/// assert_eq!(size, Some(5));
/// ```
///
/// One call awaits another:
///
/// ```
/// use smartasync::scope;
///
/// let sum = scope(|s| {
///     let one = s.spawn(async { 1 });
///     s.spawn(async { one.await + 1 }).join()
/// });
/// assert_eq!(sum, 2);
/// ```
///
/// A handle stays on its thread, which polls the calls:
///
/// ```compile_fail,E0277
/// smartasync::scope(|s| {
///     let call = s.spawn(async { 1 });
///     std::thread::scope(|threads| {
///         threads.spawn(|| call.join());
///     });
/// });
/// ```
pub struct ScopedJoinHandle<'scope, T> {
    calls: &'scope Calls<'scope>,
    slot: Rc<Slot<T>>,
    /// Where the call began.
    begun: Site,
}

impl<'scope, T> ScopedJoinHandle<'scope, T> {
    pub(super) fn new(
        calls: &'scope Calls<'scope>,
        slot: Rc<Slot<T>>,
        begun: Site,
    ) -> ScopedJoinHandle<'scope, T> {
        ScopedJoinHandle { calls, slot, begun }
    }

    /// Blocks the calling thread until the call is done, and returns its output.
    ///
    /// # Panics
    ///
    /// With a panic of the call, unchanged; and where [`try_join`](ScopedJoinHandle::try_join) returns an error, with
    /// that error as the message and the caller's location.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::scope;
    ///
    /// let answers = scope(|s| {
    ///     let (one, two) = (s.spawn(async { 1 }), s.spawn(async { 2 }));
    ///     [two.join(), one.join()]
    /// });
    /// assert_eq!(answers, [2, 1]);
    /// ```
    #[track_caller]
    pub fn join(self) -> T {
        if self.calls.is_polling() {
            Cause::Async.panic(Site::of(self.begun.name), true);
        }
        self.calls.wait_for(self.begun.name, self)
    }

    /// Blocks the calling thread until the call is done, or hands the handle back if the thread cannot wait.
    ///
    /// # Errors
    ///
    /// [`AsyncContext`](crate::WaitErrorKind::AsyncContext) if the caller is async code: await the handle there. A
    /// call of the same scope cannot wait for another one in `block_in_place` either, since no call makes progress
    /// while it blocks.
    ///
    /// [`Shutdown`](crate::WaitErrorKind::Shutdown) and [`Runtime`](crate::WaitErrorKind::Runtime), as with
    /// [`Call::try_wait`](crate::Call::try_wait).
    ///
    /// # Panics
    ///
    /// With a panic of the call, unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{WaitErrorKind, scope};
    ///
    /// scope(|s| {
    ///     let answer = s.spawn(async { 42 });
    ///     let other = s.spawn(async {
    ///         let error = answer.try_join().unwrap_err(); // in async code
    ///         assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
    ///         error.into_call().unwrap().await
    ///     });
    ///     assert_eq!(other.try_join().unwrap(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn try_join(self) -> Result<T, WaitError<ScopedJoinHandle<'scope, T>>> {
        if self.calls.is_polling() {
            let site = Site::of(self.begun.name);
            return Err(WaitError::new(Cause::Async, Box::new(self), site));
        }
        self.calls.call(self.begun.name, self).unlimited().try_wait().map_err(WaitError::of_future)
    }

    /// Blocks the calling thread until the call is done, but for no longer than `limit`. The call goes on afterwards.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::WaitErrorKind::TimedOut), and those of [`try_join`](ScopedJoinHandle::try_join).
    ///
    /// # Panics
    ///
    /// With a panic of the call, unchanged, and if the handle has already returned the output.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{WaitErrorKind, scope};
    ///
    /// let (sender, receiver) = tokio::sync::oneshot::channel();
    /// scope(|s| {
    ///     let mut answer = s.spawn(async { receiver.await.unwrap() });
    ///     let error = answer.join_timeout(Duration::from_millis(1)).unwrap_err();
    ///     assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    ///     sender.send(42).unwrap();
    ///     assert_eq!(answer.join(), 42);
    /// });
    /// ```
    #[track_caller]
    pub fn join_timeout(&mut self, limit: Duration) -> Result<T, WaitError> {
        if self.calls.is_polling() {
            let site = Site::of(self.begun.name);
            return Err(WaitError::refused(Cause::Async, site));
        }
        self.calls.call(self.begun.name, self).wait_timeout(limit)
    }

    /// Returns whether the call is done. It makes progress only while the thread waits for calls of the scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::scope;
    ///
    /// let (sender, receiver) = tokio::sync::oneshot::channel();
    /// scope(|s| {
    ///     let ready = s.spawn(async { 42 });
    ///     let waiting = s.spawn(receiver);
    ///     assert!(ready.is_finished() && !waiting.is_finished());
    ///     sender.send(()).unwrap();
    /// });
    /// ```
    pub fn is_finished(&self) -> bool {
        !self.slot.is_running()
    }
}

impl<T> Future for ScopedJoinHandle<'_, T> {
    type Output = T;

    /// # Panics
    ///
    /// With a panic of the call, unchanged, and if the handle has already returned the output.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if self.slot.is_running() {
            if self.calls.is_polling() {
                // Another call of the scope polls this handle. The waker of a wait means that the call waits in a
                // blocking section, and that wait would never end.
                if is_call_waker(cx.waker()) {
                    Cause::Async.panic(self.begun, true);
                }
                self.slot.register(cx.waker());
                return Poll::Pending;
            }
            ready!(self.calls.poll_until(cx, &|| !self.slot.is_running()));
        }
        match self.slot.take() {
            Some(Ok(output)) => Poll::Ready(output),
            Some(Err(payload)) => resume_unwind(payload),
            None => panic!(
                "`{}` has no output: its handle has returned it, or its scope has dropped it",
                self.begun.name()
            ),
        }
    }
}

impl<T> Drop for ScopedJoinHandle<'_, T> {
    fn drop(&mut self) {
        if let Some(Err(payload)) = self.slot.take() {
            self.calls.lose(payload);
        }
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedJoinHandle")
            .field("name", &self.begun.name())
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
