//! Whether a poll is that of a Tokio task.

use std::future::poll_fn;
use std::pin::pin;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::{Context, Poll, RawWakerVTable, Waker};

use tokio::task::{self, LocalSet};

/// The vtable of the wakers of all Tokio tasks, compared and never read; null until a task has asked.
static TASK_VTABLE: AtomicPtr<RawWakerVTable> = AtomicPtr::new(ptr::null_mut());

/// Whether `cx` comes from a Tokio task, or the code is inside of one by another waker.
///
/// The waker is looked at first: it is at hand, while for the task's id Tokio has to be called. Only what makes
/// a waker of its own, as `FuturesUnordered` does, pays for that.
#[inline]
pub(crate) fn is_task_poll(cx: &Context<'_>) -> bool {
    ptr::eq(cx.waker().vtable(), TASK_VTABLE.load(Ordering::Relaxed)) || is_inside_task()
}

#[inline]
fn is_inside_task() -> bool {
    let is_inside_task = task::try_id().is_some();
    if is_inside_task && TASK_VTABLE.load(Ordering::Relaxed).is_null() {
        learn_vtable();
    }
    is_inside_task
}

/// Looks at the waker of a task of its own: the caller's waker may be anybody's.
#[cold]
fn learn_vtable() {
    let tasks = LocalSet::new();
    tasks.spawn_local(poll_fn(|cx| {
        TASK_VTABLE.store(ptr::from_ref(cx.waker().vtable()).cast_mut(), Ordering::Relaxed);
        Poll::Ready(())
    }));
    let _ = pin!(tasks).poll(&mut Context::from_waker(Waker::noop()));
}
