use std::pin::Pin;

use pin_project_lite::pin_project;

use crate::bridge::Mark;
use crate::call::future::entered::InsideShared;
use crate::call::through::Through;
use crate::site::Name;

const UNTIL_ITS_END: &str = "the future is there until it has ended, and its call is gone then";

pin_project! {
    #[doc = include_str!("../call.md")]
    #[project = Projection]
    #[must_use = "a call does nothing until it is waited for with `.wait()` or awaited with `.await`"]
    pub struct Call<F> {
        // There until its end.
        #[pin]
        pub(in crate::call) future: Option<F>,
        pub(in crate::call) name: Name,
        pub(in crate::call) through: Through,
    }

    impl<F> PinnedDrop for Call<F> {
        fn drop(this: Pin<&mut Self>) {
            // A look at one word, and all else out of line: this is part of each wait, and where it is not inlined the
            // compiler keeps one copy of the future for each way out of its caller.
            let Projection { future, through, .. } = this.project();
            if through.is_set() {
                end(future, through);
            }
        }
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
    pub fn into_inner(mut self) -> F {
        self.future.take().expect(UNTIL_ITS_END)
    }

    #[inline(always)]
    pub(in crate::call) fn slot(self: Pin<&mut Self>) -> (&mut Through, Pin<&mut Option<F>>) {
        let Projection { future, through, .. } = self.project();
        (through, future)
    }

    #[inline]
    pub(in crate::call) fn parts(self: Pin<&mut Self>) -> (&mut Through, Pin<&mut F>) {
        let Projection { future, through, .. } = self.project();
        (through, future.as_pin_mut().expect(UNTIL_ITS_END))
    }

    #[inline]
    pub(in crate::call) fn through(&self) -> &Through {
        &self.through
    }

    #[inline]
    pub(in crate::call) fn through_mut(&mut self) -> &mut Through {
        &mut self.through
    }

    /// Has the future be dropped inside the shared runtime.
    pub(in crate::call) fn set_foreign(self: Pin<&mut Self>, before: Mark) {
        self.project().through.set_mark(Mark { foreign: true, ..before });
    }
}

#[inline(never)]
fn end<F>(mut future: Pin<&mut Option<F>>, through: &mut Through) {
    let Some(bridge) = through.take() else { return };
    if future.is_some() && bridge.mark().is_some_and(|mark| mark.foreign) {
        let _inside = InsideShared::new(&bridge);
        future.set(None);
    }
}

/// Makes a call. A macro, since a debug build copies what is passed on.
macro_rules! make_call {
    ($name:expr, $through:expr, $future:expr) => {
        $crate::call::held::Call { future: Some($future), name: $name, through: $through }
    };
}
pub(in crate::call) use make_call;

/// Pins a call, and names its way and its future.
macro_rules! pin_call {
    ($call:ident => $through:ident, $future:ident) => {
        let mut call = pin!($call);
        let ($through, $future) = call.as_mut().slot();
    };
}
pub(in crate::call) use pin_call;
