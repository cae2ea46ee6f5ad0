//! What ends a wait before its future is done.

use std::io;
use std::pin::Pin;
use std::task::Context;
use std::time::{Duration, Instant};

use crate::error::Cause;
use crate::exec::check::Check;
use crate::exec::deadline::Deadline;

/// A deadline, a cancellation, a check, or several of these.
#[derive(Default)]
pub(crate) struct Limits<'a> {
    until: Option<Instant>,
    /// Whether the limit of the bridge does not apply. Nor does it beside a deadline.
    lifts_default: bool,
    /// Ends the wait when it is ready. It must not use the budget of the call's future, which may use all of it in each
    /// poll.
    cancelled: Option<Pin<&'a mut dyn Future<Output = ()>>>,
    pub(crate) check: Option<Check<'a>>,
    /// Since `start`, with the time at which the wait began, and whether it is the limit of the bridge.
    deadline: Option<(Deadline, Instant, bool)>,
}

impl<'a> Limits<'a> {
    /// The wait ends at `until`. Without that it ends when the bridge says so, unless it `lifts_default`.
    pub(crate) fn new(until: Option<Instant>, lifts_default: bool) -> Limits<'a> {
        Limits { until, lifts_default, ..Limits::default() }
    }

    /// The wait also ends when `cancelled` is ready.
    #[cfg(feature = "tokio-util")]
    pub(crate) fn cancelled_by(
        self,
        cancelled: Option<Pin<&'a mut impl Future<Output = ()>>>,
    ) -> Limits<'a> {
        Limits { cancelled: cancelled.map(|cancelled| cancelled as _), ..self }
    }

    /// The wait also runs a check, at least once in each of its intervals, and ends when that returns true.
    pub(crate) fn checked(
        self,
        check: Option<(Duration, &'a mut dyn FnMut() -> bool)>,
    ) -> Limits<'a> {
        Limits { check: check.map(|(every, check)| Check::new(every, check)), ..self }
    }

    /// The wait begins, on a bridge whose calls have the limit `default`.
    ///
    /// # Errors
    ///
    /// When the timer thread cannot be started.
    pub(crate) fn start(&mut self, default: Option<Duration>) -> io::Result<()> {
        let default = default.filter(|_| !self.lifts_default);
        if self.until.is_some() || default.is_some() {
            let began = Instant::now();
            if let Some(until) = self.until.or_else(|| began.checked_add(default?)) {
                let of_bridge = self.until.is_none();
                let mut deadline = Deadline::never()?;
                deadline.move_to(Some(until));
                self.deadline = Some((deadline, began, of_bridge));
            }
        }
        self.check.as_mut().map_or(Ok(()), Check::start)
    }

    /// Returns the reason if the wait must end now. Otherwise `cx` is woken when it must end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Cause> {
        if let Some((deadline, began, of_bridge)) = &mut self.deadline {
            if deadline.is_reached(cx.waker()) {
                return Some(Cause::TimedOut { waited: began.elapsed(), of_bridge: *of_bridge });
            }
        }
        let cancelled = self.cancelled.as_mut()?;
        cancelled.as_mut().poll(cx).is_ready().then_some(Cause::Cancelled)
    }
}
