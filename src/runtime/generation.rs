//! The age of what is kept.

use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::{Acquire, Release};

/// A count of resets. What was begun before the last one is not to be used again.
///
/// A call is later than a reset when something orders it after: then it reads this reset's value or a
/// newer one. A call that nothing orders may as well have come first.
#[derive(Debug, Default)]
pub(crate) struct Generation(AtomicU64);

impl Generation {
    pub(crate) fn starting_at(resets: u64) -> Generation {
        Generation(AtomicU64::new(resets))
    }

    pub(crate) fn reset(&self) {
        // Release pairs with `current`: who has seen the second of two resets has seen the first.
        self.0.fetch_add(1, Release);
    }

    /// Returns the resets so far. What is made has to ask before it is begun: a reset in the meantime counts.
    #[inline]
    pub(crate) fn current(&self) -> u64 {
        // Acquire pairs with `reset`.
        self.0.load(Acquire)
    }
}
