//! A question to a runtime: does anybody drive it?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use tokio::runtime::Handle;

/// A task that was given to a runtime, and answers when it is run.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) since: Instant,
    answered: Arc<AtomicBool>,
}

impl Probe {
    pub(crate) fn send(runtime: &Handle, now: Instant) -> Probe {
        let answered = Arc::new(AtomicBool::new(false));
        let answer = Arc::clone(&answered);
        // Relaxed: an answer that is seen late is seen by the next look.
        runtime.spawn(async move { answer.store(true, Relaxed) });
        Probe { since: now, answered }
    }

    pub(crate) fn is_answered(&self) -> bool {
        // Relaxed, as the store of the answer.
        self.answered.load(Relaxed)
    }
}
