//! What a bridge keeps for each thread.

use crate::exec::epoch::{Epoch, Stamped};
use crate::sync::{Arc, Map};

/// One value for each thread that has used a bridge, found by the thread's key.
///
/// Only the thread itself makes the value of its key, so two never race to make one. A call holds its
/// own reference: what a reset or a thread's end takes out of the map is dropped when the last call
/// that uses it is over.
#[derive(Debug)]
pub(crate) struct Instances<T> {
    epoch: Epoch,
    values: Map<Arc<Stamped<T>>>,
}

impl<T> Instances<T> {
    pub(crate) fn new() -> Instances<T> {
        Instances { epoch: Epoch::default(), values: Map::new() }
    }

    #[inline]
    pub(crate) fn get_or_make<E>(
        &self,
        key: u64,
        is_good: impl FnOnce(&T) -> bool,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<Stamped<T>>, E> {
        match self.values.get(key) {
            Some(stamped) if is_good(&stamped) => Ok(stamped),
            _ => self.make(key, make),
        }
    }

    #[cold]
    fn make<E>(&self, key: u64, make: impl FnOnce() -> Result<T, E>) -> Result<Arc<Stamped<T>>, E> {
        let stamped = Arc::new(self.epoch.stamp(make)?);
        self.values.insert(key, Arc::clone(&stamped));
        // A reset since it was begun may have cleared the map without it.
        if !self.epoch.is_current(&stamped) {
            self.values.remove(key);
        }
        Ok(stamped)
    }

    /// Whether nothing has been reset since `kept` was begun.
    #[inline]
    pub(crate) fn is_current(&self, kept: &Stamped<T>) -> bool {
        self.epoch.is_current(kept)
    }

    /// Takes out what is kept for a thread.
    pub(crate) fn remove(&self, key: u64) -> Option<Arc<Stamped<T>>> {
        self.values.remove(key)
    }

    /// Forgets everything: no later call uses what was kept before, since nothing old is in the map then.
    pub(crate) fn reset(&self) {
        // First, so that what a call in flight inserts after the map is cleared is stale already.
        self.epoch.reset();
        self.values.clear();
    }
}
