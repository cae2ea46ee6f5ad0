//! The `tracing` span of a wait. The subscriber is an observer: its own waits have no spans.

use tracing::{Span, span::Entered};

use crate::observer;
use crate::site::Site;

/// Whether a subscriber may want the span of a wait. Takes one relaxed load.
#[inline]
pub(crate) fn is_wanted() -> bool {
    tracing::level_enabled!(tracing::Level::DEBUG)
}

/// The span of a wait, or none.
#[derive(Debug)]
pub(crate) struct WaitSpan(Span);

impl WaitSpan {
    #[inline]
    pub(crate) const fn none() -> WaitSpan {
        WaitSpan(Span::none())
    }

    /// Makes the span of a wait, a child of the current one. `path` is the context of the calling thread, and
    /// `runtime` says whose runtime the call runs on.
    pub(crate) fn of(site: &Site, path: &'static str, runtime: &'static str) -> WaitSpan {
        if !is_wanted() || observer::is_running() {
            return WaitSpan::none();
        }
        let (name, caller) = (site.name(), site.caller);
        let span = || tracing::debug_span!("wait", name, %caller, path, runtime);
        WaitSpan(observer::run(span))
    }

    /// Enters the span, if there is one, until what is returned is dropped.
    #[inline]
    pub(crate) fn enter(&self) -> EnteredSpan<'_> {
        EnteredSpan((!self.0.is_none()).then(|| observer::run(|| self.0.enter())))
    }
}

impl Drop for WaitSpan {
    #[inline]
    fn drop(&mut self) {
        if !self.0.is_none() {
            let span = std::mem::replace(&mut self.0, Span::none());
            observer::run(|| drop(span));
        }
    }
}

/// The time in which the span is entered.
#[must_use = "the span is left when it is dropped"]
pub(crate) struct EnteredSpan<'a>(Option<Entered<'a>>);

impl Drop for EnteredSpan<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(entered) = self.0.take() {
            observer::run(|| drop(entered));
        }
    }
}
