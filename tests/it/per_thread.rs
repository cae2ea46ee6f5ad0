//! Each thread has a value of its own in a `PerThread`, until all are dropped.

use std::sync::Arc;
use std::thread;

use smartasync::PerThread;

#[test]
fn each_thread_makes_its_value_once() {
    let owner = PerThread::new(|| Arc::new(thread::current().id()));
    let here = Arc::clone(owner.get());
    assert!(Arc::ptr_eq(&here, owner.get()));
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(**owner.get(), thread::current().id()));
    });
    assert_eq!(*here, thread::current().id());
}

#[test]
fn clear_drops_the_values_of_all_threads() {
    let token = Arc::new(());
    let mut values = PerThread::new(|| Arc::clone(&token));
    values.get();
    thread::scope(|scope| {
        scope.spawn(|| values.get());
    });
    assert_eq!(Arc::strong_count(&token), 3);
    values.clear();
    assert_eq!(Arc::strong_count(&token), 1);
    values.get();
    assert_eq!(Arc::strong_count(&token), 2, "the value is made anew");
}
