//! What a waiting thread runs between two polls of its call.

use std::io;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::exec::deadline::Deadline;
use crate::exec::waker::CallWaker;

/// The shortest time between two checks: a thread that only checks would never sleep.
const SHORTEST: Duration = Duration::from_millis(1);

/// Runs at least once in each interval while a call waits, outside of its future. The call ends when it says so.
pub(crate) struct Check<'a> {
    every: Duration,
    run: &'a mut dyn FnMut() -> bool,
    /// Since `start`. It has a time since the call was first pending, unless the clock cannot tell the interval's end.
    next: Option<Deadline>,
    has_begun: bool,
    /// Wakes the parked thread, and does not make it poll the future.
    waker: Option<Waker>,
}

impl<'a> Check<'a> {
    /// `run` returns whether the call ends.
    pub(crate) fn new(every: Duration, run: &'a mut dyn FnMut() -> bool) -> Check<'a> {
        Check { every: every.max(SHORTEST), run, next: None, has_begun: false, waker: None }
    }

    /// The wait begins. The first interval does later, so that a call that is ready need not read the clock.
    ///
    /// # Errors
    ///
    /// When the timer thread cannot be started.
    pub(crate) fn start(&mut self) -> io::Result<()> {
        self.next = Some(Deadline::never()?);
        Ok(())
    }

    /// An interval begins.
    fn begin(&mut self) {
        self.has_begun = true;
        if let Some(next) = &mut self.next {
            next.move_to(Instant::now().checked_add(self.every));
        }
    }

    /// Whether it is due. If not, the thread that parks for the call of `waker` is woken when it is.
    pub(crate) fn is_due_or_wakes(&mut self, waker: &CallWaker) -> bool {
        if !self.has_begun {
            self.begin();
        }
        let waker = self.waker.get_or_insert_with(|| waker.thread_waker());
        self.next.as_mut().is_some_and(|next| next.is_reached(waker))
    }

    /// Whether it is due, for a thread that does not park.
    pub(crate) fn is_due(&mut self) -> bool {
        if !self.has_begun {
            self.begin();
            return false;
        }
        self.next.as_ref().is_some_and(Deadline::has_passed)
    }

    /// Runs it. Returns whether the call ends.
    pub(crate) fn run(&mut self) -> bool {
        let ends = (self.run)();
        self.begin();
        ends
    }
}
