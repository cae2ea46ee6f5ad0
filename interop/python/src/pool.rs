//! The connections that no request uses.

use std::mem;
use std::process;
use std::sync::{Mutex, PoisonError, TryLockError};

use crate::connection::Connection;

#[derive(Default)]
pub(crate) struct Pool {
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    process: u32,
    connections: Vec<Connection>,
}

impl Pool {
    pub(crate) fn take(&self) -> Option<Connection> {
        self.with(|connections| connections.pop()).flatten()
    }

    pub(crate) fn put(&self, connection: Connection) {
        self.with(|connections| connections.push(connection));
    }

    /// Does nothing while another thread has the pool: in a forked child that may be for ever.
    fn with<T>(&self, change: impl FnOnce(&mut Vec<Connection>) -> T) -> Option<T> {
        let mut idle = match self.idle.try_lock() {
            Ok(idle) => idle,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            Err(TryLockError::WouldBlock) => return None,
        };
        if idle.process != process::id() {
            // A forked child shares the parent's epoll instance. Dropped here, a connection would be taken out of it
            // for the parent too.
            mem::forget(mem::take(&mut idle.connections));
            idle.process = process::id();
        }
        Some(change(&mut idle.connections))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.with(|_| ());
    }
}
