//! The way of a call: its bridge, or what was found out where it was polled.

use std::mem::ManuallyDrop;

use crate::bridge::{Bridge, Mark};

/// The bridge that a call is waited for through. Once it was polled outside of Tokio's tasks, no bridge plays a part, and a
/// mark is in its place: an awaited call is to be hardly larger than its future.
///
/// What holds it drops it: see `take`.
#[derive(Debug)]
pub(super) struct Through(ManuallyDrop<Option<Bridge>>);

impl Through {
    /// A constant: beside a function that might panic, a debug build keeps a copy of the future for its drop.
    pub(super) const NONE: Through = Through(ManuallyDrop::new(None));

    #[inline]
    pub(super) fn of(bridge: &Bridge) -> Through {
        Through(ManuallyDrop::new(Some(bridge.clone())))
    }

    /// Sets the bridge, unless there is a mark.
    #[inline]
    pub(super) fn set(&mut self, bridge: &Bridge) {
        if self.mark().is_none() {
            self.replace(bridge.clone());
        }
    }

    pub(super) fn set_mark(&mut self, mark: Mark) {
        self.replace(Bridge::marked(mark));
    }

    #[inline]
    fn replace(&mut self, bridge: Bridge) {
        let before = self.0.replace(bridge);
        // As a rule there is none: then nothing is dropped, in an optimised build either.
        if before.is_some() {
            drop(before);
        }
    }

    #[cfg(not(debug_assertions))]
    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the bridge; none is the default one.
    #[inline]
    pub(super) fn bridge(&self) -> Option<&Bridge> {
        self.0.as_ref().filter(|bridge| bridge.mark().is_none())
    }

    #[inline]
    pub(super) fn mark(&self) -> Option<Mark> {
        self.0.as_ref().and_then(Bridge::mark)
    }

    /// Returns the mark as the key of what the last poll could not leave.
    pub(super) fn left_over(&self) -> Option<&Bridge> {
        self.0.as_ref().filter(|bridge| bridge.mark().is_some_and(|mark| mark.left_over))
    }

    #[inline]
    pub(super) fn take(&mut self) -> Option<Bridge> {
        self.0.take()
    }
}
