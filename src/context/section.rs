//! Blocking sections.

/// Opens a section in which the thread may block. Only in a task of a multi-thread runtime does it do more than to call
/// the closure.
#[cfg(feature = "rt-multi-thread")]
pub(crate) use tokio::task::block_in_place;

/// Calls the closure: there are no multi-thread runtimes to open a section in.
#[cfg(not(feature = "rt-multi-thread"))]
pub(crate) fn block_in_place<T>(f: impl FnOnce() -> T) -> T {
    f()
}
