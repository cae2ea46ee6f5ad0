//! One value for each thread.

use std::fmt;

use thread_local::ThreadLocal;

/// A value for each thread, made on first use.
///
/// It suits values that are better not shared: a client with connections of its own, a buffer, a counter. The
/// values are dropped with the container or by [`clear`](PerThread::clear). The value of a thread that has ended
/// stays, and passes to a new thread.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use smartasync::PerThread;
///
/// let calls = PerThread::new(|| Cell::new(0));
/// calls.get().set(calls.get().get() + 1);
/// assert_eq!(calls.get().get(), 1);
/// std::thread::scope(|scope| {
///     scope.spawn(|| assert_eq!(calls.get().get(), 0));
/// });
/// ```
pub struct PerThread<T: Send, F = fn() -> T> {
    values: ThreadLocal<T>,
    make: F,
}

impl<T: Send, F: Fn() -> T> PerThread<T, F> {
    /// Makes a container of values that `make` returns.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::RefCell;
    /// use smartasync::PerThread;
    ///
    /// static BUFFER: PerThread<RefCell<Vec<u8>>> = PerThread::new(|| RefCell::new(Vec::new()));
    ///
    /// BUFFER.get().borrow_mut().push(1);
    /// assert_eq!(*BUFFER.get().borrow(), [1]);
    /// ```
    pub const fn new(make: F) -> PerThread<T, F> {
        PerThread { values: ThreadLocal::new(), make }
    }

    /// Returns the value of the calling thread, and makes it first if there is none.
    ///
    /// # Panics
    ///
    /// With a panic of the function that makes the value, and in the destructor of a thread-local as the thread
    /// exits.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use smartasync::PerThread;
    ///
    /// let owner = PerThread::new(|| thread::current().id());
    /// assert_eq!(*owner.get(), thread::current().id());
    /// thread::scope(|scope| {
    ///     scope.spawn(|| assert_eq!(*owner.get(), thread::current().id()));
    /// });
    /// ```
    pub fn get(&self) -> &T {
        self.values.get_or(&self.make)
    }

    /// Drops the values of all threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    /// use smartasync::PerThread;
    ///
    /// let mut calls = PerThread::new(|| Cell::new(0));
    /// calls.get().set(1);
    /// calls.clear();
    /// assert_eq!(calls.get().get(), 0);
    /// ```
    pub fn clear(&mut self) {
        self.values.clear();
    }
}

impl<T: Send + fmt::Debug, F> fmt::Debug for PerThread<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerThread").finish_non_exhaustive()
    }
}
