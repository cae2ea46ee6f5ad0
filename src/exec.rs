//! Running a call to its end on the calling thread.

pub(crate) mod deadline;
pub(crate) mod drive;
pub(crate) mod job;
pub(crate) mod lease;
pub(crate) mod limits;
pub(crate) mod waker;

use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

use crate::runtime::background::BackgroundRuntime;
use crate::runtime::tracker::CallToken;
use drive::Drive;
use job::Job;
use lease::Lease;
use waker::CallWaker;

/// Runs a call on the calling thread's own runtime.
///
/// Each poll goes through the runtime's handle: Tokio's budget and its checks hold there, `block_in_place` is
/// legal, and the runtime is not the caller's meanwhile. Were the driver held in a poll, as in
/// `Runtime::block_on`, a poll that blocks would keep it from all who wait for what lives on this runtime, and
/// if one of these held what the poll waits for, both would wait without end. So a thread drives its runtime
/// only while it has nothing else to do.
pub(crate) fn run_on_own(lease: &Lease, call: &mut Drive<'_, '_>) {
    let _leave = lease.enter();
    poll_to_end(lease, call);
}

/// Runs a call that has neither limits nor a span on the calling thread's own runtime. Most of these are ready in
/// their first poll, and pay for nothing else.
#[inline(always)]
pub(crate) fn run_plainly(lease: &Lease, waker: &CallWaker, job: &mut dyn Job) {
    let _leave = lease.enter();
    let mut cx = Context::from_waker(waker.waker());
    let mut poll = || job.poll(&mut cx);
    // Behind one pointer: Tokio passes the future on by value, through several frames.
    let poll = &mut poll;
    if !lease.handle().block_on(poll_fn(move |_| Poll::Ready(poll()))) {
        run_pending(lease, waker, job);
    }
}

#[inline(never)]
fn run_pending(lease: &Lease, waker: &CallWaker, job: &mut dyn Job) {
    #[cfg(feature = "tracing")]
    let no_span = tracing::Span::none();
    let mut drive = Drive::new(
        &mut *job,
        None,
        waker,
        Some(lease.token()),
        Some(lease.lost_flag()),
        #[cfg(feature = "tracing")]
        &no_span,
    );
    lease.wait(&mut drive, 1);
    poll_to_end(lease, &mut drive);
    let cause = drive.cause;
    job.header().end(cause);
}

fn poll_to_end(lease: &Lease, call: &mut Drive<'_, '_>) {
    let handle = lease.handle();
    let mut polls = 1;
    while !handle.block_on(poll_fn(|_| Poll::Ready(call.poll()))) {
        polls += 1;
        lease.wait(call, polls);
    }
}

/// Runs a call on a runtime that other threads drive.
///
/// Between two polls the thread parks on the token that Tokio has for it. On a background runtime of this crate the
/// monitor looks after the workers meanwhile.
#[inline(never)]
pub(crate) fn run_on_handle(
    handle: &Handle,
    background: Option<&BackgroundRuntime>,
    call: &mut Drive<'_, '_>,
) {
    let mut parked = None;
    handle.block_on(poll_fn(|cx| {
        let polled = call.poll_on_token(cx);
        if let (Poll::Pending, Some(runtime), Some(token)) = (polled, background, call.token) {
            let _ = parked.get_or_insert(Parked(token));
            token.set_parked(true);
            runtime.watch();
        }
        polled
    }));
    if call.has_parked {
        call.waker.flag().unregister();
    }
}

/// A call that has said that it is parked, until this is dropped.
#[must_use = "the call is no longer parked once it is dropped"]
struct Parked<'a>(&'a CallToken);

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.set_parked(false);
    }
}
