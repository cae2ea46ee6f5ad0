//! The polls of one call.

use std::io;
use std::marker::PhantomData;
use std::mem;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Acquire;
use std::task::{Context, Poll, Waker};

use tokio::task::coop;

use crate::error::Cause;
use crate::exec::check::Check;
use crate::exec::hooks::ParkHooks;
use crate::exec::job::Job;
use crate::exec::limits::Limits;
use crate::exec::waker::CallWaker;
use crate::process::Process;
use crate::runtime::tracker::CallToken;
#[cfg(feature = "tracing")]
use crate::span::WaitSpan;

/// One call while it runs: when its future is polled, and what ends it.
///
/// | in a poll | then |
/// |---|---|
/// | the future is ready | done, with its output |
/// | a limit is reached | done, the future dropped |
/// | neither | the thread parks, until one of the next three |
///
/// | while parked | then |
/// |---|---|
/// | the future or a limit is woken | poll |
/// | the bridge is shut down, or the process is a forked child | done, the future dropped inside its runtime |
///
/// | a check is due | it runs, outside of the future; then the thread parks again, or polls to end the call |
///
/// The future is polled before the limits are checked, so that an output which is ready is not lost.
pub(crate) struct Drive<'a, 'l> {
    pub(crate) job: &'a mut dyn Job,
    pub(crate) waker: &'a CallWaker,
    pub(crate) limits: Option<&'a mut Limits<'l>>,
    /// `None` if no shutdown can cancel the call.
    pub(crate) token: Option<&'a CallToken>,
    /// Set when the runtime is lost, so that nobody can drive it any more.
    pub(crate) is_lost: Option<&'a AtomicBool>,
    #[cfg(feature = "tracing")]
    pub(crate) span: &'a WaitSpan,
    /// Why the call ends without an output.
    pub(crate) cause: Option<Cause>,
    /// Whether the last poll has used up its budget.
    pub(crate) is_exhausted: bool,
    pub(crate) has_parked: bool,
    /// The bridge's hooks, and whether `on_park` has been called without `on_unpark`.
    pub(crate) hooks: Option<&'a ParkHooks>,
    has_told_park: bool,
    /// For a call without a token, which knows the process that it belongs to.
    began_in: Option<Process>,
    /// Whether a poll is due, and the thread need not park before.
    pub(crate) is_due: bool,
}

impl<'a, 'l> Drive<'a, 'l> {
    #[inline]
    pub(crate) fn new(
        job: &'a mut dyn Job,
        limits: Option<&'a mut Limits<'l>>,
        waker: &'a CallWaker,
        token: Option<&'a CallToken>,
        is_lost: Option<&'a AtomicBool>,
        #[cfg(feature = "tracing")] span: &'a WaitSpan,
    ) -> Drive<'a, 'l> {
        Drive {
            job,
            waker,
            limits,
            token,
            is_lost,
            #[cfg(feature = "tracing")]
            span,
            cause: None,
            is_exhausted: false,
            has_parked: false,
            hooks: None,
            has_told_park: false,
            began_in: if token.is_none() { Some(Process::current()) } else { None },
            is_due: false,
        }
    }

    /// Polls the call, inside its runtime. Returns whether it is done.
    // Out of line: inlined, a call that suspends takes 14 instructions more.
    #[inline(never)]
    pub(crate) fn poll(&mut self) -> bool {
        self.poll_inlined()
    }

    /// Polls the call, inlined into `poll_on_token`: there the call takes 11 instructions more if it is out of
    /// line.
    #[inline(always)]
    fn poll_inlined(&mut self) -> bool {
        #[cfg(feature = "tracing")]
        let _entered = self.span.enter();
        if self.cause.is_some() {
            self.job.cancel();
            return true;
        }
        self.is_due = false;
        let mut cx = Context::from_waker(self.waker.waker());
        if self.job.poll(&mut cx) {
            return true;
        }
        if let Some(limits) = &mut self.limits {
            self.cause = limits.poll(&mut cx);
            if self.cause.is_some() {
                self.job.cancel();
                return true;
            }
        }
        self.is_exhausted = !coop::has_budget_remaining();
        false
    }

    /// Whether the call was woken during its own poll, so that it need not park.
    pub(crate) fn is_woken(&mut self) -> bool {
        let is_woken = self.waker.flag().take();
        if is_woken {
            self.is_due = true;
            let is_cancelled = self.token.is_some_and(CallToken::is_cancelled_now);
            self.end_early(is_cancelled);
        }
        is_woken
    }

    /// What a parked thread waits for: ready when the call must be polled, which is due then, or a check be run.
    pub(crate) fn poll_parked(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.is_due = self.waker.flag().take_or_register(cx.waker());
        if !self.is_due {
            let is_cancelled = self.token.is_some_and(|token| token.is_cancelled(cx.waker()));
            self.is_due = self.end_early(is_cancelled);
        }
        let has_to_run =
            self.is_due || self.check().is_some_and(|(check, waker)| check.is_due_or_wakes(waker));
        if has_to_run { Poll::Ready(()) } else { Poll::Pending }
    }

    fn check(&mut self) -> Option<(&mut Check<'l>, &'a CallWaker)> {
        let waker = self.waker;
        let check = self.limits.as_mut()?.check.as_mut()?;
        Some((check, waker))
    }

    /// Whether a check is due.
    fn is_check_due(&mut self) -> bool {
        self.check().is_some_and(|(check, _)| check.is_due())
    }

    /// Runs the check, if it is due. Where it ends the call, a poll is due.
    pub(crate) fn run_check(&mut self) {
        let Some((check, _)) = self.check() else { return };
        if check.is_due() && check.run() {
            self.cause = Some(Cause::Cancelled);
            self.is_due = true;
        }
    }

    /// The thread is about to sleep.
    pub(crate) fn tell_park(&mut self) {
        if let Some(hooks) = self.hooks.filter(|_| !self.has_told_park) {
            self.has_told_park = true;
            (hooks.on_park)();
        }
    }

    /// The thread goes on.
    pub(crate) fn tell_unpark(&mut self) {
        if let Some(hooks) = self.hooks.filter(|_| self.has_told_park) {
            self.has_told_park = false;
            (hooks.on_unpark)();
        }
    }

    /// Ends the call in its next poll if it is cancelled, the process is a forked child, or its runtime is lost.
    fn end_early(&mut self, is_cancelled: bool) -> bool {
        if is_cancelled || self.began_in.as_ref().is_some_and(|process| !process.is_current()) {
            self.cause = Some(Cause::Shutdown);
        } else if self.is_lost.is_some_and(|is_lost| is_lost.load(Acquire)) {
            // Acquire pairs with the store of the thread that lost the runtime, which then wakes the call.
            self.cause = Some(Cause::Runtime(lost()));
        }
        self.cause.is_some()
    }

    /// Polls the call in a `Handle::block_on`, which parks on the token that Tokio has for each thread.
    ///
    /// If the call is in a blocking section of a root future, that future's wakes set the same token, and a park
    /// consumes them. So a call that has parked leaves the token set when it ends: at worst, somebody checks once
    /// in vain. Without that the root future could sleep forever.
    ///
    /// Returns whether the call is done. If not, a check is due, which runs outside of the `block_on`.
    pub(crate) fn poll_on_token(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let repark = self.has_parked.then(|| ReparkGuard(cx.waker(), PhantomData));
        if self.has_parked && !self.is_due {
            if self.poll_parked(cx).is_pending() {
                mem::forget(repark);
                return Poll::Pending;
            }
            self.tell_unpark();
            if !self.is_due {
                mem::forget(repark);
                return Poll::Ready(false);
            }
        }
        if self.poll_inlined() {
            return Poll::Ready(true);
        }
        mem::forget(repark);
        self.has_parked = true;
        let has_to_run = self.is_woken() || self.poll_parked(cx).is_ready();
        if has_to_run && self.is_check_due() {
            return Poll::Ready(false);
        }
        if has_to_run {
            // Tokio polls again at once, with a new budget. If a blocking section has taken the old budget, a
            // further poll without it could not be told from code that may block.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Sets the thread's token when a call ends, by return or by panic.
#[must_use = "the token is set when it is dropped"]
struct ReparkGuard<'a>(&'a Waker, PhantomData<*const ()>);

impl Drop for ReparkGuard<'_> {
    fn drop(&mut self) {
        self.0.wake_by_ref();
    }
}

#[cold]
pub(crate) fn lost() -> io::Error {
    io::Error::other("a waker has panicked while the runtime's driver called it")
}
