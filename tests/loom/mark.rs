//! The mark belongs to one poll, on one thread.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use loom::thread;

use crate::cache::mark::{self, Marked};

/// Polls `body` once under the mark.
pub(super) fn poll_marked<T>(mut body: impl FnMut() -> T) -> T {
    let future = pin!(Marked::new(poll_fn(|_| Poll::Ready(body()))));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("the body is ready at once"),
    }
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
