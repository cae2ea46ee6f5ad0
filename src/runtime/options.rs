//! The options of the runtimes of a bridge.

use std::time::Duration;

/// How a bridge builds its runtimes.
#[derive(Clone, Debug)]
pub(crate) struct RuntimeOptions {
    /// The threads are called `NAME/...`.
    pub(crate) name: String,
    pub(crate) max_blocking_threads: Option<usize>,
    /// Beyond this number, threads share runtimes.
    pub(crate) max_runtimes: Option<usize>,
    /// If false, a runtime belongs to its thread, and is driven by the calls of that thread only.
    pub(crate) driver_threads: bool,
    /// A thread that calls more often than this drives its runtime itself.
    pub(crate) idle_timeout: Duration,
}

impl Default for RuntimeOptions {
    fn default() -> RuntimeOptions {
        RuntimeOptions {
            name: "smartasync".into(),
            max_blocking_threads: None,
            max_runtimes: None,
            driver_threads: true,
            idle_timeout: Duration::from_millis(20),
        }
    }
}
