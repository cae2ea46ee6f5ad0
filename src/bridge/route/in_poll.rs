//! The target of a call that blocks in a poll: see `Nested::Park`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::runtime::Handle;

use crate::context::{Ambient, Poller, Scheduler};
use crate::error::Cause;
use crate::exec::drive::Drive;
use crate::exec::in_poll::run_in_poll;
use crate::exec::waker::CallWaker;
use crate::runtime::background::{Background, BackgroundRuntime};
use crate::runtime::tracker::CallToken;

/// A runtime that other threads drive, for one call in a poll.
///
/// The thread keeps nothing of it. It may never have been prepared for that, and would have to block with Tokio for
/// a moment: see `thread::prepare`.
pub(super) struct InPoll<'a> {
    runtime: Elsewhere<'a>,
    waker: CallWaker,
    /// The scheduler that makes the poll, if one does.
    scheduler: Option<Scheduler>,
}

enum Elsewhere<'a> {
    /// The token is dropped after the runtime, so that once all tokens are gone, no runtime is left.
    Background(Arc<BackgroundRuntime>, CallToken),
    Handle(&'a Handle),
}

impl<'a> InPoll<'a> {
    pub(super) fn on_background(
        background: &Arc<Background>,
        ambient: &Ambient,
    ) -> Result<InPoll<'a>, Cause> {
        let token = CallToken::enter(&background.tracker).ok_or(Cause::Shutdown)?;
        Ok(InPoll::new(Elsewhere::Background(background.runtime()?, token), ambient))
    }

    pub(super) fn on_handle(handle: &'a Handle, ambient: &Ambient) -> InPoll<'a> {
        InPoll::new(Elsewhere::Handle(handle), ambient)
    }

    fn new(runtime: Elsewhere<'a>, ambient: &Ambient) -> InPoll<'a> {
        let scheduler = match ambient {
            Ambient::InPoll(Poller::Scheduler(scheduler)) => Some(*scheduler),
            _ => None,
        };
        InPoll { runtime, waker: CallWaker::default(), scheduler }
    }

    pub(super) fn parts(&self) -> (&CallWaker, Option<&CallToken>, Option<&AtomicBool>) {
        match &self.runtime {
            Elsewhere::Background(runtime, token) => {
                (&self.waker, Some(token), Some(runtime.lost_flag()))
            }
            Elsewhere::Handle(_) => (&self.waker, None, None),
        }
    }

    pub(super) fn run_call(&self, call: &mut Drive<'_, '_>) {
        match &self.runtime {
            Elsewhere::Background(runtime, token) => {
                let _running = token.begin_call();
                run_in_poll(runtime.handle(), Some(runtime), self.scheduler, call);
            }
            Elsewhere::Handle(handle) => run_in_poll(handle, None, self.scheduler, call),
        }
    }

    /// Returns the owner of the runtime, as spans name it.
    #[cfg(feature = "tracing")]
    pub(super) fn name(&self) -> &'static str {
        match &self.runtime {
            Elsewhere::Background(..) => "shared",
            Elsewhere::Handle(_) => "handle",
        }
    }
}
