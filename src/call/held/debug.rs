use std::cell::RefCell;
use std::pin::Pin;

use pin_project_lite::pin_project;

use crate::bridge::Mark;
use crate::call::future::entered::InsideShared;
use crate::call::through::Through;
use crate::site::Name;

pin_project! {
    #[doc = include_str!("../call.md")]
    #[project = Projection]
    #[must_use = "a call does nothing until it is waited for with `.wait()` or awaited with `.await`"]
    // The fields are in the order in which they are to be dropped: the first enters, the last leaves. With a `Drop` of the
    // whole, the future could not be moved out.
    pub struct Call<F> {
        pub(in crate::call) enter: EnterOnDrop,
        #[pin]
        pub(in crate::call) future: F,
        pub(in crate::call) name: Name,
        pub(in crate::call) leave: LeaveOnDrop,
    }
}

impl<F> Call<F> {
    /// Returns the bare future, which knows nothing of this crate.
    ///
    /// # Examples
    ///
    /// ```
    /// # use smartasync::smartasync;
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// assert_eq!(pollster::block_on(answer().into_inner()), 42);
    /// ```
    pub fn into_inner(self) -> F {
        self.future
    }

    pub(in crate::call) fn parts(self: Pin<&mut Self>) -> (&mut Through, Pin<&mut F>) {
        let Projection { enter, future, .. } = self.project();
        (&mut enter.0, future)
    }

    pub(in crate::call) fn through(&self) -> &Through {
        &self.enter.0
    }

    pub(in crate::call) fn through_mut(&mut self) -> &mut Through {
        &mut self.enter.0
    }

    /// Has the future be dropped inside the shared runtime.
    pub(in crate::call) fn set_foreign(self: Pin<&mut Self>, before: Mark) {
        let Projection { enter, leave, .. } = self.project();
        enter.0.set_mark(Mark { foreign: true, ..before });
        leave.is_foreign = true;
    }
}

/// Dropped before the future: enters the shared runtime, if another executor has polled the future.
pub(in crate::call) struct EnterOnDrop(pub(in crate::call) Through);

impl Drop for EnterOnDrop {
    fn drop(&mut self) {
        let bridge = self.0.take();
        if let Some(bridge) = bridge.filter(|bridge| bridge.mark().is_some_and(|mark| mark.foreign))
        {
            let inside = InsideShared::new(&bridge);
            let _ = INSIDE.try_with(|all| all.borrow_mut().push(inside));
        }
    }
}

/// Dropped after the future: leaves the shared runtime, if the other guard has entered it.
pub(in crate::call) struct LeaveOnDrop {
    pub(in crate::call) is_foreign: bool,
}

impl Drop for LeaveOnDrop {
    fn drop(&mut self) {
        if self.is_foreign {
            let inside = INSIDE.try_with(|all| all.borrow_mut().pop());
            // The list is not borrowed any longer: what is dropped may drop another call.
            drop(inside);
        }
    }
}

thread_local! {
    /// One entry for each future that is being dropped on this thread, the innermost last. They cannot be in the call,
    /// which is `Send`.
    static INSIDE: RefCell<Vec<InsideShared>> = const { RefCell::new(Vec::new()) };
}

/// Makes a call. A macro, since a debug build copies what is passed on.
macro_rules! make_call {
    ($name:expr, $through:expr, $future:expr) => {
        $crate::call::held::Call {
            enter: $crate::call::held::EnterOnDrop($through),
            future: $future,
            name: $name,
            leave: $crate::call::held::LeaveOnDrop { is_foreign: false },
        }
    };
}
pub(in crate::call) use make_call;

/// Pins the future of a call, and names its way and its future.
macro_rules! pin_call {
    ($call:ident => $through:ident, $future:ident) => {
        let $through = &$call.enter.0;
        let $future = pin!(Some($call.future));
    };
}
pub(in crate::call) use pin_call;
