//! Enters the runtime that a call would run on, without a call.

use std::future::pending;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{self, Poll, Waker};

use tokio::runtime::Handle;

use super::{Route, Target, Way, default};
use crate::bridge::Bridge;
use crate::cache::private::{Private, SlotRuntime};
use crate::cache::thread::CallSlot;
use crate::context::{Context, context};
use crate::error::Cause;

/// The runtime that a call would run on, entered until this is dropped. It must be dropped on the thread that has
/// entered it, and before anything that was entered earlier is left.
///
/// It counts as a call, and what it leaves behind is driven as after a call. But no future is polled: the thread
/// may block, wait for calls and drop runtimes.
#[must_use = "the runtime is entered until this is dropped"]
pub(crate) struct Entered {
    // Tokio's guard borrows from the handle, and the end of a call from the lease. A future may borrow from
    // itself.
    _inside: Pin<Box<dyn Future<Output = ()>>>,
}

impl Entered {
    /// Enters the runtime that a call through `bridge`, or through the default bridge, would run on. Returns
    /// `None` if that is the current runtime, in async code, and if the thread cannot get a runtime.
    ///
    /// For a bridge that was shut down, it enters the runtime of the process-wide bridge.
    pub(crate) fn new(bridge: Option<&Bridge>) -> Option<Entered> {
        let bridge = bridge.unwrap_or_else(|| default());
        let entered = Entered::through(bridge);
        entered.or_else(|_| Entered::through(&Bridge::per_thread())).ok().flatten()
    }

    /// Enters the runtime of this bridge only.
    ///
    /// # Errors
    ///
    /// Why a call could not be run either.
    pub(crate) fn through(bridge: &Bridge) -> Result<Option<Entered>, Cause> {
        // This also holds if the bridge would open a blocking section, because there is a current runtime.
        if context() == Context::Async {
            return Ok(None);
        }
        let mut found = Route::new();
        found.find(Some(bridge))?;
        let mut inside: Pin<Box<dyn Future<Output = ()>>> = match (found.own, found.other) {
            (Some(slot), _) => Box::pin(in_slot(slot)),
            (None, Some(Way { target, .. })) => match target {
                Target::Own(slot) => Box::pin(in_slot(slot)),
                Target::Private(private) => Box::pin(in_private(private)),
                Target::Handle(_, handle) => Box::pin(in_handle(handle.clone())),
                // In a poll there is a current runtime: see above.
                Target::Current(..) | Target::InPoll(_) => return Ok(None),
            },
            (None, None) => unreachable!("a way is found before it is gone"),
        };
        let polled = inside.as_mut().poll(&mut task::Context::from_waker(Waker::noop()));
        debug_assert_eq!(polled, Poll::Pending, "it stays inside");
        Ok(Some(Entered { _inside: inside }))
    }
}

async fn in_slot(slot: Rc<CallSlot>) {
    let _runtime = slot.lease.enter_runtime();
    pending().await
}

async fn in_private(private: Private) {
    match private.runtime() {
        SlotRuntime::Own(lease) => {
            let _runtime = lease.enter_runtime();
            pending().await
        }
        SlotRuntime::Background(runtime, token) => {
            let _call = token.begin_call();
            let _runtime = runtime.handle().enter();
            pending().await
        }
    }
}

async fn in_handle(handle: Handle) {
    let _runtime = handle.enter();
    pending().await
}
