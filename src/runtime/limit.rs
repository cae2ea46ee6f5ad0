//! How many runtimes a process can afford.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// Runtimes of one bridge for each core.
const PER_CORE: usize = 16;

/// What a runtime takes: the epoll instance, a clone of it for registrations, the waker's descriptor,
/// and one to spare.
const DESCRIPTORS_PER_RUNTIME: usize = 4;

/// The share of the descriptors that runtimes may have: one of this many.
const SHARE_OF_DESCRIPTORS: usize = 4;

/// The permits that all bridges have taken. A forked child also has its parent's descriptors, and so keeps the
/// count.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// The permission for one runtime of the process. It is given back on drop.
#[derive(Debug)]
#[must_use = "it is given back when it is dropped"]
pub(crate) struct Permit(());

impl Permit {
    /// Takes a permit for one more runtime of a bridge that has `current` runtimes. The bridge may have `limit`, or
    /// if there is none, as many as the process can afford. It may always have one.
    pub(crate) fn take(current: usize, limit: Option<usize>) -> Option<Permit> {
        match limit {
            Some(limit) => (current < limit).then(Permit::in_any_case),
            None if current == 0 => Some(Permit::in_any_case()),
            None if current < *MOST_OF_A_BRIDGE => Permit::among_the_affordable(),
            None => None,
        }
    }

    /// Takes a permit for a runtime that must be built.
    pub(crate) fn in_any_case() -> Permit {
        // Relaxed: only the number matters, and no other memory is read because of it.
        TAKEN.fetch_add(1, Relaxed);
        Permit(())
    }

    fn among_the_affordable() -> Option<Permit> {
        let affordable = descriptors() / SHARE_OF_DESCRIPTORS / DESCRIPTORS_PER_RUNTIME;
        let add = |taken| if taken < affordable { Some(taken + 1) } else { None };
        // Relaxed: as in `in_any_case`.
        TAKEN.fetch_update(Relaxed, Relaxed, add).ok().map(|_| Permit(()))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // Relaxed: as in `in_any_case`.
        TAKEN.fetch_sub(1, Relaxed);
    }
}

/// A small multiple of the cores.
static MOST_OF_A_BRIDGE: LazyLock<usize> = LazyLock::new(|| {
    thread::available_parallelism().map_or(1, usize::from).saturating_mul(PER_CORE)
});

/// How many descriptors the process may have. This is asked each time, since a program may change it.
#[cfg(all(unix, not(miri)))]
fn descriptors() -> usize {
    use rustix::process::{Resource, getrlimit};
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

// Miri knows no `getrlimit`.
#[cfg(any(not(unix), miri))]
fn descriptors() -> usize {
    usize::MAX
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_has_as_many_as_its_limit_and_without_one_so_many_for_each_core() {
        assert!(Permit::take(99, Some(100)).is_some());
        assert!(Permit::take(100, Some(100)).is_none());
        let most = thread::available_parallelism().unwrap().get() * PER_CORE;
        assert!(Permit::take(most - 1, None).is_some());
        assert!(Permit::take(most, None).is_none());
    }
}
