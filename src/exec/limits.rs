//! What ends a wait before its future is done.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::time::Instant;

use crate::error::Cause;
use crate::exec::deadline::{Deadline, Timer};

/// A deadline, a cancellation, or both.
#[derive(Default)]
pub(crate) struct Limits<'a> {
    /// With the time at which the wait began.
    deadline: Option<(Deadline, Instant)>,
    /// It must not use the budget of the call's future, which may use all of it in each poll.
    cancelled: Option<Pin<&'a mut dyn Future<Output = ()>>>,
}

impl<'a> Limits<'a> {
    /// Ends the wait at `deadline` too.
    ///
    /// # Errors
    ///
    /// When the timer thread cannot be started.
    pub(crate) fn end_at(&mut self, deadline: Instant) -> io::Result<()> {
        let deadline = Timer::running()?.deadline(deadline);
        self.deadline = Some((deadline, Instant::now()));
        Ok(())
    }

    /// Ends the wait when `cancelled` is ready.
    #[cfg(feature = "tokio-util")]
    pub(crate) fn cancelled_by(cancelled: Pin<&'a mut dyn Future<Output = ()>>) -> Limits<'a> {
        Limits { deadline: None, cancelled: Some(cancelled) }
    }

    /// Returns the reason if the wait must end now. Otherwise `cx` is woken when it must end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Cause> {
        if let Some((deadline, began)) = &mut self.deadline
            && deadline.is_reached(cx.waker())
        {
            return Some(Cause::TimedOut(began.elapsed()));
        }
        let cancelled = self.cancelled.as_mut()?;
        cancelled.as_mut().poll(cx).is_ready().then_some(Cause::Cancelled)
    }
}
