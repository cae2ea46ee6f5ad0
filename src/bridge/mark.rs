//! Bridges that nobody calls.

use std::sync::LazyLock;

use super::Bridge;
use super::inner::{Backend, Inner};

/// What a call keeps in the place of its bridge once it was polled outside of Tokio's tasks: no bridge plays a part
/// there, and there is no room for both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// There was a current runtime that somebody drives.
    pub(crate) near_tokio: bool,
    /// Another executor has polled it.
    pub(crate) foreign: bool,
    /// Its last poll could not leave what it had entered. Such a mark is like no other.
    pub(crate) left_over: bool,
}

impl Bridge {
    /// Returns the bridge that stands for a mark.
    pub(crate) fn marked(mark: Mark) -> Bridge {
        static NEAR: LazyLock<Bridge> =
            LazyLock::new(|| new(Mark { near_tokio: true, ..Mark::default() }));
        static FOREIGN: LazyLock<Bridge> =
            LazyLock::new(|| new(Mark { foreign: true, ..Mark::default() }));
        static BOTH: LazyLock<Bridge> =
            LazyLock::new(|| new(Mark { near_tokio: true, foreign: true, left_over: false }));

        match mark {
            Mark { left_over: true, .. } => new(mark),
            Mark { near_tokio: true, foreign: false, .. } => NEAR.clone(),
            Mark { near_tokio: false, .. } => FOREIGN.clone(),
            Mark { .. } => BOTH.clone(),
        }
    }

    /// Returns what the bridge stands for, unless it is a bridge.
    #[inline]
    pub(crate) fn mark(&self) -> Option<Mark> {
        self.inner.value.mark
    }

    pub(crate) fn is_same(&self, other: &Bridge) -> bool {
        std::ptr::eq(&*self.inner, &*other.inner)
    }
}

fn new(mark: Mark) -> Bridge {
    Bridge::with(Inner { mark: Some(mark), ..Inner::of_all(Backend::Inherited) })
}
