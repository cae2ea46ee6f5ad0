//! What a bridge keeps for each thread.

use crate::runtime::generation::{Generation, Versioned};
use crate::sync::{Arc, Map};

/// One value for each thread that has used a bridge, found by the thread's key.
///
/// Only the thread itself makes the value of its key, so two never race to make one. A call holds its
/// own reference: what a reset or a thread's end takes out of the map is dropped when the last call
/// that uses it is over.
#[derive(Debug)]
pub(crate) struct PerThreadMap<T> {
    generation: Generation,
    values: Map<Arc<Versioned<T>>>,
}

impl<T> PerThreadMap<T> {
    pub(crate) fn new() -> PerThreadMap<T> {
        PerThreadMap { generation: Generation::default(), values: Map::new() }
    }

    #[inline]
    pub(crate) fn get_or_make<E>(
        &self,
        key: u64,
        is_good: impl FnOnce(&T) -> bool,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<Versioned<T>>, E> {
        match self.values.get(key) {
            Some(versioned) if is_good(&versioned) => Ok(versioned),
            _ => self.make(key, make),
        }
    }

    #[cold]
    fn make<E>(
        &self,
        key: u64,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<Versioned<T>>, E> {
        let versioned = Arc::new(self.generation.make(make)?);
        self.values.insert(key, Arc::clone(&versioned));
        // A reset since it was begun may have cleared the map without it.
        if !self.generation.is_current(&versioned) {
            self.values.remove(key);
        }
        Ok(versioned)
    }

    /// Whether nothing has been reset since `kept` was begun.
    #[inline]
    pub(crate) fn is_current(&self, kept: &Versioned<T>) -> bool {
        self.generation.is_current(kept)
    }

    /// Takes out what is kept for a thread.
    pub(crate) fn remove(&self, key: u64) -> Option<Arc<Versioned<T>>> {
        self.values.remove(key)
    }

    /// Forgets everything: no later call uses what was kept before, since nothing old is in the map then.
    pub(crate) fn reset(&self) {
        // First, so that what a call in flight inserts after the map is cleared is stale already.
        self.generation.reset();
        self.values.clear();
    }
}
