//! The one waker that a call shows to its future.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use atomic_waker::AtomicWaker;

/// A waker that stays the same for a whole call, and passes each wake on to whoever polls now.
///
/// Hand-written futures may keep the waker of their first poll only. Tokio shows one waker to a
/// future when its thread drives the runtime, another when it waits beside a thread that does, and
/// a third in the poll through the handle: this one stands before all of them.
pub(crate) struct Relay {
    target: Arc<Target>,
    /// Made of `target`, so that a poll needs no reference count.
    waker: Waker,
}

impl Relay {
    /// Polls with nobody to pass a wake to: the caller polls again in any case.
    #[inline]
    pub(crate) fn poll<F: Future>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(&self.waker))
    }

    /// Polls on behalf of `cx`, which is woken when `future` is.
    #[inline]
    pub(crate) fn poll_for<F: Future>(
        &self,
        future: Pin<&mut F>,
        cx: &Context<'_>,
    ) -> Poll<F::Output> {
        // Before the poll: a wake that arrives during it must find its way.
        self.target.0.register(cx.waker());
        self.poll(future)
    }

    /// Forgets whom to wake when the guard is dropped: a wake in the first poll of the next call
    /// would else reach this call's driver, for nothing.
    #[inline]
    pub(crate) fn forget_on_drop(&self) -> impl Drop {
        struct Forget<'a>(&'a AtomicWaker);

        impl Drop for Forget<'_> {
            #[inline]
            fn drop(&mut self) {
                drop(self.0.take());
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
        let target = Arc::new(Target(AtomicWaker::new()));
        let waker = Waker::from(Arc::clone(&target));
        Relay { target, waker }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").finish_non_exhaustive()
    }
}

struct Target(AtomicWaker);

impl Wake for Target {
    fn wake(self: Arc<Self>) {
        self.0.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake();
    }
}
