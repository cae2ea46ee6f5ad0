//! Waiting for any future, as methods of it.

use std::any::type_name;
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::error::WaitError;

/// The methods of a [`Call`] for every future, to be imported where they are wanted.
///
/// The errors name the future's type.
///
/// A `wait` of a type's own is preferred, as far as Rust prefers it: a type that is no future, like a `Barrier` or
/// a `Child`, keeps its own in any case; one that is a future keeps a `wait(self)`, but not a `wait(&mut self)`. A
/// [`Call`] that goes through `Wait` in generic code is a future like any other: it does not keep the bridge that
/// [`Call::on`] gave it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::Wait;
///
/// async fn answer() -> u32 { 42 }
///
/// assert_eq!(answer().wait(), 42);
/// assert_eq!(answer().wait_timeout(Duration::from_secs(1)).unwrap(), 42);
/// ```
pub trait Wait: IntoFuture + Sized {
    /// Blocks the calling thread until the future is done, and returns its output.
    ///
    /// # Panics
    ///
    /// Like [`Call::wait`].
    #[track_caller]
    fn wait(self) -> Self::Output {
        call(self).wait()
    }

    /// Blocks the calling thread until the future is done, or hands it back where that cannot be.
    ///
    /// # Errors
    ///
    /// Those of [`Call::try_wait`].
    #[track_caller]
    fn try_wait(self) -> Result<Self::Output, WaitError<Self::IntoFuture>> {
        call(self).try_wait().map_err(WaitError::of_future)
    }

    /// Blocks the calling thread until the future is done, but for no longer than `limit`: see
    /// [`Call::wait_timeout`].
    ///
    /// # Errors
    ///
    /// Those of [`Call::wait_timeout`].
    #[track_caller]
    fn wait_timeout(self, limit: Duration) -> Result<Self::Output, WaitError<Self::IntoFuture>> {
        call(self).wait_timeout(limit).map_err(WaitError::of_future)
    }

    /// Blocks the calling thread until the future is done, but no longer than until `deadline`: see
    /// [`Call::wait_until`].
    ///
    /// # Errors
    ///
    /// Those of [`Call::wait_until`].
    #[track_caller]
    fn wait_until(self, deadline: Instant) -> Result<Self::Output, WaitError<Self::IntoFuture>> {
        call(self).wait_until(deadline).map_err(WaitError::of_future)
    }
}

impl<F: IntoFuture> Wait for F {}

fn call<F: IntoFuture>(future: F) -> Call<F::IntoFuture> {
    Call::new(type_name::<F>(), future.into_future())
}
