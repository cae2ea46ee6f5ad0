//! Runtimes that run no task, because one of their tasks blocks or never yields.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use super::inner::Backend;
use crate::runtime::background::Background;
use crate::runtime::probe::Probe;
use crate::runtime::set;
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
        match self {
            Runtimes::OfThreads(runtimes) => {
                let mut driven =
                    runtimes.upgrade().map_or_else(Vec::new, |runtimes| runtimes.open());
                driven.retain(|runtime| runtime.state.is_driven());
                let start = Instant::now();
                wait_until(start + PATIENCE, || {
                    driven.iter().all(|runtime| runtime.answers(start))
                });
                driven.retain(|runtime| !runtime.answers(start) && runtime.state.is_driven());
                driven.len()
            }
            Runtimes::Background(background) => {
                let handle =
                    background.upgrade().and_then(|background| background.started_handle());
                handle.as_ref().map_or(0, stuck)
            }
            Runtimes::Handle(handle) => stuck(handle),
            Runtimes::Nothing => 0,
        }
    }
}

fn stuck(runtime: &Handle) -> usize {
    let probe = Probe::send(runtime, Instant::now());
    usize::from(!wait_until(probe.since + PATIENCE, || probe.is_answered()))
}
