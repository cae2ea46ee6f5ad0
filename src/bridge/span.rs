//! The `tracing` span of a wait.

#[cfg(feature = "tracing")]
use crate::site::Site;

/// Whether a subscriber may want the span of a wait. Takes one relaxed load.
#[inline]
pub(super) fn is_wanted() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::level_enabled!(tracing::Level::DEBUG);
    #[cfg(not(feature = "tracing"))]
    return false;
}

/// Makes the span of a wait, a child of the current one. `path` is the context of the calling thread, and `runtime`
/// says whose runtime the call runs on.
#[cfg(feature = "tracing")]
pub(super) fn of(site: &Site, path: &'static str, runtime: &'static str) -> tracing::Span {
    if !is_wanted() {
        return tracing::Span::none();
    }
    let (name, caller) = (site.name(), site.caller);
    tracing::debug_span!("wait", name, %caller, path, runtime)
}
