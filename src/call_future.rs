//! The future of a call that is awaited, on any executor.

mod entered;

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use crate::context::{is_task_poll, mark, may_be_undriven};
use crate::exec::waker::is_call_waker;
use entered::{Entered, Key};

pin_project! {
    /// The future of a [`Call`](crate::Call) that is awaited.
    ///
    /// On Tokio it polls the function's own future, after one check of the waker. On any other executor it enters
    /// [the shared runtime](crate::Bridge::shared) for each poll, so that Tokio's I/O and timers work there too; a
    /// future that was polled there enters it to be dropped as well. It may move between Tokio and another executor
    /// between two polls.
    ///
    /// If the thread holds an `enter()` guard of a current-thread runtime, another executor still polls the call
    /// on the shared runtime, because nobody may be driving the guard's runtime. Any other runtime that is entered
    /// is the current one. A root future of a current-thread runtime that hides its budget looks the same, see
    /// [the limits of `context()`](crate::context()#limits).
    ///
    /// The function may hold an `EnterGuard` over an await, as a plain `async fn` may: the runtime of the guard then
    /// stays current between the polls. A guard of the shared runtime itself must not be held over an await on
    /// another executor: Tokio panics, because it is dropped out of order.
    ///
    /// A poll with the waker of a Tokio task is taken for a poll by that task. If the thread has no current runtime
    /// then, the future finds none, like that of a plain `async fn`.
    ///
    /// # Panics
    ///
    /// With a panic of the function. On another executor also when the shared runtime cannot be started, and when
    /// the thread exits and has destroyed Tokio's thread-locals.
    ///
    /// # Cancel safety
    ///
    /// As cancel safe as the function.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{CallFuture, smartasync};
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 {
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    ///     42
    /// }
    ///
    /// // An executor that is not Tokio's.
    /// let future: CallFuture<_> = answer().into_future();
    /// assert_eq!(pollster::block_on(future), 42);
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct CallFuture<F> {
        enter: EnterOnDrop,
        // Whether a poll outside of a task has found a current runtime that somebody drives.
        was_near_tokio: bool,
        #[pin]
        future: F,
        leave: LeaveOnDrop,
    }
}

impl<F> CallFuture<F> {
    #[inline]
    pub(crate) fn new(future: F) -> CallFuture<F> {
        CallFuture {
            enter: EnterOnDrop { is_foreign: false, left_over: None },
            was_near_tokio: false,
            future,
            leave: LeaveOnDrop { is_foreign: false },
        }
    }
}

impl<F: Future> Future for CallFuture<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if !is_task_poll(cx) {
            return self.poll_outside_task(cx);
        }
        self.project().future.poll(cx)
    }
}

impl<F: Future> CallFuture<F> {
    /// Polls in the root future of a `block_on`, or on another executor. Takes only `self` and `cx`, so that a
    /// poll in a task keeps nothing else in registers.
    #[cold]
    fn poll_outside_task(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        // If something is left over, this future has entered it on another executor.
        if this.enter.left_over.is_none() && is_tokio_poll(cx, *this.was_near_tokio) {
            *this.was_near_tokio = true;
            return this.future.poll(cx);
        }
        this.enter.is_foreign = true;
        this.leave.is_foreign = true;
        poll_inside_shared(this.future, &mut this.enter.left_over, cx)
    }
}

/// Whether there is a current runtime that somebody drives. A current-thread runtime that was only entered counts
/// as one that nobody drives, as far as this can be told.
fn is_tokio_poll(cx: &Context<'_>, was_near_tokio: bool) -> bool {
    let Ok(current) = Handle::try_current() else { return false };
    // Under the mark the shared runtime is already entered. There, and where a runtime was found before, the
    // polled code may have entered the current runtime itself, and may leave it in this poll. So nothing is
    // entered on top of it. The waker is asked before the context, which takes ten times as long.
    was_near_tokio || mark::is_set() || is_call_waker(cx.waker()) || !may_be_undriven(&current)
}

impl<F> fmt::Debug for CallFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

/// Dropped before the future: enters the shared runtime if the future was ever polled there.
struct EnterOnDrop {
    is_foreign: bool,
    /// What the last poll has entered and could not leave.
    left_over: Option<Key>,
}

impl Drop for EnterOnDrop {
    #[inline]
    fn drop(&mut self) {
        if self.is_foreign {
            enter(self.left_over);
        }
    }
}

/// Dropped after the future: leaves the shared runtime if the other guard has entered it.
struct LeaveOnDrop {
    is_foreign: bool,
}

impl Drop for LeaveOnDrop {
    #[inline]
    fn drop(&mut self) {
        if self.is_foreign {
            leave();
        }
    }
}

thread_local! {
    /// One entry for each future that is being dropped on this thread, the innermost last. The guards cannot be in
    /// the future, which is `Send`.
    static ENTERED: RefCell<Vec<Option<Entered>>> = const { RefCell::new(Vec::new()) };
}

#[cold]
fn enter(left_over: Option<Key>) {
    // If the future was polled there, this fails only in a forked child and on a thread that exits.
    let marks = left_over.is_some() || Handle::try_current().is_err();
    let entered = Entered::new(left_over, marks).ok();
    let _ = ENTERED.try_with(|all| all.borrow_mut().push(entered));
}

#[cold]
fn leave() {
    let entered = ENTERED.try_with(|all| all.borrow_mut().pop());
    // If a guard that the future has made outlives it, the shared runtime is never left.
    let _ = entered.ok().flatten().flatten().map(Entered::leave);
}

#[inline(never)]
fn poll_inside_shared<F: Future>(
    future: Pin<&mut F>,
    left_over: &mut Option<Key>,
    cx: &mut Context<'_>,
) -> Poll<F::Output> {
    /// Leaves by return or by panic.
    struct Leave<'a>(Option<Entered>, &'a mut Option<Key>);

    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            *self.1 = self.0.take().and_then(Entered::leave);
        }
    }

    match Entered::new(*left_over, true) {
        Ok(entered) => {
            let _leave = Leave(Some(entered), left_over);
            future.poll(cx)
        }
        Err(error) => panic!("no runtime to await a call on: {error}"),
    }
}
