//! The one waker that a call shows to its future.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use pin_project_lite::pin_project;

use crate::exec::signal::Signal;

/// A waker that stays the same for a whole call, and passes each wake on to whoever polls now.
///
/// Hand-written futures may keep the waker of their first poll only. Tokio shows one waker to a
/// future when its thread drives the runtime, another when it waits beside a thread that does, and
/// a third in the poll through the handle: this one stands before all of them.
///
/// Tokio polls again for more than the future's own wakes: whatever else wakes the thread. The future
/// is polled only when it was woken itself.
pub(crate) struct Relay {
    target: Arc<Target>,
    /// Made of `target`, so that a poll needs no reference count.
    waker: Waker,
}

impl Relay {
    /// Makes the first poll of a call. A wake that it gets is kept for the next.
    #[inline]
    pub(crate) fn poll_first<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        self.target.0.start(false);
        self.poll(future)
    }

    /// Polls on behalf of `cx`, which is woken when `future` is, if it was woken since its last poll.
    #[inline]
    pub(crate) fn poll_woken<F: Future>(
        &self,
        future: Pin<&mut F>,
        cx: &Context<'_>,
    ) -> Poll<F::Output> {
        if self.target.0.take(cx.waker()) { self.poll(future) } else { Poll::Pending }
    }

    #[inline]
    fn poll<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker))
    }

    /// Forgets whom to wake when the guard is dropped: a wake in the first poll of the next call
    /// would else reach this call's driver, for nothing.
    #[inline]
    pub(crate) fn forget_on_drop(&self) -> impl Drop {
        struct Forget<'a>(&'a Signal);

        impl Drop for Forget<'_> {
            #[inline]
            fn drop(&mut self) {
                self.0.forget_poller();
            }
        }

        Forget(&self.target.0)
    }

    /// Whether a clone of the waker lives on, which would wake a later call that shows the same
    /// one.
    #[inline]
    pub(crate) fn is_shared(&self) -> bool {
        // Ours and the waker's. Nobody can make a third when there are but these two.
        Arc::strong_count(&self.target) > 2
    }
}

impl Default for Relay {
    fn default() -> Relay {
        let target = Arc::new(Target(Signal::new()));
        let waker = Waker::from(Arc::clone(&target));
        Relay { target, waker }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

struct Target(Signal);

impl Wake for Target {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake();
    }
}

pin_project! {
    /// A future that sees the relay's waker, whoever polls.
    pub(crate) struct Relayed<'a, F> {
        #[pin]
        future: F,
        relay: &'a Relay,
    }
}

impl<'a, F> Relayed<'a, F> {
    /// For a call that begins.
    pub(crate) fn new(future: F, relay: &'a Relay) -> Relayed<'a, F> {
        relay.target.0.start(true);
        Relayed { future, relay }
    }
}

impl<F: Future> Future for Relayed<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.relay.poll_woken(this.future, cx)
    }
}
