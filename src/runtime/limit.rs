//! How many runtimes a process can afford.

use std::thread;

/// Runtimes for each core.
const PER_CORE: usize = 16;

/// What a runtime takes: the epoll instance, a clone of it for registrations, the waker's descriptor,
/// and one to spare.
const DESCRIPTORS_PER_RUNTIME: usize = 4;

/// The share of the descriptors that runtimes may have: one of this many.
const SHARE_OF_DESCRIPTORS: usize = 4;

/// A small multiple of the cores, lowered to what the descriptors allow; at least one.
pub(crate) fn default_max_runtimes() -> usize {
    let cores = thread::available_parallelism().map_or(1, Into::into);
    let by_cores = cores.saturating_mul(PER_CORE);
    let by_descriptors = descriptors() / SHARE_OF_DESCRIPTORS / DESCRIPTORS_PER_RUNTIME;
    by_cores.min(by_descriptors).max(1)
}

#[cfg(unix)]
fn descriptors() -> usize {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
fn descriptors() -> usize {
    usize::MAX
}
