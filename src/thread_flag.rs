//! A flag of a thread, set while something runs on it.

use std::cell::Cell;
use std::marker::PhantomData;

use crate::sync::LocalKey;

/// Restores a flag to its earlier value, by return or by panic, on the thread that has set it. The code that sets
/// a flag may run inside other code that has set it.
#[must_use = "the flag is set as long as the guard lives"]
pub(crate) struct FlagGuard {
    flag: &'static LocalKey<Cell<bool>>,
    before: bool,
    _not_send: PhantomData<*const ()>,
}

impl FlagGuard {
    /// Sets the flag of the calling thread until the guard is dropped.
    #[inline]
    pub(crate) fn set(flag: &'static LocalKey<Cell<bool>>) -> FlagGuard {
        let before = flag.with(|flag| flag.replace(true));
        FlagGuard { flag, before, _not_send: PhantomData }
    }
}

impl Drop for FlagGuard {
    #[inline]
    fn drop(&mut self) {
        self.flag.with(|flag| flag.set(self.before));
    }
}
