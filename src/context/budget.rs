//! Tokio's cooperative budget, read without spending it.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::task::LocalSet;
use tokio::task::coop::{self, RestoreOnPending};

/// Grants that Tokio gives to one poll before it asks for a yield (`Budget::initial` in Tokio's
/// `task/coop/mod.rs`).
const GRANTS_PER_POLL: usize = 128;

thread_local! {
    static LAST: Last = Last::new();
}

/// Whether the calling code has a budget to keep to: it runs inside a poll that Tokio makes.
pub(crate) fn is_limited() -> bool {
    LAST.try_with(Last::tell).ok().flatten().unwrap_or_else(runs_out)
}

/// A grant that was the last of its budget.
///
/// Tokio tells whether there is budget left, not whether there is a limit. But a grant that is dropped
/// puts the budget back to where it was before the grant: where there is a limit, to that many; where
/// there is none, Tokio changes nothing. So in a budget that is used up, dropping a grant of the
/// calling code's shows which of the two it has. A last grant makes such a budget: it puts it back to
/// one, and taking that one uses it up and is a last grant again.
///
/// Ten accesses of a thread-local, where running out of a budget takes three hundred.
struct Last(Cell<Option<RestoreOnPending>>);

impl Last {
    fn new() -> Last {
        Last(Cell::new(take_last()))
    }

    /// Tells whether there is a limit, or nothing where it cannot know.
    fn tell(&self) -> Option<bool> {
        let last = self.0.take()?;
        // Dropped at the end, it puts everything back that is granted here.
        let Some(_restore) = grant() else {
            self.0.set(Some(last));
            return Some(true);
        };
        let Some(sample) = grant() else {
            self.0.set(Some(last));
            return Some(true);
        };
        let (is_limited, last) = without_limit(|| {
            drop(last);
            let last = grant();
            drop(sample);
            (coop::has_budget_remaining(), last)
        });
        self.0.set(last);
        Some(is_limited)
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        // Its own drop would set the budget of whatever runs on this thread after us.
        if let Some(last) = self.0.take() {
            last.made_progress();
        }
    }
}

/// Takes the last grant of a budget: of that of a task, run here and now.
///
/// Nothing if Tokio has come to lift the limit when a grant from unlimited code is dropped, or if a
/// budget never ends.
fn take_last() -> Option<RestoreOnPending> {
    let found = Rc::new(Cell::new(None));
    let tasks = LocalSet::new();
    let out = Rc::clone(&found);
    tasks.spawn_local(async move {
        let unlimited = without_limit(grant);
        let last = (0..GRANTS_PER_POLL).find_map(|_| {
            let grant = grant()?;
            if !coop::has_budget_remaining() {
                return Some(grant);
            }
            grant.made_progress();
            None
        });
        drop(unlimited);
        out.set(last.filter(|_| !coop::has_budget_remaining()));
    });
    let _ = pin!(tasks).poll(&mut Context::from_waker(Waker::noop()));
    found.take()
}

/// Tells by trying: without a limit there is one grant more than a poll can have.
fn runs_out() -> bool {
    let Some(_restore) = grant() else { return true };
    (0..GRANTS_PER_POLL).any(|_| match grant() {
        Some(grant) => {
            grant.made_progress();
            false
        }
        None => true,
    })
}

fn grant() -> Option<RestoreOnPending> {
    match coop::poll_proceed(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(grant) => Some(grant),
        Poll::Pending => None,
    }
}

/// Runs `f` in a scope of its own, whose budget has no limit at first; the caller's is back after it.
fn without_limit<T>(f: impl FnOnce() -> T) -> T {
    let mut f = Some(f);
    let scope = poll_fn(|_| Poll::Ready(f.take().expect("polled once")()));
    let scope = pin!(coop::unconstrained(scope));
    match scope.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("it is ready at its first poll"),
    }
}
