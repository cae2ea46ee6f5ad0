//! What the clones of a bridge share.

use std::io;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::Nested;
use super::stats::Counters;
use super::watchdog::Watchdog;
use crate::cache::map::PerThreadMap;
use crate::cache::private::PrivateSlot;
use crate::runtime::background::Background;
use crate::runtime::options::RuntimeOptions;
use crate::runtime::set::Runtimes;
use crate::runtime::tracker::CallTracker;
use crate::sync;

/// What a bridge runs its calls on.
///
/// A call on a private bridge reads the tag, so it has a field of its own: without `repr` the compiler hides it in a field of a
/// variant.
#[derive(Debug)]
#[repr(u8)]
pub(super) enum Backend {
    /// The runtime that each thread keeps for the process.
    PerThread,
    /// The runtimes that this bridge keeps, one for each thread.
    Private,
    /// One background runtime.
    Background(Arc<Background>),
    /// An application's runtime.
    Handle(Handle),
    /// Nothing, in a forked child: the runtime is that of the parent process.
    Inherited,
}

impl Backend {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Backend::PerThread => "per thread",
            Backend::Private => "private",
            Backend::Background(_) => "shared",
            Backend::Handle(_) | Backend::Inherited => "handle",
        }
    }

    fn renewed(&self, tracker: &sync::Arc<CallTracker>) -> Backend {
        match self {
            Backend::PerThread => Backend::PerThread,
            Backend::Private => Backend::Private,
            Backend::Background(background) => Backend::Background(background.renewed(tracker)),
            Backend::Handle(_) | Backend::Inherited => Backend::Inherited,
        }
    }
}

pub(super) struct Inner {
    pub(super) backend: Backend,
    /// What the bridge keeps for each thread. Empty in the process-wide bridge.
    pub(super) per_thread: Arc<PerThreadMap<PrivateSlot>>,
    pub(super) runtimes: Arc<Runtimes>,
    pub(super) nested: Nested,
    pub(super) counters: Counters,
    /// Whether a builder has made it: only such a bridge can be shut down.
    pub(super) is_private: bool,
    pub(super) watchdog: Option<Watchdog>,
}

impl Inner {
    pub(super) fn new(
        options: RuntimeOptions,
        backend: impl FnOnce(&Runtimes) -> Backend,
        nested: Nested,
        watchdog: Option<Watchdog>,
    ) -> Inner {
        let (runtimes, counters) = (Runtimes::new(options), Counters::default());
        let (backend, per_thread) = (backend(&runtimes), Arc::new(PerThreadMap::new()));
        Inner { backend, per_thread, runtimes, nested, counters, is_private: true, watchdog }
    }

    /// Makes what a bridge without options shares: one that is not private.
    pub(super) fn of_all(backend: impl FnOnce(&Runtimes) -> Backend) -> Inner {
        let inner = Inner::new(RuntimeOptions::default(), backend, Nested::Error, None);
        Inner { is_private: false, ..inner }
    }

    /// Makes the bridge anew for a forked child, with the same options.
    pub(super) fn renewed(&self) -> Inner {
        let watchdog = self.watchdog.as_ref().map(Watchdog::renewed);
        let backend = |runtimes: &Runtimes| self.backend.renewed(&runtimes.tracker);
        let inner = Inner::new(self.runtimes.options.clone(), backend, self.nested, watchdog);
        Inner { is_private: self.is_private, ..inner }
    }
}

#[cold]
pub(super) fn inherited() -> io::Error {
    io::Error::other("the bridge's runtime belongs to the process that has forked this one")
}
