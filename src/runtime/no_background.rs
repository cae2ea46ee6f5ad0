//! Stands in for `background.rs` where Tokio has no multi-thread runtimes: nothing in it can be made.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::runtime::{Handle, Id};

use crate::error::Cause;
use crate::runtime::owned::OwnedRuntime;
use crate::runtime::state::Generation;
use crate::runtime::tracker::CallTracker;
use crate::sync;

/// A number of workers: there are none.
pub(crate) type Threads = Infallible;

#[derive(Debug)]
pub(crate) struct Background {
    pub(crate) name: String,
    pub(crate) threads: Threads,
    pub(crate) tracker: sync::Arc<CallTracker>,
    pub(crate) generation: Generation,
}

impl Background {
    pub(crate) fn new(_: &str, threads: Threads) -> Arc<Background> {
        match threads {}
    }

    pub(crate) fn runtime(&self) -> Result<Arc<BackgroundRuntime>, Cause> {
        match self.threads {}
    }

    pub(crate) fn id(&self) -> Option<Id> {
        match self.threads {}
    }

    pub(crate) fn started_handle(&self) -> Option<Handle> {
        match self.threads {}
    }

    pub(crate) fn give_up(&self, _: bool) -> Option<Arc<BackgroundRuntime>> {
        match self.threads {}
    }
}

#[derive(Debug)]
pub(crate) struct BackgroundRuntime {
    pub(crate) runtime: OwnedRuntime,
    threads: Threads,
}

impl BackgroundRuntime {
    pub(crate) fn handle(&self) -> &Handle {
        match self.threads {}
    }

    pub(crate) fn watch(&self) {
        match self.threads {}
    }

    pub(crate) fn has_blocking_threads(&self) -> bool {
        match self.threads {}
    }

    pub(crate) fn is_lost(&self) -> bool {
        match self.threads {}
    }

    pub(crate) fn lost_flag(&self) -> &AtomicBool {
        match self.threads {}
    }
}
