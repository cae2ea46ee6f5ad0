//! The `tracing` span of a wait.

use super::inner::Result;
use crate::site::Site;

/// What a span tells of a wait, beside the function and the caller.
#[cfg_attr(not(feature = "tracing"), expect(dead_code, reason = "only a span tells of it"))]
pub(super) struct Way {
    /// How the calling thread can block: the name of its context.
    pub(super) path: &'static str,
    /// Whose runtime it is.
    pub(super) runtime: &'static str,
}

/// Whether anybody may look at spans: one relaxed load, so that a call which nobody traces does not carry a
/// span around.
#[inline]
pub(super) fn is_wanted() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::level_enabled!(tracing::Level::DEBUG);
    #[cfg(not(feature = "tracing"))]
    return false;
}

/// Runs `future` in a span of its own, within the one that is current: it is entered in each poll, and as the
/// future is dropped.
#[cfg(feature = "tracing")]
#[cold]
pub(super) fn in_span<F: Future>(
    future: F,
    site: &Site,
    way: Way,
    run: impl FnOnce(
        tracing::instrument::Instrumented<F>,
    ) -> Result<tracing::instrument::Instrumented<F>>,
) -> Result<F> {
    use tracing::instrument::{Instrument, Instrumented};

    let (Site { name, caller }, Way { path, runtime }) = (*site, way);
    let span = tracing::debug_span!("wait", name, %caller, path, runtime);
    run(future.instrument(span))
        .map_err(|(future, refusal)| (future.map(Instrumented::into_inner), refusal))
}

#[cfg(not(feature = "tracing"))]
pub(super) fn in_span<F: Future>(
    future: F,
    _: &Site,
    _: Way,
    run: impl FnOnce(F) -> Result<F>,
) -> Result<F> {
    run(future)
}
