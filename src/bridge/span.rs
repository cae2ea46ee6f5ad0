//! The `tracing` span of a wait.

#[cfg(feature = "tracing")]
use crate::site::Site;

/// Whether anybody may look at spans: one relaxed load.
#[inline]
pub(super) fn is_wanted() -> bool {
    #[cfg(feature = "tracing")]
    return tracing::level_enabled!(tracing::Level::DEBUG);
    #[cfg(not(feature = "tracing"))]
    return false;
}

/// The span of a wait, within the one that is current. It tells how the calling thread can block, by the name of
/// its context, and whose runtime it is.
#[cfg(feature = "tracing")]
pub(super) fn of(site: &Site, path: &'static str, runtime: &'static str) -> tracing::Span {
    if !is_wanted() {
        return tracing::Span::none();
    }
    let Site { name, caller } = *site;
    tracing::debug_span!("wait", name, %caller, path, runtime)
}
