//! Tokio's cooperative budget, read without spending it.

use std::task::{Context, Poll, Waker};

use tokio::task::coop;

/// Grants that Tokio gives to one poll before it asks for a yield (`Budget::initial` in Tokio's
/// `task/coop/mod.rs`; `tests/tokio_facts.rs` holds it).
const GRANTS_PER_POLL: usize = 128;

/// Whether the calling code has a budget to keep to: it runs inside a poll that Tokio makes.
///
/// Outside of a poll there is no limit, and one grant more than a poll can have tells so.
pub(crate) fn is_limited() -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    // The first guard is dropped last, and puts the budget back to where it was before it.
    let Poll::Ready(_restore) = coop::poll_proceed(&mut cx) else {
        return true;
    };
    for _ in 0..GRANTS_PER_POLL {
        match coop::poll_proceed(&mut cx) {
            Poll::Ready(grant) => grant.made_progress(),
            Poll::Pending => return true,
        }
    }
    false
}
