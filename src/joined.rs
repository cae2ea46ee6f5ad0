//! A task or a blocking job whose end is awaited.

use std::panic::{panic_any, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::JoinHandle;

/// Waits for the output. If it is dropped before, the task is cancelled, and a job that has not begun never runs.
///
/// A panic of the task goes on in whoever waits, unchanged.
pub(crate) struct Joined<T> {
    handle: JoinHandle<T>,
    /// The message of the panic if the runtime is shut down first.
    lost: &'static str,
}

impl<T> Joined<T> {
    pub(crate) fn new(handle: JoinHandle<T>, lost: &'static str) -> Joined<T> {
        Joined { handle, lost }
    }
}

impl<T> Future for Joined<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.handle).poll(cx).map(|ended| match ended {
            Ok(output) => output,
            Err(error) => match error.try_into_panic() {
                Ok(payload) => resume_unwind(payload),
                Err(_) => panic_any(self.lost),
            },
        })
    }
}

impl<T> Drop for Joined<T> {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
