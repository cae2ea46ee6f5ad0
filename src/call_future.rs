//! The future of a call that is awaited, on any executor.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tokio::runtime::{EnterGuard, Handle};
use tokio::task;

use crate::bridge;
use crate::cache::mark;

pin_project! {
    /// The future of a [`Call`](crate::Call) that is awaited.
    ///
    /// On Tokio it is the function's own future, after one look at the first poll. On any other executor it
    /// enters [the shared runtime](crate::Bridge::shared) whenever it is polled and when it is dropped, so
    /// that Tokio's I/O and timers work there too.
    ///
    /// # Panics
    ///
    /// With a panic of the function; when no Tokio is near and the shared runtime cannot be started.
    ///
    /// # Cancel safety
    ///
    /// That of the function.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct CallFuture<F> {
        executor: Executor,
        #[pin]
        future: F,
        leave: LeaveOnDrop,
    }
}

impl<F> CallFuture<F> {
    #[inline]
    pub(crate) fn new(future: F) -> CallFuture<F> {
        CallFuture { executor: Executor::Unknown, future, leave: LeaveOnDrop { is_foreign: false } }
    }
}

impl<F: Future> Future for CallFuture<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if let Executor::Unknown = this.executor {
            *this.executor = Executor::find();
            this.leave.is_foreign = matches!(this.executor, Executor::Foreign);
        }
        match this.executor {
            Executor::Foreign => poll_inside_shared(this.future, cx),
            _ => this.future.poll(cx),
        }
    }
}

impl<F> fmt::Debug for CallFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

/// Who polls a future; found out at its first poll. It is the first to be dropped: where that is not Tokio,
/// the shared runtime is entered for what comes after it.
enum Executor {
    Unknown,
    Tokio,
    Foreign,
}

impl Executor {
    /// A task is known by its id, which costs less than a look at the handle.
    #[inline]
    fn find() -> Executor {
        if task::try_id().is_some() || is_runtime_near() {
            Executor::Tokio
        } else {
            Executor::Foreign
        }
    }
}

#[cold]
fn is_runtime_near() -> bool {
    Handle::try_current().is_ok()
}

impl Drop for Executor {
    #[inline]
    fn drop(&mut self) {
        if let Executor::Foreign = self {
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

/// Fields in the order in which they end.
struct Entered {
    _mark: mark::Restore,
    _runtime: EnterGuard<'static>,
}

#[cold]
fn enter() {
    // The future was polled, so the runtime is there; in a forked child it may not be.
    let entered = bridge::shared_handle().ok().map(|shared| {
        let _runtime = shared.enter();
        Entered { _mark: mark::set(), _runtime }
    });
    let _ = ENTERED.try_with(|all| all.borrow_mut().push(entered));
}

#[cold]
fn leave() {
    let entered = ENTERED.try_with(|all| all.borrow_mut().pop());
    drop(entered);
}

#[inline(never)]
fn poll_inside_shared<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
    match bridge::shared_handle() {
        Ok(shared) => {
            let _entered = shared.enter();
            // Tokio shows nothing of a poll that it does not make.
            let _mark = mark::set();
            future.poll(cx)
        }
        Err(error) => panic!("no runtime to await a call on: {error}"),
    }
}
