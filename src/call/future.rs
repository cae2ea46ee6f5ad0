//! A call as a future, on any executor.

pub(super) mod entered;

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, Id};

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
        if !before.left_over
            && let Some(current) = tokio_of_poll(cx, before.near_tokio)
        {
            let (through, future) = self.parts();
            let polled = future.poll(cx);
            if polled.is_pending() && !before.near_tokio && has_entered_another(current, cx) {
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

/// The current runtime, if there is one that somebody drives. As far as can be told, nobody drives a current-thread
/// runtime that was only entered.
fn tokio_of_poll(cx: &Context<'_>, was_near_tokio: bool) -> Option<Id> {
    let current = Handle::try_current().ok()?;
    // Under the mark the shared runtime is entered already. There, and where there was a runtime before, the code that
    // is polled has entered the current one, and may leave it in this poll: so nothing is entered over it.
    // The waker is asked before the context, which takes ten times as long.
    let is_driven =
        was_near_tokio || mark::is_set() || is_call_waker(cx.waker()) || !may_be_undriven(&current);
    is_driven.then(|| current.id())
}

/// Whether the future holds a guard of its own. A call that is waited for is asked for its waker only, in each poll.
fn has_entered_another(before: Id, cx: &Context<'_>) -> bool {
    !is_call_waker(cx.waker()) && Handle::try_current().is_ok_and(|now| now.id() != before)
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
