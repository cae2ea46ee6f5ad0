//! Objects that need Tokio, made in sync code.

use std::fmt;

use crate::bridge::{self, Bridge, Entered};
use crate::call::Call;
use crate::site::{Name, Site};

/// Enters the runtime that the calling thread's calls run on, until the guard is dropped. It is meant for objects
/// that need Tokio when they are made or dropped.
///
/// A future is polled inside a runtime when it is waited for, but what is built before that is not. So this panics
/// in sync code with "there is no reactor running", since `sleep` needs a timer as soon as it is called:
///
/// ```should_panic
/// use std::time::Duration;
/// use smartasync::block_on;
/// use tokio::time::sleep;
///
/// block_on(sleep(Duration::from_millis(1)));
/// ```
///
/// So do `timeout`, `interval`, `spawn`, a `Command`, a socket that is made from one of the standard library, and
/// a client that has a time limit. Make them inside:
///
/// ```
/// use std::time::Duration;
/// use smartasync::{block_on, block_on_with, enter};
/// use tokio::time::sleep;
///
/// // In the call,
/// block_on(async { sleep(Duration::from_millis(1)).await });
/// // in a closure that makes it,
/// block_on_with(|| sleep(Duration::from_millis(1)));
/// // or anywhere as long as the guard lives.
/// let _guard = enter();
/// block_on(sleep(Duration::from_millis(1)));
/// ```
///
/// The guard counts as a call: what is left behind is driven afterwards, and a [`drain`](crate::drain) waits for
/// the guard. While it lives the thread may block, and its calls run as they would without it.
///
/// In async code, and where calls run on the current runtime, that runtime stays the current one.
///
/// # Panics
///
/// When the thread cannot get a runtime. Guards, including Tokio's own, must be dropped in the reverse order in
/// which they were made: otherwise Tokio panics.
#[track_caller]
pub fn enter() -> EnterGuard {
    EnterGuard::of(bridge::default(), || "smartasync::enter")
}

/// Blocks the calling thread until the future that `make` returns is done. The call begins with `make`, inside the
/// runtime: see [`enter`].
///
/// # Panics
///
/// Like [`block_on`](crate::block_on), before `make` is called, and with the panic of `make`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::block_on_with;
/// use tokio::time::{sleep, timeout};
///
/// let late = block_on_with(|| timeout(Duration::from_millis(1), std::future::pending::<()>()));
/// assert!(late.is_err());
/// ```
#[track_caller]
pub fn block_on_with<F: IntoFuture>(make: impl FnOnce() -> F) -> F::Output {
    Call::new(|| "smartasync::block_on_with", made_inside(make)).wait()
}

impl Bridge {
    /// Enters the runtime that the calling thread's calls through this bridge run on: see [`enter`].
    ///
    /// # Panics
    ///
    /// When the thread cannot get a runtime, or the bridge was shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    /// use tokio::runtime::Handle;
    ///
    /// let bridge = Bridge::builder().build();
    /// let id = bridge.block_on(async { Handle::current().id() });
    /// let _guard = bridge.enter();
    /// assert_eq!(Handle::current().id(), id);
    /// ```
    #[track_caller]
    pub fn enter(&self) -> EnterGuard {
        EnterGuard::of(self, || "Bridge::enter")
    }

    /// Blocks the calling thread until the future that `make` returns is done. The call begins with `make`, inside the
    /// bridge's runtime: see [`enter`].
    ///
    /// # Panics
    ///
    /// Like [`Bridge::block_on`], before `make` is called, and with the panic of `make`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::Bridge;
    /// use tokio::time::sleep;
    ///
    /// Bridge::per_thread().block_on_with(|| sleep(Duration::from_millis(1)));
    /// ```
    #[track_caller]
    pub fn block_on_with<F: IntoFuture>(&self, make: impl FnOnce() -> F) -> F::Output {
        self.named_call(|| "Bridge::block_on_with", made_inside(make)).wait()
    }
}

async fn made_inside<F: IntoFuture>(make: impl FnOnce() -> F) -> F::Output {
    make().await
}

/// Keeps a runtime entered until it is dropped: see [`enter`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::{EnterGuard, enter};
///
/// let guard: EnterGuard = enter();
/// let timer = tokio::time::sleep(Duration::from_millis(1));
/// drop(guard);
/// smartasync::block_on(timer);
/// ```
#[must_use = "the runtime is entered until the guard is dropped"]
pub struct EnterGuard {
    /// `None` where the current runtime is the right one.
    entered: Option<Entered>,
}

impl EnterGuard {
    #[track_caller]
    fn of(bridge: &Bridge, name: Name) -> EnterGuard {
        let site = Site::of(name);
        match Entered::through(bridge) {
            Ok(entered) => EnterGuard { entered },
            Err(cause) => cause.panic(site, false),
        }
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").field("has_entered", &self.entered.is_some()).finish()
    }
}
