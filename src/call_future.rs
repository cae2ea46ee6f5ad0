//! The future of a call that is awaited, on any executor.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::{EnterGuard, Handle, TryCurrentError};

use crate::bridge;
use crate::context::{is_task_poll, mark};

pin_project! {
    /// The future of a [`Call`](crate::Call) that is awaited.
    ///
    /// On Tokio it polls the function's own future, after one check of the waker. On any other executor it enters
    /// [the shared runtime](crate::Bridge::shared) for each poll, so that Tokio's I/O and timers work there too; a
    /// future that was polled there enters it to be dropped as well. It may move between Tokio and another executor
    /// between two polls.
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
        #[pin]
        future: F,
        leave: LeaveOnDrop,
    }
}

impl<F> CallFuture<F> {
    #[inline]
    pub(crate) fn new(future: F) -> CallFuture<F> {
        CallFuture {
            enter: EnterOnDrop { is_foreign: false },
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
    /// Polls in the root future of a `block_on`, or on another executor. Takes nothing but `self` and `cx`, so that
    /// a poll in a task keeps nothing else in registers.
    #[cold]
    fn poll_outside_task(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Err(no_tokio) = Handle::try_current() else {
            return this.future.poll(cx);
        };
        this.enter.is_foreign = true;
        this.leave.is_foreign = true;
        poll_inside_shared(this.future, &no_tokio, cx)
    }
}

impl<F> fmt::Debug for CallFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

/// Dropped before the future: enters the shared runtime, if the future was ever polled there.
struct EnterOnDrop {
    is_foreign: bool,
}

impl Drop for EnterOnDrop {
    #[inline]
    fn drop(&mut self) {
        if self.is_foreign {
            enter();
        }
    }
}

/// Dropped after the future: leaves the shared runtime, if the other guard has entered it.
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

/// The shared runtime, entered until the guard is dropped. The fields are dropped in this order.
#[must_use = "the runtime is entered until the guard is dropped"]
struct Entered {
    _mark: Option<mark::MarkGuard>,
    _runtime: EnterGuard<'static>,
}

impl Entered {
    /// Enters the shared runtime. `no_tokio` is Tokio's error where there is no current runtime.
    ///
    /// # Errors
    ///
    /// When the shared runtime cannot be started, or the thread exits and has destroyed Tokio's thread-locals.
    fn shared(no_tokio: Option<&TryCurrentError>) -> io::Result<Entered> {
        if no_tokio.is_some_and(TryCurrentError::is_thread_local_destroyed) {
            return Err(io::Error::other("the thread is exiting, and has let go of Tokio"));
        }
        let shared = bridge::shared_handle()?;
        // Tokio does not show a poll that another executor makes. It shows its own, which needs no mark.
        let _mark = no_tokio.map(|_| mark::set());
        Ok(Entered { _mark, _runtime: shared.enter() })
    }
}

#[cold]
fn enter() {
    // This cannot fail where the future was polled, but for a forked child and a thread that exits.
    let entered = Entered::shared(Handle::try_current().err().as_ref()).ok();
    let _ = ENTERED.try_with(|all| all.borrow_mut().push(entered));
}

#[cold]
fn leave() {
    let entered = ENTERED.try_with(|all| all.borrow_mut().pop());
    drop(entered);
}

#[inline(never)]
fn poll_inside_shared<F: Future>(
    future: Pin<&mut F>,
    no_tokio: &TryCurrentError,
    cx: &mut Context<'_>,
) -> Poll<F::Output> {
    match Entered::shared(Some(no_tokio)) {
        Ok(_entered) => future.poll(cx),
        Err(error) => panic!("no runtime to await a call on: {error}"),
    }
}
