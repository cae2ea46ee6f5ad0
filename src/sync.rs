//! The standard library's concurrency, or loom's. No other module knows which.

use std::sync::{LockResult, PoisonError};

pub(crate) use imp::*;

// Never loom's, whose atomics cannot be static. Some 32-bit targets have no 64-bit atomics, so this may be
// emulated. 32 bits would not do: a key or a generation must never be used twice.
#[cfg(not(target_has_atomic = "64"))]
pub(crate) use portable_atomic::AtomicU64 as StdAtomicU64;
#[cfg(target_has_atomic = "64")]
pub(crate) use std::sync::atomic::AtomicU64 as StdAtomicU64;

/// Unwraps a lock, also after a panic: a panic under a lock of this crate leaves the value valid.
pub(crate) fn ignore_poison<G>(locked: LockResult<G>) -> G {
    locked.unwrap_or_else(PoisonError::into_inner)
}

#[cfg(not(smartasync_loom))]
mod imp {
    pub(crate) use super::map::Map;
    pub(crate) use atomic_waker::AtomicWaker;
    pub(crate) use crossbeam_queue::SegQueue as Queue;
    pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
    pub(crate) use std::thread::LocalKey;
    pub(crate) use std::thread_local;

    pub(crate) mod atomic {
        pub(crate) use super::super::StdAtomicU64 as AtomicU64;
        pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
    }

    pub(crate) fn downgrade<T>(arc: &Arc<T>) -> Weak<T> {
        Arc::downgrade(arc)
    }

    /// Does nothing: `SeqCst` accesses have this order by themselves.
    macro_rules! loom_fence {
        () => {};
    }
    pub(crate) use loom_fence;
}

/// The map of the crate itself, which shuttle's models use too.
#[cfg(any(not(smartasync_loom), smartasync_shuttle))]
mod map {
    use std::hash::{BuildHasherDefault, Hasher};

    use dashmap::DashMap;

    /// A map from thread keys, shared by all threads.
    #[derive(Debug)]
    pub(crate) struct Map<V>(DashMap<u64, V, BuildHasherDefault<KeyHasher>>);

    impl<V: Clone> Map<V> {
        pub(crate) fn new() -> Map<V> {
            Map(DashMap::default())
        }

        pub(crate) fn get(&self, key: u64) -> Option<V> {
            // The lock is held while the value is cloned, and no longer: no code of a caller runs under it.
            self.0.get(&key).map(|entry| entry.clone())
        }

        pub(crate) fn insert(&self, key: u64, value: V) {
            // Drops the earlier value here, without the lock.
            drop(self.0.insert(key, value));
        }

        pub(crate) fn remove(&self, key: u64) -> Option<V> {
            self.0.remove(&key).map(|(_, value)| value)
        }

        /// Removes all values, and drops each without the lock: a destructor may use the map.
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
    use std::marker::PhantomData;
    use std::task::Waker;

    pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};

    /// Loom's thread-locals, without the `const`, which loom does not support. Loom runs all its threads on one
    /// system thread, so they would share a thread-local of the standard library.
    macro_rules! local {
        ($(#[$attr:meta])* static $name:ident: $type:ty = const { $init:expr };) => {
            loom::thread_local! { $(#[$attr])* static $name: $type = $init; }
        };
        ($(#[$attr:meta])* static $name:ident: $type:ty = $init:expr;) => {
            loom::thread_local! { $(#[$attr])* static $name: $type = $init; }
        };
    }
    pub(crate) use local as thread_local;
    pub(crate) use loom::thread::LocalKey;

    /// Loom's `Arc` has no weak references. This one can never be upgraded.
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

    /// Loom treats `SeqCst` accesses as `AcqRel`. This gives them the order of `SeqCst`.
    macro_rules! loom_fence {
        () => {
            crate::sync::atomic::fence(crate::sync::atomic::Ordering::SeqCst)
        };
    }
    pub(crate) use loom_fence;

    /// Loom's waker, with the interface of `atomic_waker::AtomicWaker`.
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

    pub(crate) use containers::{Map, Queue};

    /// Loom may switch threads at each use.
    #[cfg(not(smartasync_shuttle))]
    mod containers {
        use std::collections::{HashMap, VecDeque};

        use loom::sync::Mutex;

        /// A queue.
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

        /// A map from thread keys.
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

    /// Those of the crate itself. Shuttle may switch threads before each use, and not within one.
    #[cfg(smartasync_shuttle)]
    mod containers {
        use crossbeam_queue::SegQueue;
        use loom::switch;

        /// A queue.
        #[derive(Debug)]
        pub(crate) struct Queue<T>(SegQueue<T>);

        impl<T> Queue<T> {
            pub(crate) fn new() -> Queue<T> {
                Queue(SegQueue::new())
            }

            pub(crate) fn push(&self, value: T) {
                switch();
                self.0.push(value);
            }

            pub(crate) fn pop(&self) -> Option<T> {
                switch();
                self.0.pop()
            }
        }

        /// A map from thread keys.
        #[derive(Debug)]
        pub(crate) struct Map<V>(crate::sync::map::Map<V>);

        impl<V: Clone> Map<V> {
            pub(crate) fn new() -> Map<V> {
                Map(crate::sync::map::Map::new())
            }

            pub(crate) fn get(&self, key: u64) -> Option<V> {
                switch();
                self.0.get(key)
            }

            pub(crate) fn insert(&self, key: u64, value: V) {
                switch();
                self.0.insert(key, value);
            }

            pub(crate) fn remove(&self, key: u64) -> Option<V> {
                switch();
                self.0.remove(key)
            }

            pub(crate) fn clear(&self) {
                switch();
                self.0.clear();
            }
        }
    }
}
