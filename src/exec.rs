//! Running a call to its end on the calling thread.

pub(crate) mod check;
pub(crate) mod deadline;
pub(crate) mod drive;
pub(crate) mod hooks;
pub(crate) mod job;
pub(crate) mod lease;
pub(crate) mod limits;
pub(crate) mod waker;

use std::future::poll_fn;
use std::marker::PhantomData;
use std::task::Poll;

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
    let mut parked = None;
    // More than once where the call has a check, which runs between.
    let mut is_done = false;
    while !is_done {
        is_done = handle.block_on(poll_fn(|cx| {
            let polled = call.poll_on_token(cx);
            // If a poll is due, the thread does not park.
            if let (Poll::Pending, false, Some(runtime), Some(token)) =
                (polled, call.is_due, background, call.token)
            {
                let _ = parked.get_or_insert(Parked(token, PhantomData));
                token.set_parked(true);
                runtime.watch();
            }
            polled
        }));
        if !is_done {
            call.run_check();
        }
    }
    if call.has_parked {
        call.waker.flag().unregister();
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
