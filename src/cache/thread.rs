//! What a thread keeps.

use std::cell::RefCell;
use std::io;
use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::cache::instance::Instances;
use crate::cache::keep::{Keep, Loan};
use crate::exec::epoch::Stamped;
use crate::exec::fleet::{Fleet, Lease};
use crate::exec::relay::Relay;
use crate::sync::{Arc, thread_local};

thread_local! {
    static THREAD: Thread = Thread::new();
}

/// Gives `f` the calling thread's things.
///
/// # Errors
///
/// When the thread exits and has let go of them, or can no longer block: `f` is not called.
#[inline]
pub(crate) fn with<T>(f: impl FnOnce(&Thread) -> io::Result<T>) -> io::Result<T> {
    THREAD
        .try_with(|thread| if thread.can_block { f(thread) } else { Err(exiting()) })
        .unwrap_or_else(|_| Err(exiting()))
}

/// Drops what the calling thread has kept, of all bridges.
pub(crate) fn reset() {
    let _ = THREAD.try_with(Thread::reset);
}

fn exiting() -> io::Error {
    io::Error::other("the thread is exiting and has already let go of its runtime")
}

/// A thread's use of a runtime, and when it began.
type Kept = Arc<Stamped<Lease>>;

pub(crate) struct Thread {
    /// False where this was made after Tokio's thread-locals had gone.
    can_block: bool,
    /// Names the thread in the maps of bridges; never used again.
    key: u64,
    /// The runtime of the process-wide bridge.
    pub(crate) slot: Keep<Kept>,
    relay: Keep<Box<Relay>>,
    /// The bridges that keep something for this thread.
    visited: RefCell<Vec<Weak<Instances<Lease>>>>,
}

impl Thread {
    fn new() -> Thread {
        static NEXT_KEY: AtomicU64 = AtomicU64::new(0);
        Thread {
            can_block: touch_tokio(),
            key: NEXT_KEY.fetch_add(1, Ordering::Relaxed),
            slot: Keep::new(),
            relay: Keep::new(),
            visited: RefCell::default(),
        }
    }

    /// Runs `future` on `lease`, with the thread's waker.
    #[inline]
    pub(crate) fn run<F: Future>(&self, lease: &Lease, future: F) -> F::Output {
        // A waker that somebody still holds would wake this call for an earlier one.
        let relay = self.relay.lend(|relay| !relay.is_shared(), || Ok::<_, ()>(Box::default()));
        let relay = relay.expect("a relay can always be made");
        lease.block_on(future, relay.get())
    }

    /// The calling thread's runtime of the process-wide bridge, for one call.
    #[inline]
    pub(crate) fn lend(&self, fleet: &std::sync::Arc<Fleet>) -> io::Result<Loan<'_, Kept>> {
        let is_good = |kept: &Kept| fleet.epoch.is_current(kept);
        self.slot.lend(is_good, || fleet.epoch.stamp(|| fleet.lease()))
    }

    /// The calling thread's runtime of a bridge that keeps one for each thread.
    #[inline]
    pub(crate) fn instance(
        &self,
        instances: &std::sync::Arc<Instances<Lease>>,
        fleet: &std::sync::Arc<Fleet>,
    ) -> io::Result<Kept> {
        instances.get_or_make(self.key, || {
            let lease = fleet.lease()?;
            self.remember(std::sync::Arc::downgrade(instances));
            Ok(lease)
        })
    }

    fn remember(&self, bridge: Weak<Instances<Lease>>) {
        let mut visited = self.visited.borrow_mut();
        visited.retain(|known| known.strong_count() > 0 && !known.ptr_eq(&bridge));
        visited.push(bridge);
    }

    fn reset(&self) {
        self.slot.clear();
        self.relay.clear();
        drop(self.leave_bridges());
    }

    /// Takes out what bridges keep for this thread.
    fn leave_bridges(&self) -> Vec<Kept> {
        let visited = self.visited.take();
        let bridges = visited.iter().filter_map(Weak::upgrade);
        bridges.filter_map(|bridge| bridge.remove(self.key)).collect()
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let kept = self.leave_bridges().into_iter().chain(self.slot.take());
        kept.for_each(|lease| lease.return_to_pool());
    }
}

/// Makes Tokio set up its thread-locals for blocking before ours; false where they are already gone.
///
/// The standard library destroys a thread's locals in reverse order of their set-up, so whoever finds
/// `THREAD` alive can block. Without its locals Tokio panics, and a panic in a destructor aborts.
fn touch_tokio() -> bool {
    if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
        return false;
    }
    let (sender, receiver) = oneshot::channel();
    sender.send(()).is_ok() && receiver.blocking_recv().is_ok()
}
