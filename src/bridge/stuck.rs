//! Runtimes that run no task, because one of their tasks blocks or never yields.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::inner::Backend;
use crate::runtime::background::Background;
use crate::runtime::probe::Probe;
use crate::runtime::set;
use crate::runtime::state::State;
use crate::threads::wait_until;

/// How long a runtime may take to run a task that it is given. On a busy machine a thread may not run for some tens of
/// milliseconds.
const PATIENCE: Duration = Duration::from_millis(100);

/// What a bridge runs its calls on. Keeps no runtime alive.
pub(super) enum Runtimes {
    OfThreads(Weak<set::Runtimes>),
    Background(Weak<Background>),
    Handle(Handle),
    Nothing,
}

impl Runtimes {
    pub(super) fn of(backend: &Backend) -> Runtimes {
        match backend {
            Backend::PerThread(runtimes) | Backend::Private(runtimes, _) => {
                Runtimes::OfThreads(Arc::downgrade(runtimes))
            }
            Backend::Background(background, _) => Runtimes::Background(Arc::downgrade(background)),
            Backend::Handle(handle) => Runtimes::Handle(handle.clone()),
            Backend::Inherited => Runtimes::Nothing,
        }
    }

    /// Returns how many runtimes do not run a task within `PATIENCE`. One that nobody drives is not asked: its thread
    /// waits for nothing, and leaves nothing behind.
    pub(super) fn stuck(&self) -> usize {
        let start = Instant::now();
        let send = |(runtime, state): (Handle, _)| (Probe::send(&runtime, start), state);
        let asked: Vec<(Probe, Option<Arc<State>>)> = self.driven().into_iter().map(send).collect();
        wait_until(start + PATIENCE, || asked.iter().all(|(probe, _)| probe.is_answered()));
        let is_driven =
            |state: &Option<Arc<State>>| state.as_ref().is_none_or(|state| state.is_driven());
        asked.iter().filter(|(probe, state)| !probe.is_answered() && is_driven(state)).count()
    }

    /// Returns the runtimes that somebody drives, those of threads with their states.
    fn driven(&self) -> Vec<(Handle, Option<Arc<State>>)> {
        match self {
            Runtimes::OfThreads(runtimes) => {
                let open = runtimes.upgrade().map_or_else(Vec::new, |runtimes| runtimes.open());
                let driven = open.iter().filter(|runtime| runtime.state.is_driven());
                driven.map(|one| (one.handle().clone(), Some(Arc::clone(&one.state)))).collect()
            }
            Runtimes::Background(background) => {
                let handle =
                    background.upgrade().and_then(|background| background.started_handle());
                handle.map(|handle| (handle, None)).into_iter().collect()
            }
            Runtimes::Handle(handle) => vec![(handle.clone(), None)],
            Runtimes::Nothing => Vec::new(),
        }
    }
}
