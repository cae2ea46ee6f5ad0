//! Forgetting the runtimes of one thread.

use crate::cache::thread;

/// Forgets the runtimes that the calling thread keeps, for all bridges.
///
/// The runtimes are shut down without waiting for anything; a runtime that runs a call is shut down when that call
/// ends. The thread's next call builds a new one. It is meant for tests. [`Bridge::reset`](crate::Bridge::reset)
/// does the same for one bridge and all threads.
///
/// # Examples
///
/// ```
/// use smartasync::{block_on, reset};
/// use tokio::runtime::Handle;
///
/// let before = block_on(async { Handle::current().id() });
/// reset();
/// assert_ne!(block_on(async { Handle::current().id() }), before);
/// ```
pub fn reset() {
    thread::reset();
}
