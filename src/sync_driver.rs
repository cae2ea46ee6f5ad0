//! An object that sync code polls in many calls.

use std::fmt;
#[cfg(any(feature = "stream", feature = "io"))]
use std::mem;
use std::pin::pin;
use std::time::{Duration, Instant};

use crate::bridge::{Bridge, Route};
use crate::drop_inside::{Condition, EnterOnDrop, LeaveOnDrop};
use crate::error::WaitError;
use crate::exec::job::FutureJob;
use crate::exec::limits::Limits;
use crate::site::{Name, Site};

/// An object that sync code polls, in one call after another. It is dropped inside a runtime, as its destructor may
/// spawn a task.
///
/// The fields are in the order in which they are to be dropped: see `drop_inside.rs`.
pub(crate) struct SyncDriver<T> {
    enter: EnterOnDrop<WasPolled>,
    object: T,
    _leave: LeaveOnDrop,
    /// The place where the driver was made, and the name of what it drives.
    pub(crate) made: Site,
}

/// An object that was never polled needs no runtime to be dropped in.
struct WasPolled {
    was_polled: bool,
    /// `None` for the default bridge.
    bridge: Option<Bridge>,
}

impl Condition for WasPolled {
    fn enters(&self) -> bool {
        self.was_polled
    }

    fn bridge(&self) -> Option<Bridge> {
        self.bridge.clone()
    }
}

impl<T> SyncDriver<T> {
    #[track_caller]
    pub(crate) fn new(object: T, name: Name) -> SyncDriver<T> {
        let condition = WasPolled { was_polled: false, bridge: None };
        SyncDriver {
            enter: EnterOnDrop(condition),
            object,
            _leave: LeaveOnDrop,
            made: Site::of(name),
        }
    }

    pub(crate) fn on(&mut self, bridge: &Bridge) {
        self.enter.0.bridge = Some(bridge.clone());
    }

    /// Waits for a future that polls the object, until `limit` has passed.
    ///
    /// # Errors
    ///
    /// Those of `Call::try_wait`, and `TimedOut`. The error tells whether the object was polled.
    #[inline]
    pub(crate) fn wait<'a, F: Future>(
        &'a mut self,
        site: Site,
        limit: Option<Duration>,
        make: impl FnOnce(&'a mut T) -> F,
    ) -> Result<F::Output, WaitError> {
        self.enter.0.was_polled = true;
        let future = make(&mut self.object);
        let until = limit.and_then(|limit| Instant::now().checked_add(limit));
        // The limit of the bridge is that of its calls.
        let mut limits = until.map(|_| Limits::new(until, true));
        let (bridge, mut route) = (self.enter.0.bridge.as_ref(), Route::new());
        let found = match limits {
            None => route.find(bridge),
            Some(_) => route.find_within(bridge, &mut limits),
        };
        found.map_err(|cause| WaitError::refused(cause, site))?;
        let future = pin!(Some(future));
        let mut job = FutureJob::new(site, future);
        route.run(&mut job, limits.as_mut());
        job.ending.result()
    }

    pub(crate) fn get_ref(&self) -> &T {
        &self.object
    }

    #[cfg(any(feature = "concurrent", feature = "io"))]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        // The caller may poll it.
        self.enter.0.was_polled = true;
        &mut self.object
    }

    #[cfg(any(feature = "stream", feature = "io"))]
    pub(crate) fn into_inner(self) -> T {
        let SyncDriver { mut enter, object, _leave, .. } = self;
        enter.0.bridge = None;
        mem::forget((enter, _leave));
        object
    }
}

impl<T: fmt::Debug> fmt::Debug for SyncDriver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get_ref().fmt(f)
    }
}
