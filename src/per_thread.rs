//! One value for each thread.

use std::fmt;

use thread_local::ThreadLocal;

/// A value for each thread, made on first use.
///
/// It is for what is better not shared: a client with its own connections, a buffer, a counter. The
/// values are dropped with the container or by [`clear`](PerThread::clear). That of a thread that has
/// ended stays, and passes to a later thread.
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
    /// Makes a container whose values `make` makes.
    pub const fn new(make: F) -> PerThread<T, F> {
        PerThread { values: ThreadLocal::new(), make }
    }

    /// Returns the calling thread's value, made now if this is its first use.
    ///
    /// # Panics
    ///
    /// With the panic of the function that makes it, and in destructors of thread-locals at the
    /// thread's exit.
    pub fn get(&self) -> &T {
        self.values.get_or(&self.make)
    }

    /// Drops the values of all threads.
    pub fn clear(&mut self) {
        self.values.clear();
    }
}

impl<T: Send + fmt::Debug, F> fmt::Debug for PerThread<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerThread").finish_non_exhaustive()
    }
}
