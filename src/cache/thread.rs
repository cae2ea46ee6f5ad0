//! What a thread keeps.

use std::cell::Cell;
use std::io;
use std::mem;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::cache::map::PerThreadMap;
use crate::cache::private::{Private, PrivateSlot, PrivateSlots, SlotRuntime};
use crate::error::Cause;
use crate::exec::lease::Lease;
use crate::exec::waker::CallWaker;
use crate::runtime::drain;
use crate::runtime::set::Runtimes;
use crate::runtime::state::Generation;
use crate::sync::thread_local;

/// How long the end of the main thread waits for the blocking jobs that are left behind. Tokio waits forever when
/// a runtime is dropped, but a job may read from a terminal.
const LAST_MOMENT: Duration = Duration::from_secs(1);

thread_local! {
    static THREAD: Thread = Thread::new();
}

std::thread_local! {
    /// Whether `THREAD` has been made, for functions that have nothing to do if it has not: making it blocks for a
    /// moment, which Tokio does not allow inside async code.
    static IS_MADE: Cell<bool> = const { Cell::new(false) };
}

/// The calling thread's runtime of the process-wide bridge, and its waker, for one call: if it has kept them, and is
/// not in a forked child.
#[inline]
pub(crate) fn kept_slot(runtimes: &Runtimes) -> Option<Rc<CallSlot>> {
    THREAD.try_with(|thread| thread.kept_slot(runtimes)).ok()?
}

/// Returns the calling thread's runtime of the process-wide bridge and its waker. Makes them if they were not
/// kept.
///
/// # Errors
///
/// When there is no runtime, as when the thread is exiting and has given up its own.
pub(crate) fn slot(runtimes: &std::sync::Arc<Runtimes>) -> Result<Rc<CallSlot>, Cause> {
    with(|thread| match thread.kept_slot(runtimes) {
        Some(slot) => Ok(slot),
        None => thread.new_slot(runtimes),
    })
}

/// Returns what a private bridge keeps for the calling thread, or what `make` makes.
#[inline]
pub(crate) fn private_slot(
    per_thread: &std::sync::Arc<PerThreadMap<PrivateSlot>>,
    generation: &Generation,
    make: impl FnOnce() -> Result<SlotRuntime, Cause>,
) -> Result<Private, Cause> {
    with(|thread| {
        let slot = thread.private.get(per_thread, generation, || {
            thread.check_can_block()?;
            make()
        })?;
        Private::new(slot, || thread.waker())
    })
}

/// Returns the calling thread's waker for one call that runs on a handle.
///
/// # Errors
///
/// When the thread is exiting, and Tokio can no longer block on it.
pub(crate) fn waker() -> Result<Rc<CallWaker>, Cause> {
    with(Thread::waker)
}

/// Prepares the calling thread for calls, if it may block.
pub(crate) fn prepare() {
    let _ = THREAD.try_with(|_| ());
}

/// Whether the thread has been prepared.
#[inline]
pub(crate) fn is_prepared() -> bool {
    IS_MADE.get()
}

/// Makes the calling thread forget its runtime of the process-wide bridge.
pub(crate) fn leave() {
    if IS_MADE.get() {
        let _ = THREAD.try_with(|thread| thread.slot.take());
    }
}

/// Drops what the calling thread has kept for all bridges.
pub(crate) fn reset() {
    if IS_MADE.get() {
        let _ = THREAD.try_with(Thread::reset);
    }
}

#[inline]
fn with<T>(f: impl FnOnce(&Thread) -> Result<T, Cause>) -> Result<T, Cause> {
    THREAD.try_with(f).unwrap_or_else(|_| Err(exiting()))
}

#[cold]
fn exiting() -> Cause {
    Cause::ThreadExit(io::Error::other("the thread is ending and has let go of its runtime"))
}

/// Everything that a call needs, behind one pointer.
pub(crate) struct CallSlot {
    pub(crate) lease: Rc<Lease>,
    pub(crate) waker: CallWaker,
}

struct Thread {
    /// False if this was made after Tokio's thread-locals had been destroyed.
    can_block: bool,
    is_main: bool,
    /// For calls on the process-wide bridge.
    slot: Cached<CallSlot>,
    /// For calls that do not use `slot`.
    waker: Cached<CallWaker>,
    private: PrivateSlots,
}

impl Thread {
    fn new() -> Thread {
        IS_MADE.set(true);
        Thread {
            can_block: touch_tokio(),
            is_main: std::thread::current().name() == Some("main"),
            slot: Cached::new(),
            waker: Cached::new(),
            private: PrivateSlots::new(),
        }
    }

    /// Returns a waker that wakes no other call: nobody holds a clone, and no call on this thread uses it.
    #[inline]
    fn waker(&self) -> Result<Rc<CallWaker>, Cause> {
        let is_free = |waker: &Rc<CallWaker>| Rc::strong_count(waker) == 1 && waker.try_reset();
        match self.waker.get(is_free) {
            Some(waker) => Ok(waker),
            None => self.waker.renew(|_| {
                self.check_can_block()?;
                Ok(CallWaker::default())
            }),
        }
    }

    /// Fails if the thread can keep nothing any more. Each value that is made for the first time checks this.
    fn check_can_block(&self) -> Result<(), Cause> {
        if self.can_block { Ok(()) } else { Err(exiting()) }
    }

    #[inline]
    fn kept_slot(&self, runtimes: &Runtimes) -> Option<Rc<CallSlot>> {
        self.slot.get(|slot| {
            slot.lease.is_of(&runtimes.generation)
                && Rc::strong_count(slot) == 1
                && slot.waker.try_reset()
        })
    }

    #[cold]
    fn new_slot(&self, runtimes: &std::sync::Arc<Runtimes>) -> Result<Rc<CallSlot>, Cause> {
        self.slot.renew(|old| {
            self.check_can_block()?;
            let lease = match old {
                Some(slot) if slot.lease.is_of(&runtimes.generation) => Rc::clone(&slot.lease),
                _ => Rc::new(Lease::take(runtimes)?),
            };
            Ok(CallSlot { lease, waker: CallWaker::default() })
        })
    }

    fn reset(&self) {
        drop(self.slot.take());
        drop(self.waker.take());
        drop(self.private.take_all());
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        let mut used = self.is_main.then(Vec::new);
        let mut leave = |lease: &Lease| {
            lease.return_to_pool();
            // What a forked child has inherited may be locked.
            if let Some(used) = &mut used {
                if !lease.token().is_inherited() {
                    used.push(std::sync::Arc::clone(lease.runtimes()));
                }
            }
        };
        for slot in self.private.take_all() {
            if let SlotRuntime::Own(lease) = &slot.runtime {
                leave(lease);
            }
        }
        self.slot.take().iter().for_each(|slot| leave(&slot.lease));
        // The process ends with its main thread, so the blocking jobs that are left behind get some time.
        if let Some(used) = used {
            drain::end_unused(&used, Instant::now() + LAST_MOMENT);
        }
    }
}

/// Keeps a value between the calls of a thread. Each call has a reference of its own, so the value is never
/// borrowed while a call runs. A value that is taken out during a call is dropped when the call ends.
pub(crate) struct Cached<T>(Cell<Option<Rc<T>>>);

impl<T> Cached<T> {
    pub(crate) const fn new() -> Cached<T> {
        Cached(Cell::new(None))
    }

    /// Returns the value if there is one and it is still good.
    #[inline]
    pub(crate) fn get(&self, is_good: impl FnOnce(&Rc<T>) -> bool) -> Option<Rc<T>> {
        let kept = self.0.take()?;
        let got = is_good(&kept).then(|| Rc::clone(&kept));
        // The replaced value is the `None` that `take` has left.
        mem::forget(self.0.replace(Some(kept)));
        got
    }

    /// Keeps the value that `make` makes of the old one, and returns it.
    #[cold]
    pub(crate) fn renew<E>(
        &self,
        make: impl FnOnce(Option<&T>) -> Result<T, E>,
    ) -> Result<Rc<T>, E> {
        let old = self.0.take();
        let made = Rc::new(make(old.as_deref())?);
        self.0.set(Some(Rc::clone(&made)));
        // The destructors of the old value may make calls, which find the new one.
        drop(old);
        Ok(made)
    }

    /// Takes the value out.
    pub(crate) fn take(&self) -> Option<Rc<T>> {
        self.0.take()
    }
}

/// Makes Tokio set up its thread-locals for blocking before ours. Returns false if they have already been
/// destroyed.
///
/// The standard library destroys thread-locals in reverse order of their set-up, so as long as `THREAD` exists,
/// the thread can block. Without its thread-locals Tokio panics, and a panic in a destructor aborts.
fn touch_tokio() -> bool {
    if Handle::try_current().is_err_and(|error| error.is_thread_local_destroyed()) {
        return false;
    }
    let (sender, receiver) = oneshot::channel();
    sender.send(()).is_ok() && receiver.blocking_recv().is_ok()
}

#[cfg(all(test, not(smartasync_loom)))]
mod tests {
    use super::*;

    fn get(keep: &Cached<u32>, new: u32) -> Rc<u32> {
        keep.get(|kept| **kept != 0).unwrap_or_else(|| {
            let Ok(made) = keep.renew(|_| Ok::<_, std::convert::Infallible>(new));
            made
        })
    }

    #[test]
    fn a_value_is_kept_as_long_as_it_is_good() {
        let keep = Cached::new();
        assert_eq!([*get(&keep, 0), *get(&keep, 1), *get(&keep, 2)], [0, 1, 1]);
    }

    #[test]
    fn what_a_call_uses_lives_to_its_end_and_is_not_used_again() {
        let keep = Cached::new();
        let used = get(&keep, 1);
        drop(keep.take());
        assert_eq!((*used, Rc::strong_count(&used)), (1, 1));
        assert_eq!(*get(&keep, 2), 2);
    }

    /// Uses the value from its destructor, as the tasks of a runtime may.
    struct Calls<'a>(&'a Cached<Calls<'a>>, bool);

    impl Drop for Calls<'_> {
        fn drop(&mut self) {
            if self.1 {
                let found = self.0.get(|_| true).expect("the new one is there");
                assert!(!found.1);
                drop(self.0.take());
            }
        }
    }

    #[test]
    fn the_destructor_of_the_old_value_finds_the_new_one() {
        let keep: &'static Cached<Calls<'static>> = Box::leak(Box::new(Cached::new()));
        for calls in [true, false] {
            let made = keep.renew(|_| Ok::<_, ()>(Calls(keep, calls)));
            drop(made);
        }
    }
}
