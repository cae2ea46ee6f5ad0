//! A place for one value of a thread.

use std::cell::Cell;
use std::mem;
use std::rc::Rc;

/// Keeps a value between the calls of a thread. Each call has a reference of its own: nothing that it
/// does can find the place locked, and what is taken out meanwhile is dropped at its end.
pub(crate) struct Cached<T>(Cell<Option<Rc<T>>>);

impl<T> Cached<T> {
    pub(crate) const fn new() -> Cached<T> {
        Cached(Cell::new(None))
    }

    /// Returns the value if it is there and still good.
    #[inline]
    pub(crate) fn get(&self, is_good: impl FnOnce(&Rc<T>) -> bool) -> Option<Rc<T>> {
        let kept = self.0.take()?;
        let got = is_good(&kept).then(|| Rc::clone(&kept));
        // What is replaced is the nothing that `take` has left.
        mem::forget(self.0.replace(Some(kept)));
        got
    }

    /// Keeps what `make` makes of the old value, and returns it.
    #[cold]
    pub(crate) fn renew<E>(
        &self,
        make: impl FnOnce(Option<&T>) -> Result<T, E>,
    ) -> Result<Rc<T>, E> {
        let old = self.0.take();
        let made = Rc::new(make(old.as_deref())?);
        self.0.set(Some(Rc::clone(&made)));
        // Its destructors may make calls, which find the new one.
        drop(old);
        Ok(made)
    }

    /// Takes the value out.
    pub(crate) fn take(&self) -> Option<Rc<T>> {
        self.0.take()
    }
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

    /// Calls itself from its destructor, as the tasks of a runtime may.
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
