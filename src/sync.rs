//! The standard library's concurrency, or loom's: the only place that knows which.

use std::sync::{LockResult, PoisonError};

pub(crate) use imp::*;

/// Takes what is locked after a panic as well: everything that this crate locks is left whole by one.
pub(crate) fn ignore_poison<G>(locked: LockResult<G>) -> G {
    locked.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(not(smartasync_loom))]
mod imp {
    use std::hash::{BuildHasherDefault, Hasher};

    use dashmap::DashMap;

    pub(crate) use atomic_waker::AtomicWaker;
    pub(crate) use crossbeam_queue::SegQueue as Queue;
    pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak, atomic};
    pub(crate) use std::thread_local;

    pub(crate) fn downgrade<T>(arc: &Arc<T>) -> Weak<T> {
        Arc::downgrade(arc)
    }

    /// Nothing: `SeqCst` accesses have this order by themselves.
    #[inline]
    pub(crate) fn loom_needs_a_fence() {}

    /// A map from thread keys, shared by all threads.
    #[derive(Debug)]
    pub(crate) struct Map<V>(DashMap<u64, V, BuildHasherDefault<KeyHasher>>);

    impl<V: Clone> Map<V> {
        pub(crate) fn new() -> Map<V> {
            Map(DashMap::default())
        }

        pub(crate) fn get(&self, key: u64) -> Option<V> {
            // The entry is locked while it is cloned: no caller runs code under the lock.
            self.0.get(&key).map(|entry| entry.clone())
        }

        pub(crate) fn insert(&self, key: u64, value: V) {
            // The earlier one is dropped here, unlocked.
            drop(self.0.insert(key, value));
        }

        pub(crate) fn remove(&self, key: u64) -> Option<V> {
            self.0.remove(&key).map(|(_, value)| value)
        }

        /// Takes all out, and drops them unlocked: what is dropped may come back here.
        pub(crate) fn clear(&self) {
            let keys: Vec<u64> = self.0.iter().map(|entry| *entry.key()).collect();
            keys.into_iter().for_each(|key| drop(self.remove(key)));
        }
    }

    /// Spreads the keys of threads, which are consecutive numbers, over the map's shards.
    #[derive(Debug, Default)]
    pub(crate) struct KeyHasher(u64);

    impl Hasher for KeyHasher {
        fn finish(&self) -> u64 {
            self.0
        }

        fn write(&mut self, _: &[u8]) {
            unreachable!("keys are u64");
        }

        fn write_u64(&mut self, key: u64) {
            // 2^64 divided by the golden ratio (Knuth, "multiplicative hashing").
            self.0 = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }
}

#[cfg(smartasync_loom)]
mod imp {
    use std::collections::{HashMap, VecDeque};
    use std::marker::PhantomData;
    use std::task::Waker;

    pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};

    /// Loom's, without the `const` that it does not know. Loom runs its threads on one thread of the
    /// system, where a local of the standard library would leak from one to another.
    macro_rules! local {
        ($(#[$attr:meta])* static $name:ident: $type:ty = const { $init:expr };) => {
            loom::thread_local! { $(#[$attr])* static $name: $type = $init; }
        };
        ($(#[$attr:meta])* static $name:ident: $type:ty = $init:expr;) => {
            loom::thread_local! { $(#[$attr])* static $name: $type = $init; }
        };
    }
    pub(crate) use local as thread_local;

    /// Loom's `Arc` has none: this one is always too late.
    #[derive(Debug)]
    pub(crate) struct Weak<T>(PhantomData<fn() -> T>);

    impl<T> Weak<T> {
        pub(crate) fn upgrade(&self) -> Option<Arc<T>> {
            None
        }
    }

    pub(crate) fn downgrade<T>(_: &Arc<T>) -> Weak<T> {
        Weak(PhantomData)
    }

    /// Loom takes `SeqCst` accesses for `AcqRel` ones; this gives it the order that they have.
    pub(crate) fn loom_needs_a_fence() {
        atomic::fence(atomic::Ordering::SeqCst);
    }

    /// Loom's, with the interface of the one that ships.
    #[derive(Debug)]
    pub(crate) struct AtomicWaker(loom::future::AtomicWaker);

    impl AtomicWaker {
        pub(crate) fn new() -> AtomicWaker {
            AtomicWaker(loom::future::AtomicWaker::new())
        }

        pub(crate) fn register(&self, waker: &Waker) {
            self.0.register_by_ref(waker);
        }

        pub(crate) fn wake(&self) {
            self.0.wake();
        }

        pub(crate) fn take(&self) -> Option<Waker> {
            self.0.take_waker()
        }
    }

    /// A queue, with a switch point at each use.
    #[derive(Debug)]
    pub(crate) struct Queue<T>(Mutex<VecDeque<T>>);

    impl<T> Queue<T> {
        pub(crate) fn new() -> Queue<T> {
            Queue(Mutex::new(VecDeque::new()))
        }

        pub(crate) fn push(&self, value: T) {
            self.0.lock().unwrap().push_back(value);
        }

        pub(crate) fn pop(&self) -> Option<T> {
            self.0.lock().unwrap().pop_front()
        }
    }

    /// A map from thread keys, with a switch point at each use.
    #[derive(Debug)]
    pub(crate) struct Map<V>(Mutex<HashMap<u64, V>>);

    impl<V: Clone> Map<V> {
        pub(crate) fn new() -> Map<V> {
            Map(Mutex::new(HashMap::new()))
        }

        pub(crate) fn get(&self, key: u64) -> Option<V> {
            self.0.lock().unwrap().get(&key).cloned()
        }

        pub(crate) fn insert(&self, key: u64, value: V) {
            self.0.lock().unwrap().insert(key, value);
        }

        pub(crate) fn remove(&self, key: u64) -> Option<V> {
            self.0.lock().unwrap().remove(&key)
        }

        pub(crate) fn clear(&self) {
            let values = std::mem::take(&mut *self.0.lock().unwrap());
            drop(values);
        }
    }
}
