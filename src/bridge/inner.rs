//! What the clones of a bridge share.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, Id};

use super::Nested;
use super::mark::Mark;
use super::stats::Counters;
use super::watchdog::Watchdog;
use crate::cache::map::PerThreadMap;
use crate::cache::private::PrivateSlot;
use crate::exec::hooks::ParkHooks;
use crate::runtime::background::{Background, Threads};
use crate::runtime::options::RuntimeOptions;
use crate::runtime::set::Runtimes;
use crate::runtime::tracker::CallTracker;
use crate::sync;

/// What a bridge runs its calls on, and what it keeps for each thread.
///
/// A call on a private bridge reads the tag, so it has a field of its own: without `repr` the compiler hides it in a field of a
/// variant.
#[repr(u8)]
pub(super) enum Backend {
    /// The runtime that each thread keeps for the process.
    PerThread(Arc<Runtimes>),
    /// The runtimes that this bridge keeps, one for each thread.
    Private(Arc<Runtimes>, Slots),
    /// One background runtime.
    Background(Arc<Background>, Slots),
    /// An application's runtime.
    Handle(Handle),
    /// Nothing, in a forked child: the runtime is that of the parent process.
    Inherited,
}

pub(super) type Slots = Arc<PerThreadMap<PrivateSlot>>;

impl Backend {
    pub(super) fn per_thread() -> Backend {
        Backend::PerThread(Runtimes::new(RuntimeOptions::default()))
    }

    pub(super) fn private(options: RuntimeOptions) -> Backend {
        Backend::Private(Runtimes::new(options), Arc::new(PerThreadMap::new()))
    }

    pub(super) fn background(name: &str, threads: Threads) -> Backend {
        Backend::Background(Background::new(name, threads), Arc::new(PerThreadMap::new()))
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Backend::PerThread(_) => "per thread",
            Backend::Private(..) => "private",
            Backend::Background(..) => "shared",
            Backend::Handle(_) | Backend::Inherited => "handle",
        }
    }

    /// What the threads of the bridge are called.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Backend::PerThread(runtimes) | Backend::Private(runtimes, _) => {
                Some(&runtimes.options.name)
            }
            Backend::Background(background, _) => Some(&background.name),
            Backend::Handle(_) | Backend::Inherited => None,
        }
    }

    /// The one runtime that all calls run on, if there is one.
    pub(super) fn id(&self) -> Option<Id> {
        match self {
            Backend::Background(background, _) => background.id(),
            Backend::Handle(handle) => Some(handle.id()),
            Backend::PerThread(_) | Backend::Private(..) | Backend::Inherited => None,
        }
    }

    /// The runtimes of threads.
    pub(super) fn runtimes(&self) -> Option<&Arc<Runtimes>> {
        match self {
            Backend::PerThread(runtimes) | Backend::Private(runtimes, _) => Some(runtimes),
            Backend::Background(..) | Backend::Handle(_) | Backend::Inherited => None,
        }
    }

    /// The calls on runtimes of this crate.
    pub(super) fn tracker(&self) -> Option<&sync::Arc<CallTracker>> {
        match self {
            Backend::PerThread(runtimes) | Backend::Private(runtimes, _) => Some(&runtimes.tracker),
            Backend::Background(background, _) => Some(&background.tracker),
            Backend::Handle(_) | Backend::Inherited => None,
        }
    }

    fn renewed(&self) -> Backend {
        match self {
            Backend::PerThread(_) => Backend::per_thread(),
            Backend::Private(runtimes, _) => Backend::private(runtimes.options.clone()),
            Backend::Background(background, _) => {
                Backend::background(&background.name, background.threads)
            }
            Backend::Handle(_) | Backend::Inherited => Backend::Inherited,
        }
    }
}

pub(super) struct Inner {
    pub(super) backend: Backend,
    pub(super) nested: Nested,
    pub(super) counters: Counters,
    /// Whether a builder has made the bridge. Only such a bridge can be shut down.
    pub(super) is_private: bool,
    pub(super) watchdog: Option<Watchdog>,
    pub(super) hooks: Option<ParkHooks>,
    /// The limit of calls that have none.
    pub(super) timeout: Option<Duration>,
    /// Whether calls have nothing of the three.
    pub(super) is_plain: bool,
    /// What it stands for, if it is no bridge.
    pub(super) mark: Option<Mark>,
}

impl Inner {
    /// Makes what a bridge without options shares: one that is not private.
    pub(super) fn of_all(backend: Backend) -> Inner {
        Inner {
            backend,
            nested: Nested::Error,
            counters: Counters::default(),
            is_private: false,
            watchdog: None,
            hooks: None,
            timeout: None,
            is_plain: true,
            mark: None,
        }
    }

    /// Makes the bridge anew for a forked child, with the same options.
    pub(super) fn renewed(&self) -> Inner {
        let backend = self.backend.renewed();
        Inner {
            nested: self.nested,
            counters: Counters::default(),
            is_private: self.is_private,
            watchdog: self.watchdog.as_ref().map(|watchdog| watchdog.renewed(&backend)),
            hooks: self.hooks.clone(),
            timeout: self.timeout,
            is_plain: self.is_plain,
            mark: self.mark,
            backend,
        }
    }
}

#[cold]
pub(super) fn inherited() -> io::Error {
    io::Error::other("the bridge's runtime belongs to the process that has forked this one")
}
