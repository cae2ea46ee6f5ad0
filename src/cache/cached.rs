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

    /// Returns the value if it is there and still good, else what `make` makes of it, which is kept.
    #[inline]
    pub(crate) fn get_or_make<E>(
        &self,
        is_good: impl FnOnce(&Rc<T>) -> bool,
        make: impl FnOnce(Option<&T>) -> Result<T, E>,
    ) -> Result<Rc<T>, E> {
        match self.0.take() {
            Some(kept) if is_good(&kept) => {
                // What is replaced is the nothing that `take` has left.
                mem::forget(self.0.replace(Some(Rc::clone(&kept))));
                Ok(kept)
            }
            old => self.replace(old, make),
        }
    }

    #[cold]
    fn replace<E>(
        &self,
        old: Option<Rc<T>>,
        make: impl FnOnce(Option<&T>) -> Result<T, E>,
    ) -> Result<Rc<T>, E> {
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
        let Ok(kept) =
            keep.get_or_make(|kept| **kept != 0, |_| Ok::<_, std::convert::Infallible>(new));
        kept
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
                let Ok(found) = self.0.get_or_make(
                    |_| true,
                    |_| -> Result<_, std::convert::Infallible> {
                        panic!("the new one is not there")
                    },
                );
                assert!(!found.1);
                drop(self.0.take());
            }
        }
    }

    #[test]
    fn the_destructor_of_the_old_value_finds_the_new_one() {
        let keep: &'static Cached<Calls<'static>> = Box::leak(Box::new(Cached::new()));
        for calls in [true, false] {
            let made = keep.get_or_make(|_| false, |_| Ok::<_, ()>(Calls(keep, calls)));
            drop(made);
        }
    }
}
