//! Running a call to its end on the calling thread.

pub(crate) mod check;
pub(crate) mod deadline;
pub(crate) mod drive;
mod frequency;
pub(crate) mod hooks;
pub(crate) mod in_poll;
pub(crate) mod job;
pub(crate) mod lease;
pub(crate) mod limits;
pub(crate) mod schedule;
pub(crate) mod waker;

use std::future::poll_fn;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use crate::runtime::background::BackgroundRuntime;
use crate::runtime::tracker::CallToken;
use drive::Drive;

/// Runs a call on a runtime that other threads drive.
///
/// Between two polls the thread parks on the token that Tokio has for it. On a background runtime of this crate,
/// the monitor checks the workers in the meantime.
#[inline(never)]
pub(crate) fn run_on_handle(
    handle: &Handle,
    background: Option<&BackgroundRuntime>,
    call: &mut Drive<'_, '_>,
) {
    let mut polls = CallPolls::new(background, call);
    let poll = |polls: &mut CallPolls<'_, '_, '_>, cx: &mut Context<'_>| {
        let polled = polls.poll(cx);
        // If a poll is due, the thread does not park.
        if polled.is_pending() && !polls.call.is_due {
            polls.call.tell_park();
        }
        polled
    };
    while !handle.block_on(poll_fn(|cx| poll(&mut polls, cx))) {
        polls.call.run_check();
    }
}

/// The polls of a call on a runtime that other threads drive.
struct CallPolls<'c, 'a, 'l> {
    call: &'c mut Drive<'a, 'l>,
    background: Option<&'c BackgroundRuntime>,
    parked: Option<Parked<'a>>,
}

impl<'c, 'a, 'l> CallPolls<'c, 'a, 'l> {
    #[inline]
    fn new(
        background: Option<&'c BackgroundRuntime>,
        call: &'c mut Drive<'a, 'l>,
    ) -> CallPolls<'c, 'a, 'l> {
        CallPolls { call, background, parked: None }
    }

    /// Polls the call. Where it is pending, the thread parks until `cx` is woken.
    ///
    /// Returns whether the call is done. If not, its check is due.
    #[inline]
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let call = &mut *self.call;
        let polled = call.poll_on_token(cx);
        if polled == Poll::Ready(true) && call.has_parked {
            call.waker.flag().unregister();
        }
        // If a poll is due, the thread does not park.
        if let (Poll::Pending, false, Some(runtime), Some(token)) =
            (polled, call.is_due, self.background, call.token)
        {
            let _ = self.parked.get_or_insert(Parked(token, PhantomData));
            token.set_parked(true);
            runtime.watch();
        }
        polled
    }
}

/// Marks a call as parked until this is dropped.
#[must_use = "the call is no longer parked once it is dropped"]
struct Parked<'a>(&'a CallToken, PhantomData<*const ()>);

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.set_parked(false);
    }
}
