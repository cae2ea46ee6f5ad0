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
    /// On Tokio it is the function's own future, after one look at who polls. On any other executor it enters
    /// [the shared runtime](crate::Bridge::shared) for each poll, and for its drop after such a poll, so that
    /// Tokio's I/O and timers work there too. It may move from one to the other between two polls.
    ///
    /// Who polls with the waker of a Tokio task is taken for that task. On a thread outside of Tokio such a
    /// poll finds no Tokio, as that of a plain `async fn` does.
    ///
    /// # Panics
    ///
    /// With a panic of the function; when there is no current runtime and the shared one cannot be started, or the
    /// thread exits and Tokio's thread-locals are gone.
    ///
    /// # Cancel safety
    ///
    /// That of the function.
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
    /// Outside of a task: in the root future of a `block_on`, or on another executor. It takes nothing but
    /// `self`, so that the way of a task keeps no more than that at hand.
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

/// The first to be dropped: enters the shared runtime for what comes after, if it was ever polled there.
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

/// The last to be dropped: leaves what was entered before.
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
    /// The futures that are being dropped on this thread, the innermost last. The guards are here because a
    /// future that held one could not be sent to another thread.
    static ENTERED: RefCell<Vec<Option<Entered>>> = const { RefCell::new(Vec::new()) };
}

/// The shared runtime, entered. Fields in the order in which they end.
struct Entered {
    _mark: Option<mark::MarkGuard>,
    _runtime: EnterGuard<'static>,
}

impl Entered {
    /// `no_tokio` is why there is no current runtime, if there is none.
    ///
    /// # Errors
    ///
    /// When the shared runtime cannot be started, or the thread exits and Tokio's thread-locals are gone.
    fn shared(no_tokio: Option<&TryCurrentError>) -> io::Result<Entered> {
        if no_tokio.is_some_and(TryCurrentError::is_thread_local_destroyed) {
            return Err(io::Error::other("the thread is exiting, and has let go of Tokio"));
        }
        let shared = bridge::shared_handle()?;
        // Tokio shows nothing of a poll that it does not make; one that it makes by now, it shows.
        let _mark = no_tokio.map(|_| mark::set());
        Ok(Entered { _mark, _runtime: shared.enter() })
    }
}

#[cold]
fn enter() {
    // The future was polled, so the runtime is there; not so in a forked child, nor as the thread exits.
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
