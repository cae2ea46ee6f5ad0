//! Starting anew on one thread.

use crate::cache::thread;

/// Forgets what the calling thread has kept, for all bridges.
///
/// Its runtimes are shut down, without waiting for anything; one that runs a call is when that call
/// ends. The thread's next call builds a new one. It is meant for tests;
/// [`Bridge::reset`](crate::Bridge::reset) does it for one bridge and all threads.
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
