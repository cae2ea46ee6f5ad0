//! Tokio's cooperative budget, read without spending it.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::task::LocalSet;
use tokio::task::coop::{self, RestoreOnPending};

/// The grants that Tokio gives to one poll before it asks for a yield (`Budget::initial` in Tokio's
/// `task/coop/mod.rs`).
const GRANTS_PER_POLL: usize = 128;

thread_local! {
    static LAST: Last = Last::new();
    static FIRST: Grant = Grant(Cell::new(take_in_task(grant)));
}

/// Whether the calling code has a limited budget, as inside a poll that Tokio makes.
pub(crate) fn is_limited() -> bool {
    LAST.try_with(Last::tell).ok().flatten().unwrap_or_else(runs_out)
}

/// Runs `f` with the budget of a new poll. The caller's budget is restored after it.
///
/// Dropping the first grant of a poll gives the calling code the budget of that poll before it: all of it.
pub(crate) fn with_new<T>(f: impl FnOnce() -> T) -> T {
    without_limit(|| {
        let _ = FIRST.try_with(|first| {
            drop(first.0.take());
            first.0.set(grant());
        });
        f()
    })
}

/// A grant that was the last of its budget.
///
/// Tokio tells whether there is budget left, but not whether there is a limit. However, dropping a grant sets the
/// current budget back to its value before the grant if that value had a limit, and changes nothing if it had
/// none. So a grant of the calling code is dropped where the budget is used up: if there is budget left then, the
/// calling code has a limit. The last grant of another budget makes a budget that is used up: dropping it sets the
/// budget to one, and taking that one uses the budget up, and is a last grant again.
///
/// This takes ten accesses of a thread-local. Using up a budget would take three hundred.
struct Last(Grant);

impl Last {
    fn new() -> Last {
        Last(Grant(Cell::new(take_last())))
    }

    /// Returns whether the calling code has a limit, or `None` if there is no grant to try it with.
    fn tell(&self) -> Option<bool> {
        let Last(Grant(kept)) = self;
        let last = kept.take()?;
        // Its drop at the end of the function gives back everything that is taken here.
        let Some(_restore) = grant() else {
            kept.set(Some(last));
            return Some(true);
        };
        let Some(sample) = grant() else {
            kept.set(Some(last));
            return Some(true);
        };
        let (is_limited, last) = without_limit(|| {
            drop(last);
            let last = grant();
            drop(sample);
            (coop::has_budget_remaining(), last)
        });
        kept.set(last);
        Some(is_limited)
    }
}

/// A grant that is kept beyond its poll.
struct Grant(Cell<Option<RestoreOnPending>>);

impl Drop for Grant {
    fn drop(&mut self) {
        // The grant's own drop would change the budget of the code that runs next on this thread.
        if let Some(grant) = self.0.take() {
            grant.made_progress();
        }
    }
}

/// Takes the last grant of a task's budget, in a task that is run here.
///
/// Returns `None` with a Tokio in which dropping a grant of unlimited code lifts the limit, or a budget never
/// ends.
fn take_last() -> Option<RestoreOnPending> {
    take_in_task(|| {
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
        last.filter(|_| !coop::has_budget_remaining())
    })
}

/// Takes a grant of the budget of a task, in a task that is run here.
fn take_in_task(
    take: impl FnOnce() -> Option<RestoreOnPending> + 'static,
) -> Option<RestoreOnPending> {
    let found = Rc::new(Cell::new(None));
    let tasks = LocalSet::new();
    let out = Rc::clone(&found);
    tasks.spawn_local(async move { out.set(take()) });
    let _ = pin!(tasks).poll(&mut Context::from_waker(Waker::noop()));
    found.take()
}

/// Whether the calling code runs out of budget. Only without a limit does it get more grants than one poll has.
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

/// Runs `f` with a budget that has no limit at first. The caller's budget is restored after it.
pub(crate) fn without_limit<T>(f: impl FnOnce() -> T) -> T {
    let mut f = Some(f);
    let scope = poll_fn(|_| Poll::Ready(f.take().expect("polled once")()));
    let scope = pin!(coop::unconstrained(scope));
    match scope.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("it is ready at its first poll"),
    }
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    /// Takes up to `at_most` grants. Returns how many there were.
    fn use_up(at_most: usize) -> usize {
        let taken = std::iter::from_fn(grant).take(at_most);
        taken.inspect(RestoreOnPending::made_progress).count()
    }

    /// Asks in both ways whether there is a limit.
    fn answers() -> [Option<bool>; 2] {
        [LAST.with(Last::tell), Some(runs_out())]
    }

    #[test]
    fn both_ways_find_the_limit_whatever_is_left_and_spend_none_of_it() {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        for used in 0..=GRANTS_PER_POLL {
            runtime.block_on(async {
                assert_eq!(use_up(used), used);
                assert_eq!(answers(), [Some(true); 2], "{used} grants are used");
                assert_eq!(use_up(usize::MAX), GRANTS_PER_POLL - used);
            });
        }
    }

    #[test]
    fn neither_finds_a_limit_where_there_is_none_and_neither_makes_one() {
        for _ in 0..2 {
            assert_eq!(answers(), [Some(false); 2]);
            assert_eq!(use_up(2 * GRANTS_PER_POLL), 2 * GRANTS_PER_POLL);
        }
    }

    #[test]
    fn without_a_last_grant_the_other_way_answers() {
        let none = Last(Grant(Cell::new(None)));
        assert_eq!(none.tell(), None);
    }

    #[test]
    fn code_gets_a_new_budget_whatever_is_left_and_spends_none_of_its_callers() {
        let new = || with_new(|| (answers(), use_up(usize::MAX)));
        // One grant is the next one's.
        let expected = ([Some(true); 2], GRANTS_PER_POLL - 1);
        assert_eq!(new(), expected);
        assert_eq!(answers(), [Some(false); 2]);
        Builder::new_multi_thread().worker_threads(1).build().unwrap().block_on(async {
            for used in [0, 1, GRANTS_PER_POLL - 1] {
                assert_eq!(use_up(used), used);
                assert_eq!([new(), with_new(new)], [expected; 2]);
                assert_eq!(use_up(usize::MAX), GRANTS_PER_POLL - used);
                tokio::task::yield_now().await;
            }
        });
    }

    #[test]
    fn the_end_of_a_thread_changes_no_budget() {
        Builder::new_multi_thread().worker_threads(1).build().unwrap().block_on(async {
            assert_eq!(use_up(8), 8);
            // Dropped as the thread's own value is: with the budget of whatever code runs then.
            drop((Last::new(), Grant(Cell::new(take_in_task(grant)))));
            assert_eq!(use_up(usize::MAX), GRANTS_PER_POLL - 8);
        });
    }
}
