//! A place for one value of a thread, which lends it to one call at a time.

use std::cell::Cell;

/// Keeps a value between calls: a pointer, since each call moves it out and back. No borrow is held while a call runs, so nothing that the call does can
/// find the place locked.
///
/// What if a call finds nothing, because an outer one on this thread has the value? It makes its own;
/// of the two, the place keeps the one that comes home last.
pub(crate) struct Keep<T> {
    value: Cell<Option<T>>,
    /// How many times the place was cleared: what was lent before that does not come home.
    cleared: Cell<u64>,
}

impl<T> Keep<T> {
    pub(crate) const fn new() -> Keep<T> {
        Keep { value: Cell::new(None), cleared: Cell::new(0) }
    }

    /// Lends the value if it is there and still good, else what `make` makes.
    #[inline]
    pub(crate) fn lend<E>(
        &self,
        is_good: impl FnOnce(&T) -> bool,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<Loan<'_, T>, E> {
        let cleared = self.cleared.get();
        let value = match self.value.take().filter(is_good) {
            Some(value) => value,
            None => make()?,
        };
        Ok(Loan { value: Some(value), home: self, cleared })
    }

    /// Takes the value out, if no call has it.
    pub(crate) fn take(&self) -> Option<T> {
        self.value.take()
    }

    /// Drops the value; one that is lent is dropped when its call ends.
    pub(crate) fn clear(&self) {
        self.cleared.set(self.cleared.get() + 1);
        drop(self.value.take());
    }
}

/// The use of a value by a call. The end of the call, by return or by panic, brings it home.
pub(crate) struct Loan<'a, T> {
    value: Option<T>,
    home: &'a Keep<T>,
    cleared: u64,
}

impl<T> Loan<'_, T> {
    #[inline]
    pub(crate) fn get(&self) -> &T {
        self.value.as_ref().expect("the value goes home on drop")
    }
}

impl<T> Drop for Loan<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.cleared == self.home.cleared.get() {
            self.home.value.set(self.value.take());
        }
    }
}
