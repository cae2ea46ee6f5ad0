//! What is looked after as long as it is there.

use std::mem;
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;

/// The registered objects, among which some may be gone.
#[derive(Debug)]
pub(crate) struct Registry<E> {
    entries: Vec<E>,
    /// With so many entries it looks which of them are gone. That is twice as many as were left the last time, so that
    /// each entry pays for one look on average.
    full: usize,
}

/// A registry that keeps nothing alive.
pub(crate) type WeakRegistry<T> = Registry<Weak<T>>;

/// What may be gone, and nobody tells.
pub(crate) trait Entry {
    fn is_gone(&self) -> bool;
}

impl<T: ?Sized> Entry for Weak<T> {
    fn is_gone(&self) -> bool {
        self.strong_count() == 0
    }
}

impl Entry for JoinHandle<()> {
    fn is_gone(&self) -> bool {
        self.is_finished()
    }
}

/// As many entries as are not worth a look.
const FEW: usize = 16;

impl<E: Entry> Registry<E> {
    pub(crate) const fn new() -> Registry<E> {
        Registry { entries: Vec::new(), full: FEW }
    }

    /// Registers an entry. Those that are gone may be dropped.
    pub(crate) fn add(&mut self, entry: E) {
        if self.entries.len() >= self.full {
            self.entries.retain(|entry| !entry.is_gone());
            self.full = FEW.max(2 * self.entries.len());
        }
        self.entries.push(entry);
    }

    /// Returns what is gone, and forgets it.
    pub(crate) fn take_gone(&mut self) -> Vec<E> {
        let (gone, rest) = mem::take(&mut self.entries).into_iter().partition(Entry::is_gone);
        self.entries = rest;
        gone
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T: ?Sized> Registry<Weak<T>> {
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
    fn what_is_gone_is_returned_once() {
        let stays = Arc::new(1);
        let mut registry = Registry::new();
        registry.add(Weak::new());
        registry.add(Arc::downgrade(&stays));
        assert_eq!(registry.take_gone().len(), 1);
        assert_eq!(registry.take_gone().len(), 0);
        assert!(!registry.is_empty());
        drop(stays);
        assert_eq!(registry.take_gone().len(), 1);
        assert!(registry.is_empty());
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
    fn each_entry_pays_for_one_look_on_average() {
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
