//! The shared runtime, entered for one poll of a future or for its drop.
//!
//! Tokio panics if what was entered is not left in the reverse order. A future that holds an `EnterGuard` of its
//! own over an await has entered it after us, and leaves it in a later poll. Until then we cannot leave. Our guard
//! then waits in a thread-local, since it is not `Send` and the future may be.

use std::cell::RefCell;
use std::io;
use std::mem::ManuallyDrop;
use std::num::NonZero;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::{EnterGuard, Handle, Id};

use crate::bridge;
use crate::context::mark;
use crate::thread_flag::FlagGuard;

/// Names a guard that a future could not leave. It is small, since each future of a call contains one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Key(NonZero<u32>);

/// The shared runtime, entered until `leave`.
#[must_use = "the runtime is entered until it is left"]
pub(super) struct Entered {
    guard: Guard,
    _mark: Option<FlagGuard>,
}

impl Entered {
    /// Enters the shared runtime. If an earlier poll of the future could not leave it, `left_over` is the key
    /// which that poll returned, and the runtime is still entered.
    ///
    /// # Errors
    ///
    /// When the shared runtime cannot be started, or the thread exits and has destroyed Tokio's thread-locals.
    pub(super) fn new(left_over: Option<Key>, marks: bool) -> io::Result<Entered> {
        let guard = match left_over.and_then(take_left_over) {
            Some(guard) => guard,
            None => Guard::enter()?,
        };
        // Tokio does not show a poll by another executor. It shows its own polls, which need no mark.
        Ok(Entered { guard, _mark: marks.then(mark::set) })
    }

    /// Leaves the runtime. If the future holds a guard of its own, its next poll or its drop has to try again, with
    /// the key that is returned.
    pub(super) fn leave(self) -> Option<Key> {
        if self.guard.is_innermost() { None } else { leave_over(self.guard) }
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

thread_local! {
    /// The guards that futures could not leave. They are never dropped with the thread, since a drop out of order
    /// would end the process.
    static LEFT_OVER: RefCell<Vec<(Key, ManuallyDrop<Guard>)>> = const { RefCell::new(Vec::new()) };
}

fn leave_over(guard: Guard) -> Option<Key> {
    static NEXT: AtomicU32 = AtomicU32::new(0);

    // Relaxed: only the value matters. A number is used again after four billion others, but keys are compared on
    // one thread, which has only a few at a time.
    let key = loop {
        if let Some(number) = NonZero::new(NEXT.fetch_add(1, Ordering::Relaxed)) {
            break Key(number);
        }
    };
    let guard = ManuallyDrop::new(guard);
    LEFT_OVER.try_with(|all| all.borrow_mut().push((key, guard))).ok().map(|()| key)
}

/// Returns `None` on another thread.
fn take_left_over(key: Key) -> Option<Guard> {
    let take = |all: &RefCell<Vec<(Key, ManuallyDrop<Guard>)>>| {
        let mut all = all.borrow_mut();
        let index = all.iter().rposition(|(left, _)| *left == key)?;
        Some(ManuallyDrop::into_inner(all.remove(index).1))
    };
    LEFT_OVER.try_with(take).ok().flatten()
}
