//! From a call to what runs it.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task;

use crate::cache::mark::Marked;
use crate::cache::thread;
use crate::context::Place;
use crate::error::Refusal;

/// Runs `future` where the calling thread stands, or gives it back.
#[inline]
pub(crate) fn run<F: Future>(future: F) -> Result<F::Output, (F, Refusal)> {
    match Place::find() {
        Place::Alone | Place::Beside => run_on_own(future),
        Place::On(handle) => run_on(&handle, future),
        Place::Polling => Err((future, Refusal::Async)),
    }
}

fn run_on_own<F: Future>(future: F) -> Result<F::Output, (F, Refusal)> {
    thread::block_on(Marked::new(future))
        .map_err(|(marked, error)| (marked.into_inner(), Refusal::Runtime(error)))
}

/// Runs `future` on a runtime that others drive. It is not marked: `block_in_place` is legal in it,
/// and code inside of that may block.
fn run_on<F: Future>(handle: &Handle, future: F) -> Result<F::Output, (F, Refusal)> {
    match handle.runtime_flavor() {
        // Legal on any thread of such a runtime, also where a poll could not be told from a
        // blocking section (see "Limits" of `context()`).
        RuntimeFlavor::MultiThread => task::block_in_place(|| block_on(handle, future)),
        _ => block_on(handle, future),
    }
}

fn block_on<F: Future>(handle: &Handle, future: F) -> Result<F::Output, (F, Refusal)> {
    if thread::can_block() {
        Ok(handle.block_on(future))
    } else {
        Err((future, Refusal::Runtime(thread::exiting())))
    }
}
