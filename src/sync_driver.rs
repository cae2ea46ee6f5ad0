//! An object that sync code polls in many calls.

use std::fmt;
use std::pin::pin;
use std::time::{Duration, Instant};

use crate::bridge::{self, Bridge, Route};
use crate::context::Context;
use crate::error::WaitError;
use crate::exec::job::FutureJob;
use crate::site::{Name, Site};

const UNTIL_THE_END: &str = "the object is there until the end";

/// An object that sync code polls, in one call after another. Like a future that was waited for, it is dropped
/// inside a runtime, as its destructor may spawn a task.
pub(crate) struct SyncDriver<T> {
    /// `None` only once the object was taken out, at the end.
    object: Option<T>,
    /// `None` for the default bridge.
    bridge: Option<Bridge>,
    /// Whether the object needs a runtime to be dropped in: one that was never polled does not.
    was_polled: bool,
    /// The place where the driver was made, and the name of what it drives.
    pub(crate) made: Site,
}

impl<T> SyncDriver<T> {
    #[track_caller]
    pub(crate) fn new(object: T, name: Name) -> SyncDriver<T> {
        let made = Site::of(name);
        SyncDriver { object: Some(object), bridge: None, was_polled: false, made }
    }

    pub(crate) fn on(&mut self, bridge: &Bridge) {
        self.bridge = Some(bridge.clone());
    }

    /// Waits for a future that polls the object, until `limit` has passed.
    ///
    /// # Errors
    ///
    /// Those of `Call::try_wait`, and `TimedOut`. The error has a call in it if the object was not polled.
    #[inline]
    pub(crate) fn wait<'a, F: Future>(
        &'a mut self,
        site: Site,
        limit: Option<Duration>,
        make: impl FnOnce(&'a mut T) -> F,
    ) -> Result<F::Output, WaitError<()>> {
        self.was_polled = true;
        let future = make(self.object.as_mut().expect(UNTIL_THE_END));
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let (mut limits, mut route) = (None, Route::new());
        let found = route.find_within(self.bridge.as_ref(), deadline, &mut limits);
        found.map_err(|cause| WaitError::new(cause, Box::new(()), site))?;
        let future = pin!(Some(future));
        let mut job = FutureJob::new(site, future);
        route.run(&mut job, limits.as_mut());
        job.ending.result()
    }

    pub(crate) fn get_ref(&self) -> &T {
        self.object.as_ref().expect(UNTIL_THE_END)
    }

    #[cfg(feature = "io")]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        // The caller may poll it.
        self.was_polled = true;
        self.object.as_mut().expect(UNTIL_THE_END)
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.object.take().expect(UNTIL_THE_END)
    }
}

impl<T> Drop for SyncDriver<T> {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        let through = self.bridge.as_ref().unwrap_or_else(|| bridge::default());
        // In async code the object is dropped in the current runtime. Elsewhere it is dropped in that of the thread,
        // or in none if the thread cannot get one.
        if !self.was_polled || through.context() == Context::Async {
            return;
        }
        let mut route = Route::new();
        if route.find(Some(through)).is_ok() {
            let future = pin!(Some(async move { drop(object) }));
            let mut job = FutureJob::new(self.made, future);
            route.run(&mut job, None);
            let _ = job.ending.result::<()>();
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for SyncDriver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get_ref().fmt(f)
    }
}
