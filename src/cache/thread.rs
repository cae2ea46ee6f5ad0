//! What a thread keeps: its runtime and its waker.

use std::cell::{Cell, OnceCell};
use std::io;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::exec::relay::Relay;
use crate::exec::slot::Slot;

thread_local! {
    static THREAD: Thread = Thread::new();
}

/// Runs `future` on the calling thread's runtime, built now if this is its first call.
///
/// # Errors
///
/// Gives the future back when the runtime cannot be built, or when the thread is past keeping one.
#[inline]
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, (F, io::Error)> {
    let mut given = Some(future);
    THREAD
        .try_with(|thread| match thread.slot() {
            Ok(slot) => Ok(thread.run(slot, given.take().expect("the future is taken once"))),
            Err(error) => Err(error),
        })
        .unwrap_or_else(|_| Err(exiting()))
        .map_err(|error| (given.expect("a call that fails has not started"), error))
}

/// Whether Tokio can still block this thread: not once the thread-locals are being destroyed.
pub(crate) fn can_block() -> bool {
    THREAD.try_with(|thread| thread.can_block).unwrap_or(false)
}

pub(crate) fn exiting() -> io::Error {
    io::Error::other("the thread is exiting and has already let go of its runtime")
}

struct Thread {
    /// False where this was made after Tokio's thread-locals had gone.
    can_block: bool,
    slot: OnceCell<Slot>,
    /// Absent while a call has it.
    relay: Cell<Option<Relay>>,
}

impl Thread {
    fn new() -> Thread {
        Thread {
            can_block: touch_tokio(),
            slot: OnceCell::new(),
            relay: Cell::new(None),
        }
    }

    #[inline]
    fn slot(&self) -> io::Result<&Slot> {
        match self.slot.get() {
            Some(slot) => Ok(slot),
            None => self.build_slot(),
        }
    }

    #[cold]
    fn build_slot(&self) -> io::Result<&Slot> {
        if !self.can_block {
            return Err(exiting());
        }
        let slot = Slot::build()?;
        Ok(self.slot.get_or_init(|| slot))
    }

    #[inline]
    fn run<F: Future>(&self, slot: &Slot, future: F) -> F::Output {
        let lease = Lease {
            relay: Some(self.relay.take().unwrap_or_default()),
            home: &self.relay,
        };
        slot.block_on(future, lease.relay())
    }
}

/// A call's use of the thread's waker; the end of the call, by return or by panic, brings it home.
struct Lease<'a> {
    relay: Option<Relay>,
    home: &'a Cell<Option<Relay>>,
}

impl Lease<'_> {
    #[inline]
    fn relay(&self) -> &Relay {
        self.relay.as_ref().expect("the relay goes home on drop")
    }
}

impl Drop for Lease<'_> {
    #[inline]
    fn drop(&mut self) {
        self.home
            .set(self.relay.take().filter(|relay| !relay.is_shared()));
    }
}

/// Makes Tokio set up its thread-locals for blocking before ours; false where they are already
/// gone.
///
/// The standard library destroys a thread's locals in reverse order of their set-up, so whoever
/// finds `THREAD` alive can block. Without its locals Tokio panics, and a panic in a destructor
/// aborts.
fn touch_tokio() -> bool {
    if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
        return false;
    }
    let (sender, receiver) = oneshot::channel();
    sender.send(()).is_ok() && receiver.blocking_recv().is_ok()
}
