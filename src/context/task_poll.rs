//! Whether a poll is made by a Tokio task.

use std::future::poll_fn;
use std::pin::pin;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::{Context, Poll, RawWakerVTable, Waker};

use tokio::task::{self, LocalSet};

/// The vtable of the wakers of all Tokio tasks. Null until `is_task_poll` is first called in a task. The pointer is
/// compared, never followed.
static TASK_VTABLE: AtomicPtr<RawWakerVTable> = AtomicPtr::new(ptr::null_mut());

/// Whether a Tokio task makes this poll, with its own waker or with another.
///
/// The waker comes first, as comparing it is cheaper than asking Tokio for the task's id. Only code with a waker of
/// its own, like `FuturesUnordered`, needs the second check in a task.
#[inline]
pub(crate) fn is_task_poll(cx: &Context<'_>) -> bool {
    // Relaxed: the address is only compared.
    ptr::eq(cx.waker().vtable(), TASK_VTABLE.load(Ordering::Relaxed)) || is_inside_task()
}

#[inline]
fn is_inside_task() -> bool {
    let is_inside_task = task::try_id().is_some();
    // Relaxed: a thread that reads a stale null stores the same address again.
    if is_inside_task && TASK_VTABLE.load(Ordering::Relaxed).is_null() {
        learn_vtable();
    }
    is_inside_task
}

/// Stores the vtable of the waker of a task that it makes: the caller's waker may be of another kind.
#[cold]
fn learn_vtable() {
    let tasks = LocalSet::new();
    tasks.spawn_local(poll_fn(|cx| {
        // Relaxed: the vtable is a constant of the program, so there is nothing to publish with its address.
        TASK_VTABLE.store(ptr::from_ref(cx.waker().vtable()).cast_mut(), Ordering::Relaxed);
        Poll::Ready(())
    }));
    let _ = pin!(tasks).poll(&mut Context::from_waker(Waker::noop()));
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use std::sync::Arc;
    use std::task::Wake;

    use allocation_counter::measure;
    use tokio::runtime::Builder;

    use super::*;

    struct Ignores;

    impl Wake for Ignores {
        fn wake(self: Arc<Self>) {}
    }

    fn is_seen_with(waker: &Waker) -> bool {
        is_task_poll(&Context::from_waker(waker))
    }

    #[test]
    fn a_task_is_seen_with_its_waker_and_with_another_and_a_root_future_is_not() {
        let other = Waker::from(Arc::new(Ignores));
        let runtime = Builder::new_current_thread().build().unwrap();
        for _ in 0..2 {
            assert!(!is_seen_with(Waker::noop()) && !is_seen_with(&other));
            runtime.block_on(async {
                assert!(!is_seen_with(&other));
                assert!(!poll_fn(|cx| Poll::Ready(is_task_poll(cx))).await);
                let other = other.clone();
                let task = tokio::spawn(async move {
                    assert!(is_seen_with(&other));
                    assert!(poll_fn(|cx| Poll::Ready(is_task_poll(cx))).await);
                });
                task.await.unwrap();
            });
        }
    }

    #[test]
    fn after_the_first_task_the_waker_alone_tells() {
        let runtime = Builder::new_current_thread().build().unwrap();
        let task = runtime.spawn(poll_fn(|cx| {
            // When asked with another waker, it learns the vtable that the wakers of all tasks share, once.
            assert!(is_seen_with(Waker::noop()));
            let asked_again = measure(|| assert!(is_seen_with(Waker::noop())));
            assert_eq!(asked_again.count_total, 0);
            Poll::Ready(cx.waker().clone())
        }));
        let waker = runtime.block_on(task).unwrap();
        assert!(is_seen_with(&waker));
    }
}
