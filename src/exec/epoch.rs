//! The age of what is kept.

use std::ops::Deref;

use crate::sync::atomic::AtomicU64;
use crate::sync::atomic::Ordering::{Acquire, Release};

/// A count of resets. What was stamped before the last one is not to be used again.
///
/// A call is later than a reset when something orders it after: then it reads this reset's value or a
/// newer one. A call that nothing orders may as well have come first. The order is for those who ask two
/// epochs: who has seen the second of two resets has seen the first.
#[derive(Debug, Default)]
pub(crate) struct Epoch(AtomicU64);

impl Epoch {
    pub(crate) fn starting_at(resets: u64) -> Epoch {
        Epoch(AtomicU64::new(resets))
    }

    pub(crate) fn reset(&self) {
        self.0.fetch_add(1, Release);
    }

    #[inline]
    pub(crate) fn now(&self) -> Stamp {
        Stamp(self.0.load(Acquire))
    }

    /// Stamps what `make` makes with the time at which it was begun: a reset in the meantime counts.
    pub(crate) fn stamp<T, E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<Stamped<T>, E> {
        let made_in = self.now();
        let value = make()?;
        Ok(Stamped { made_in, value })
    }

    #[inline]
    pub(crate) fn is_current<T>(&self, stamped: &Stamped<T>) -> bool {
        stamped.made_in == self.now()
    }
}

/// A time between two resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

/// A value and when it was made.
#[derive(Debug)]
pub(crate) struct Stamped<T> {
    made_in: Stamp,
    value: T,
}

impl<T> Deref for Stamped<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}
