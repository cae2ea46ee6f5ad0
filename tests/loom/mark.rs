//! The mark belongs to one poll, on one thread.

use std::panic::{AssertUnwindSafe, catch_unwind};

use loom::thread;

use crate::context::mark;

/// Runs `body` under the mark, like a poll that Tokio does not show.
pub(super) fn poll_marked<T>(body: impl FnOnce() -> T) -> T {
    let _mark = mark::set();
    body()
}

/// Mutants: `mark-not-set`, `mark-not-restored`, `mark-restored-to-unset`.
#[test]
fn a_mark_lasts_as_long_as_its_poll_and_no_longer() {
    loom::model(|| {
        poll_marked(|| {
            assert!(mark::is_set());
            poll_marked(|| assert!(mark::is_set()));
            assert!(mark::is_set(), "an inner poll took the outer one's mark");
        });
        assert!(!mark::is_set(), "a later call sees the mark");
    });
}

/// Mutants: `mark-not-restored`.
#[test]
fn a_panic_takes_the_mark_along() {
    loom::model(|| {
        let poll = AssertUnwindSafe(|| poll_marked(|| panic!("in the body")));
        catch_unwind(poll).unwrap_err();
        assert!(!mark::is_set());
    });
}

/// Mutants: `mark-of-the-system-thread`.
#[test]
fn no_other_thread_sees_a_mark() {
    loom::model(|| {
        let other = thread::spawn(|| {
            assert!(!mark::is_set());
            thread::yield_now();
            assert!(!mark::is_set());
            poll_marked(thread::yield_now);
        });
        poll_marked(|| {
            thread::yield_now();
            assert!(mark::is_set(), "the other thread took the mark away");
        });
        assert!(!mark::is_set());
        other.join().unwrap();
    });
}
