//! The flag of the naive design, to see that loom finds its wrong answer.

use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread;

/// The decision of a method with an "async seen" flag: whether the caller gets a value.
fn gives_a_value(async_seen: &AtomicBool, is_async: bool) -> bool {
    if async_seen.load(Relaxed) {
        return false;
    }
    if is_async {
        async_seen.store(true, Relaxed);
    }
    !is_async
}

#[test]
#[should_panic(expected = "a sync caller was given a coroutine")]
fn a_flag_for_each_method_answers_wrongly() {
    loom::model(|| {
        let async_seen = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&async_seen);
        let task = thread::spawn(move || assert!(!gives_a_value(&flag, true)));
        // Loom compares a store with the last access only, which is the task's own load here. Without this switch
        // point it would not run the task before the sync caller.
        thread::yield_now();
        assert!(gives_a_value(&async_seen, false), "a sync caller was given a coroutine");
        task.join().unwrap();
    });
}

/// The decision of this crate in the same situation: nothing is shared.
#[test]
fn a_verdict_that_is_not_kept_is_right() {
    loom::model(|| {
        let task = thread::spawn(|| {
            let is_async = super::mark::poll_marked(crate::context::mark::is_set);
            assert!(is_async);
        });
        assert!(!crate::context::mark::is_set(), "a sync caller was taken for a task");
        task.join().unwrap();
    });
}
