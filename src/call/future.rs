//! A call as a future, on any executor.

pub(super) mod entered;

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use super::{Call, Through};
use crate::bridge::Mark;
use crate::context::{is_task_poll, mark, may_be_undriven};
use crate::exec::waker::is_call_waker;
use entered::Entered;

impl<F: Future> Future for Call<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if !is_task_poll(cx) {
            return self.poll_outside_task(cx);
        }
        self.future().poll(cx)
    }
}

impl<F: Future> Call<F> {
    /// Polls in the root future of a `block_on`, or on another executor. Takes nothing but `self` and `cx`, so that
    /// a poll in a task keeps nothing else in registers.
    #[cold]
    fn poll_outside_task(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let before = self.through().mark().unwrap_or_default();
        // What was left over was entered by this future on another executor.
        if !before.left_over && is_tokio_poll(cx, before.near_tokio) {
            let (through, future) = self.parts();
            let polled = future.poll(cx);
            // A later poll may hide its budget, and stays here all the same. A call that is waited for is known by its
            // waker, and a mark would be one more count that its threads share.
            if polled.is_pending() && !before.near_tokio && !is_call_waker(cx.waker()) {
                through.set_mark(Mark { near_tokio: true, ..before });
            }
            return polled;
        }
        let entered = match Entered::new(self.through().left_over(), true) {
            Ok(entered) => entered,
            Err(error) => panic!("no runtime to await a call on: {error}"),
        };
        if !before.foreign {
            self.as_mut().set_foreign(before);
        }
        let (through, future) = self.parts();
        let _inside = ForeignPoll { entered: Some(entered), through };
        future.poll(cx)
    }
}

/// Whether there is a current runtime that somebody drives. As far as can be told, nobody drives a current-thread
/// runtime that was only entered.
fn is_tokio_poll(cx: &Context<'_>, was_near_tokio: bool) -> bool {
    let Ok(current) = Handle::try_current() else { return false };
    // Under the mark the shared runtime is entered already. There, and where there was a runtime before, the code that
    // is polled may have entered the current one, and may leave it in this poll: so nothing is entered over it.
    // The waker is asked before the context, which takes ten times as long.
    was_near_tokio || mark::is_set() || is_call_waker(cx.waker()) || !may_be_undriven(&current)
}

/// A poll of another executor, inside the shared runtime. Leaves it by return or by panic.
struct ForeignPoll<'a> {
    entered: Option<Entered>,
    through: &'a mut Through,
}

impl Drop for ForeignPoll<'_> {
    fn drop(&mut self) {
        let (Some(entered), Some(mark)) = (self.entered.take(), self.through.mark()) else {
            return;
        };
        let left_over = !entered.is_innermost();
        if left_over != mark.left_over {
            self.through.set_mark(Mark { left_over, ..mark });
        }
        if let Some(key) = self.through.left_over() {
            entered.leave_over(key.clone());
        }
    }
}
