//! A call on a runtime that others drive.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use crate::exec::gate::Pass;
use crate::exec::relay::{Relay, Relayed};
use crate::exec::running::Running;

/// Runs `future` on the calling thread, which parks while it is pending.
pub(crate) fn block_on<F: Future>(handle: &Handle, future: F, relay: &Relay) -> F::Output {
    let _forget = relay.forget_on_drop();
    handle.block_on(Rearming::new(Relayed::new(future, relay)))
}

/// The same until the call is cut short; then the future is dropped inside the runtime, and there is
/// nothing to return.
pub(crate) fn block_on_unless_cut<F: Future>(
    handle: &Handle,
    future: F,
    relay: &Relay,
    pass: &Pass,
) -> Option<F::Output> {
    let mut future = pin!(Running::new(future));
    let unless_cut = poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        future.as_mut().unless_cut(polled, pass, cx)
    });
    block_on(handle, unless_cut, relay)
}

pin_project! {
    /// A future that wakes its own waker when it ends, by return or by panic.
    ///
    /// Tokio has one park token for a thread. Where this call stands in a blocking section of a root
    /// future that is polled on the same thread, that future's wake-ups are in the same token, and a
    /// park of this call takes them. So it leaves the token set: at worst, somebody looks once in
    /// vain. Without it the root future can sleep for ever.
    pub(crate) struct Rearming<F> {
        #[pin]
        future: F,
    }
}

impl<F> Rearming<F> {
    pub(crate) fn new(future: F) -> Rearming<F> {
        Rearming { future }
    }
}

impl<F: Future> Future for Rearming<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut rearm = Rearm(Some(cx.waker().clone()));
        let result = self.project().future.poll(cx);
        if result.is_pending() {
            rearm.0 = None;
        }
        result
    }
}

struct Rearm(Option<Waker>);

impl Drop for Rearm {
    fn drop(&mut self) {
        if let Some(waker) = self.0.take() {
            waker.wake();
        }
    }
}
