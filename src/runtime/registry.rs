//! What is looked after as long as it lives.

use std::sync::{Arc, Weak};

/// What is registered, and now and then something that is gone.
#[derive(Debug)]
pub(crate) struct Registry<T: ?Sized> {
    entries: Vec<Weak<T>>,
    /// With so many entries it looks which of them are gone. That is twice as many as were left the last time, so that
    /// each entry pays for one look on average.
    full: usize,
}

/// As many entries as are not worth a look.
const FEW: usize = 16;

impl<T: ?Sized> Registry<T> {
    pub(crate) fn new() -> Registry<T> {
        Registry { entries: Vec::new(), full: FEW }
    }

    pub(crate) fn add(&mut self, entry: Weak<T>) {
        if self.entries.len() >= self.full {
            self.entries.retain(|entry| entry.strong_count() > 0);
            self.full = FEW.max(2 * self.entries.len());
        }
        self.entries.push(entry);
    }

    /// Returns what lives, and forgets the rest.
    pub(crate) fn living(&mut self) -> Vec<Arc<T>> {
        let mut living = Vec::with_capacity(self.entries.len());
        self.entries.retain(|entry| {
            let is_alive = entry.upgrade().map(|entry| living.push(entry));
            is_alive.is_some()
        });
        living
    }
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_forgotten() {
        let (stays, goes) = (Arc::new(1), Arc::new(2));
        let mut registry = Registry::new();
        registry.add(Arc::downgrade(&stays));
        registry.add(Arc::downgrade(&goes));
        drop(goes);
        assert_eq!(registry.living(), [stays]);
        assert_eq!(registry.entries.len(), 1);
    }

    #[test]
    fn what_is_gone_takes_no_place_though_nobody_asks() {
        let mut registry = Registry::new();
        for number in 0..10_000 {
            registry.add(Arc::downgrade(&Arc::new(number)));
            assert!(registry.entries.len() <= FEW + 1);
        }
    }

    #[test]
    fn who_registers_seldom_looks_at_all() {
        const ALL: usize = 10_000;
        let mut registry = Registry::new();
        let mut looked_at = 0;
        let all: Vec<_> = (0..ALL).map(Arc::new).collect();
        for entry in &all {
            let (entries, full) = (registry.entries.len(), registry.full);
            registry.add(Arc::downgrade(entry));
            looked_at += if registry.full == full { 0 } else { entries };
        }
        assert!(looked_at < 2 * ALL, "{looked_at}");
        assert_eq!(registry.living(), all);
    }
}
