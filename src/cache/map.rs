//! What a bridge keeps for each thread.

use crate::runtime::state::Generation;
use crate::sync::{Arc, Map};

/// One value for each thread that has used a bridge, found by the thread's key.
///
/// Only the thread itself makes the value for its key, so two threads never race to make one. A call holds its own
/// reference: a value that a reset or the end of a thread removes is dropped when the last call that uses it ends.
#[derive(Debug)]
pub(crate) struct PerThreadMap<T>(Map<Arc<T>>);

impl<T> PerThreadMap<T> {
    pub(crate) fn new() -> PerThreadMap<T> {
        PerThreadMap(Map::new())
    }

    /// Returns what is kept for a thread, or what `make` makes. `generation` counts the resets of the bridge.
    #[inline]
    pub(crate) fn get_or_make<E>(
        &self,
        generation: &Generation,
        key: u64,
        is_good: impl FnOnce(&T) -> bool,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        match self.0.get(key) {
            Some(value) if is_good(&value) => Ok(value),
            _ => self.make(generation, key, make),
        }
    }

    #[cold]
    fn make<E>(
        &self,
        generation: &Generation,
        key: u64,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let made_in = generation.current();
        let value = Arc::new(make()?);
        self.0.insert(key, Arc::clone(&value));
        // A reset since the value was begun may have cleared the map without it.
        if generation.current() != made_in {
            self.0.remove(key);
        }
        Ok(value)
    }

    /// Takes out what is kept for a thread.
    pub(crate) fn remove(&self, key: u64) -> Option<Arc<T>> {
        self.0.remove(key)
    }

    /// Forgets everything. Called after a reset of the generation, so that a value which a running call inserts
    /// later is not kept.
    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}
