//! The age of what is kept.

use std::ops::Deref;

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

    #[inline]
    pub(crate) fn current(&self) -> Version {
        // Acquire pairs with `reset`.
        Version(self.0.load(Acquire))
    }

    /// Makes a value with the version at which its making was begun: a reset in the meantime counts.
    pub(crate) fn make<T, E>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Versioned<T>, E> {
        let made_in = self.current();
        let value = make()?;
        Ok(Versioned { made_in, value })
    }

    #[inline]
    pub(crate) fn is_current<T>(&self, versioned: &Versioned<T>) -> bool {
        versioned.made_in == self.current()
    }
}

/// A time between two resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Version(u64);

/// A value, and when it was made.
#[derive(Debug)]
pub(crate) struct Versioned<T> {
    made_in: Version,
    value: T,
}

impl<T> Deref for Versioned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}
