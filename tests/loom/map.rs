//! The slots of one bridge, which its threads fill and empty at the same time.

use loom::sync::Arc;
use loom::thread;

use crate::cache::map::PerThreadMap;
use crate::runtime::state::Generation;

fn twice(per_thread: &PerThreadMap<u64>, key: u64) -> u64 {
    let never_reset = Generation::default();
    let make = || {
        thread::yield_now();
        Ok::<_, ()>(key)
    };
    let first = per_thread.get_or_make(&never_reset, key, |_| true, make).unwrap();
    let second = per_thread.get_or_make(&never_reset, key, |_| true, make).unwrap();
    assert!(Arc::ptr_eq(&first, &second), "a thread's second call made another one");
    *first
}

/// Mutants: `map-of-another-thread`, `map-not-kept`.
#[test]
fn two_threads_at_once_each_get_their_own() {
    loom::model(|| {
        let per_thread = Arc::new(PerThreadMap::new());
        let shared = Arc::clone(&per_thread);
        let other = thread::spawn(move || twice(&shared, 1));
        assert_eq!(twice(&per_thread, 2), 2);
        assert_eq!(other.join().unwrap(), 1);
    });
}

/// Mutants: `map-not-removed`.
#[test]
fn the_end_of_a_thread_forgets_its_own_and_no_other() {
    loom::model(|| {
        let per_thread = Arc::new(PerThreadMap::new());
        let shared = Arc::clone(&per_thread);
        let ended = thread::spawn(move || {
            let make = || Ok::<_, ()>(1);
            let mine = shared.get_or_make(&Generation::default(), 1, |_| true, make).unwrap();
            drop(shared.remove(1));
            Arc::try_unwrap(mine).map(|_| ()).map_err(|_| ())
        });
        twice(&per_thread, 2);
        ended.join().unwrap().expect("the map still holds what the thread had");
        twice(&per_thread, 2);
    });
}
