//! What the clones of a bridge have in common.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::Nested;
use super::stats::Ledger;
use super::watchdog::Watchdog;
use crate::cache::instance::Instances;
use crate::cache::thread::PrivateSlot;
use crate::exec::background::Background;
use crate::exec::blueprint::Blueprint;
use crate::exec::fleet::Fleet;
use crate::exec::gate::Gate;
use crate::sync;

/// What a bridge runs its calls on.
///
/// With a tag of its own: each call asks for it, and the compiler would hide it in a field of a variant.
#[derive(Debug)]
#[repr(u8)]
pub(super) enum Backend {
    /// The runtime that each thread keeps for the process.
    PerThread,
    /// The runtimes that this bridge keeps, one for each thread.
    Private,
    /// One background runtime.
    Background(Arc<Background>),
    /// A runtime of somebody else's.
    Handle(Handle),
    /// Nothing: the runtime belongs to the process of which this one is a forked child.
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

    fn renewed(&self, gate: &sync::Arc<Gate>) -> Backend {
        match self {
            Backend::PerThread => Backend::PerThread,
            Backend::Private => Backend::Private,
            Backend::Background(background) => Backend::Background(background.renewed(gate)),
            Backend::Handle(_) | Backend::Inherited => Backend::Inherited,
        }
    }
}

pub(super) struct Inner {
    pub(super) backend: Backend,
    /// What is kept for each thread by a bridge that is not the process-wide one.
    pub(super) instances: Arc<Instances<PrivateSlot>>,
    pub(super) fleet: Arc<Fleet>,
    pub(super) nested: Nested,
    pub(super) ledger: Ledger,
    /// Made by a builder, for those who have a clone of it.
    pub(super) is_private: bool,
    pub(super) watchdog: Option<Watchdog>,
}

impl Inner {
    pub(super) fn new(
        blueprint: Blueprint,
        backend: impl FnOnce(&Fleet) -> Backend,
        nested: Nested,
        watchdog: Option<Watchdog>,
    ) -> Inner {
        let (fleet, ledger) = (Fleet::new(blueprint), Ledger::default());
        let (backend, instances) = (backend(&fleet), Arc::new(Instances::new()));
        Inner { backend, instances, fleet, nested, ledger, is_private: true, watchdog }
    }

    /// What others use too, without options.
    pub(super) fn of_all(backend: impl FnOnce(&Fleet) -> Backend) -> Inner {
        let inner = Inner::new(Blueprint::default(), backend, Nested::Error, None);
        Inner { is_private: false, ..inner }
    }

    /// The same bridge in a forked child, where nothing has happened yet.
    pub(super) fn renewed(&self) -> Inner {
        let watchdog = self.watchdog.as_ref().map(Watchdog::renewed);
        let backend = |fleet: &Fleet| self.backend.renewed(&fleet.gate);
        let inner = Inner::new(self.fleet.blueprint.clone(), backend, self.nested, watchdog);
        Inner { is_private: self.is_private, ..inner }
    }
}
