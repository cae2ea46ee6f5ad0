//! The bridge of calls that name none.

use std::sync::OnceLock;

use super::Bridge;

static DEFAULT: OnceLock<Bridge> = OnceLock::new();

/// Makes `bridge` the one that calls use which name none. Without it, that is
/// [`Bridge::per_thread`].
///
/// It is for a program's `main`, before its first call.
///
/// # Errors
///
/// Gives the bridge back when it comes too late: a default has been set already, or a call has been
/// made through the one that there was.
///
/// # Examples
///
/// ```
/// use smartasync::{Bridge, block_on, set_default};
///
/// let bridge = Bridge::builder().name("app").build();
/// set_default(bridge.clone()).expect("no call has been made yet");
/// block_on(async {});
/// assert_eq!(bridge.stats().calls_on_own_runtime, 1);
///
/// let too_late = set_default(Bridge::per_thread());
/// assert!(too_late.is_err());
/// ```
pub fn set_default(bridge: Bridge) -> Result<(), Bridge> {
    DEFAULT.set(bridge)
}

/// The bridge of calls that name none; from now on it stays what it is.
#[inline]
pub(crate) fn default() -> &'static Bridge {
    DEFAULT.get_or_init(Bridge::per_thread)
}
