//! Runtimes whose threads have ended.

use crate::exec::berth::Berth;
use crate::exec::epoch::Epoch;
use crate::sync::Queue;

/// What can be in a pool: a reference to a runtime.
pub(crate) trait Pooled: Clone {
    fn berth(&self) -> &Berth;

    /// Ends the runtime.
    fn close(&self);
}

/// Runtimes that wait for a thread, each with its keeper.
#[derive(Debug)]
pub(crate) struct Pool<S>(Queue<S>);

impl<S: Pooled> Pool<S> {
    pub(crate) fn new() -> Pool<S> {
        Pool(Queue::new())
    }

    /// A runtime of this `epoch`, with the caller as its one owner.
    pub(crate) fn take(&self, epoch: &Epoch) -> Option<S> {
        std::iter::from_fn(|| self.0.pop()).find(|slot| {
            let berth = slot.berth();
            let is_good = berth.is_of(epoch) && !berth.handover.is_closed();
            if is_good {
                berth.set_owned();
            } else {
                slot.close();
            }
            is_good
        })
    }

    /// An owner has no more use for `slot`. The last one closes it, or if `stays` puts it here, after
    /// `keep` has seen to a keeper.
    pub(crate) fn give_back(&self, slot: &S, stays: bool, epoch: &Epoch, keep: impl FnOnce()) {
        if !slot.berth().remove_owner() {
            return;
        }
        if stays && slot.berth().is_of(epoch) {
            keep();
            self.0.push(slot.clone());
            // A reset since then has drained the pool without it.
            if !slot.berth().is_of(epoch) {
                self.drain();
            }
        } else {
            slot.close();
        }
    }

    /// Closes all that waits here: after a reset, which makes it old.
    pub(crate) fn drain(&self) {
        std::iter::from_fn(|| self.0.pop()).for_each(|slot| slot.close());
    }
}
