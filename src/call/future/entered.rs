//! The shared runtime, entered for one poll of a future or for its drop.
//!
//! Tokio panics if what was entered is not left in the reverse order. A future that holds an `EnterGuard` of its
//! own over an await has entered it after us, and leaves it in a later poll. Until then we cannot leave. Our guard
//! then waits in a thread-local, since it is not `Send` and the future may be.

use std::cell::RefCell;
use std::io;
use std::mem::{self, ManuallyDrop};

use tokio::runtime::{EnterGuard, Handle, Id};

use crate::bridge::{self, Bridge};
use crate::context::mark;
use crate::thread_flag::FlagGuard;

/// The shared runtime, entered until `leave`.
#[must_use = "the runtime is entered until it is left"]
pub(super) struct Entered {
    guard: Guard,
    _mark: Option<FlagGuard>,
}

impl Entered {
    /// Enters the shared runtime, unless an earlier poll of the future could not leave it. Then it has left it over under
    /// the key `left_over`.
    ///
    /// # Errors
    ///
    /// When the shared runtime cannot be started, or the thread exits and has destroyed Tokio's thread-locals.
    pub(super) fn new(left_over: Option<&Bridge>, marks: bool) -> io::Result<Entered> {
        let guard = match left_over.and_then(take_left_over) {
            Some(guard) => guard,
            None => Guard::enter()?,
        };
        // Tokio does not show a poll by another executor. It shows its own polls, which need no mark.
        Ok(Entered { guard, _mark: marks.then(mark::set) })
    }

    /// Whether the runtime can be left. It cannot where the future holds a guard of its own.
    pub(super) fn is_innermost(&self) -> bool {
        self.guard.is_innermost()
    }

    /// Leaves the runtime to the next poll of the future or to its drop, which has the key.
    pub(super) fn leave_over(self, key: Bridge) {
        let left_over = ManuallyDrop::new((key, self.guard));
        let _ = LEFT_OVER.try_with(|all| all.borrow_mut().push(left_over));
    }
}

/// The shared runtime, entered for the drop of a future that another executor has polled.
pub(in crate::call) struct InsideShared(Option<Entered>);

impl InsideShared {
    /// Enters it, for a call that has this mark.
    pub(in crate::call) fn new(mark: &Bridge) -> InsideShared {
        let left_over = mark.mark().is_some_and(|mark| mark.left_over);
        let marks = left_over || Handle::try_current().is_err();
        // This cannot fail where the future was polled, but for a forked child and a thread that exits.
        InsideShared(Entered::new(left_over.then_some(mark), marks).ok())
    }
}

impl Drop for InsideShared {
    fn drop(&mut self) {
        // A guard of the future that has outlived it is left by nobody.
        if let Some(entered) = self.0.take_if(|entered| !entered.is_innermost()) {
            mem::forget(entered.guard);
        }
    }
}

struct Guard {
    runtime: Id,
    _guard: EnterGuard<'static>,
}

impl Guard {
    fn enter() -> io::Result<Guard> {
        if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
            return Err(io::Error::other("the thread is exiting, and has let go of Tokio"));
        }
        let shared = bridge::shared_handle()?;
        Ok(Guard { runtime: shared.id(), _guard: shared.enter() })
    }

    /// Whether nothing that was entered later is still entered. Tokio tells the current runtime only, so a later
    /// guard of the shared runtime itself is not noticed.
    fn is_innermost(&self) -> bool {
        Handle::try_current().is_ok_and(|current| current.id() == self.runtime)
    }
}

/// The mark of a call, which is the key since no other has it, and what the call could not leave.
type LeftOver = ManuallyDrop<(Bridge, Guard)>;

thread_local! {
    /// What futures could not leave. Never dropped with the thread: a drop out of order would end the process.
    static LEFT_OVER: RefCell<Vec<LeftOver>> = const { RefCell::new(Vec::new()) };
}

/// `None` on another thread.
fn take_left_over(key: &Bridge) -> Option<Guard> {
    let take = |all: &RefCell<Vec<LeftOver>>| {
        let mut all = all.borrow_mut();
        let index = all.iter().rposition(|left_over| left_over.0.is_same(key))?;
        Some(ManuallyDrop::into_inner(all.remove(index)).1)
    };
    LEFT_OVER.try_with(take).ok().flatten()
}
