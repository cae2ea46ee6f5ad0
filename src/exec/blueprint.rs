//! The options of the runtimes of a bridge.

use std::time::Duration;

/// How a bridge builds its runtimes.
#[derive(Clone, Debug)]
pub(crate) struct Blueprint {
    /// The threads are called `NAME/...`.
    pub(crate) name: String,
    pub(crate) max_blocking_threads: Option<usize>,
    /// Beyond it threads share runtimes.
    pub(crate) max_runtimes: Option<usize>,
    /// A thread that calls more often than this drives its runtime itself.
    pub(crate) grace: Duration,
}

impl Default for Blueprint {
    fn default() -> Blueprint {
        Blueprint {
            name: "smartasync".into(),
            max_blocking_threads: None,
            max_runtimes: None,
            grace: Duration::from_millis(20),
        }
    }
}
