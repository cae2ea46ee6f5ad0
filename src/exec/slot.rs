//! One reusable current-thread runtime.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};

use crate::exec::relay::Relay;

/// A runtime that is built once and runs many calls.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Absent only while the slot is being dropped.
    runtime: Option<Runtime>,
}

impl Slot {
    pub(crate) fn build() -> io::Result<Slot> {
        let runtime = Builder::new_current_thread()
            .thread_name("smartasync/blocking")
            .enable_all()
            .build()?;
        Ok(Slot {
            runtime: Some(runtime),
        })
    }

    /// Runs `future` to its end.
    #[inline]
    pub(crate) fn block_on<F: Future>(&self, future: F, relay: &Relay) -> F::Output {
        let mut future = pin!(future);
        match self.poll_once(future.as_mut(), relay) {
            Poll::Ready(output) => output,
            Poll::Pending => self.drive(future, relay),
        }
    }

    /// The first poll, without the scheduler and the driver: a future that is ready needs neither.
    ///
    /// It is made under a `block_on` all the same: Tokio's budget then holds for it, so that a loop
    /// over an always-ready resource yields, and its checks against nested runtimes speak.
    #[inline]
    fn poll_once<F: Future>(&self, mut future: Pin<&mut F>, relay: &Relay) -> Poll<F::Output> {
        let first = poll_fn(|_| Poll::Ready(relay.poll(future.as_mut())));
        self.runtime().handle().block_on(first)
    }

    /// The polls after the first. `block_on` always polls once at its start, so a wake since the
    /// first poll is not lost.
    fn drive<F: Future>(&self, mut future: Pin<&mut F>, relay: &Relay) -> F::Output {
        let _forget = relay.forget_on_drop();
        self.runtime()
            .block_on(poll_fn(|cx| relay.poll_for(future.as_mut(), cx)))
    }

    #[inline]
    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().expect("taken only by drop")
    }
}

impl Drop for Slot {
    /// Waits for nothing: a `spawn_blocking` job that still runs keeps its thread, not ours.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
