//! Values that belong to one process. A forked child has none of its parent's threads, so it must not use what
//! they drove or may have locked.

use std::sync::OnceLock;

#[cfg(not(miri))]
use forkguard::Guard;
// Miri knows no `pthread_atfork`.
#[cfg(miri)]
use forkguard::pid::Guard;

/// The process in which something was made.
#[derive(Clone, Debug)]
pub(crate) struct Process(Guard);

impl Process {
    pub(crate) fn current() -> Process {
        Process(Guard::default())
    }

    /// Whether the caller is still in that process, and not in a forked child. Takes one relaxed load.
    #[inline]
    pub(crate) fn is_current(&self) -> bool {
        !self.0.clone().detected_fork()
    }
}

/// A value of which a forked child makes its own.
///
/// A child reads only parts of the inherited value that cannot be locked. Values that must not be dropped in the
/// child check for that themselves.
#[derive(Debug)]
pub(crate) struct PerProcess<T> {
    /// The value of the process that has made it. A forked child may read what cannot be locked.
    pub(crate) value: T,
    made_in: Process,
    in_child: OnceLock<Box<PerProcess<T>>>,
}

impl<T> PerProcess<T> {
    pub(crate) fn new(value: T) -> PerProcess<T> {
        PerProcess { value, made_in: Process::current(), in_child: OnceLock::new() }
    }

    /// Returns this process's value. In a forked child, `renew` makes it from the inherited one.
    #[inline]
    pub(crate) fn get(&self, renew: fn(&T) -> T) -> &T {
        if self.made_in.is_current() { &self.value } else { self.get_in_child(renew) }
    }

    #[cold]
    fn get_in_child(&self, renew: fn(&T) -> T) -> &T {
        let own = self.in_child.get_or_init(|| Box::new(PerProcess::new(renew(&self.value))));
        own.get(renew)
    }
}
