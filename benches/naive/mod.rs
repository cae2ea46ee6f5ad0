//! The naive design: one "async seen" flag for each decorated method, a runtime for each sync call.
//!
//! This is what the Python decorator with the same purpose does, written in Rust: the flag stands for its cached
//! attribute, and the `Runtime` for `asyncio.run()`. Nothing is added that would slow it down. It is here to be
//! measured and to show its wrong answers: do not use it.

#![allow(dead_code, reason = "each program that includes it uses its share")]

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::runtime::{Builder, Handle};

/// A decorated method: its three execution paths, and the flag that chooses between them.
#[derive(Debug)]
pub(crate) struct Method {
    async_seen: AtomicBool,
}

/// What a call of a decorated method returns.
#[derive(Debug)]
pub(crate) enum Answer<F: Future> {
    /// The value for a sync caller.
    Value(F::Output),
    /// The future for an async caller to await.
    Coroutine(F),
}

impl Method {
    pub(crate) const fn new() -> Method {
        Method { async_seen: AtomicBool::new(false) }
    }

    pub(crate) fn call<F: Future>(&self, future: F) -> Answer<F> {
        if self.async_seen.load(Ordering::Relaxed) {
            return Answer::Coroutine(future);
        }
        if Handle::try_current().is_ok() {
            self.async_seen.store(true, Ordering::Relaxed);
            return Answer::Coroutine(future);
        }
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be built");
        Answer::Value(runtime.block_on(future))
    }
}

impl<F: Future> Answer<F> {
    /// Returns the value that a sync caller expects, or nothing if it was given a coroutine.
    pub(crate) fn value(self) -> Option<F::Output> {
        match self {
            Answer::Value(value) => Some(value),
            Answer::Coroutine(_) => None,
        }
    }

    /// Returns the future that an async caller expects, or nothing if it was given a value.
    pub(crate) fn coroutine(self) -> Option<F> {
        match self {
            Answer::Value(_) => None,
            Answer::Coroutine(future) => Some(future),
        }
    }
}
