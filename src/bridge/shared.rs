//! One background runtime for the whole process.

use std::io;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

/// The handle of the process's background runtime, which is started now if it was not. It is never
/// stopped.
///
/// # Errors
///
/// When it cannot be started; the next call tries again.
pub(super) fn handle() -> io::Result<&'static Handle> {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    if RUNTIME.get().is_none() {
        // Of two that are started at once the second is let go again.
        if let Err(late) = RUNTIME.set(start()?) {
            late.shutdown_background();
        }
    }
    Ok(RUNTIME.get().expect("it has been set").handle())
}

fn start() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("smartasync/shared")
        .enable_all()
        .build()
}
