//! What a decorated function returns.

mod future;
mod limited;
mod make;
mod outcome;

use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::pin::{Pin, pin};

use crate::bridge::{self, Bridge, Mark, Route};
use crate::error::{WaitError, WaitErrorKind};
use crate::exec::job::{BoxedJob, FutureJob, is_large};
use crate::exec::limits::Limits;
use crate::site::{Name, Site};
#[cfg(not(debug_assertions))]
use held::Named;
#[cfg(debug_assertions)]
use held::{EnterOnDrop, LeaveOnDrop};
use held::{make_call, pin_call};

pub use held::Call;
pub use limited::LimitedCall;
pub use make::BoxCall;
pub use outcome::{Outcome, OutcomeFuture};

impl<F: Future> Call<F> {
    /// Blocks the calling thread until the call is done, and returns its output.
    ///
    /// # Panics
    ///
    /// Where [`try_wait`](Call::try_wait) returns an error, with that error as the message and the
    /// caller's location, in debug and release builds alike. A panic of the function itself reaches
    /// the caller unchanged, and the thread's runtime stays usable.
    ///
    /// A wait in the initialiser of a [`LazyLock`](std::sync::LazyLock) panics if a task is the first to touch
    /// that static, and then the static is poisoned for the whole process. A [`OnceLock`](std::sync::OnceLock) is
    /// not poisoned: a later thread initialises it. A [`tokio::sync::OnceCell`] behind a decorated function is
    /// initialised by the first caller, a thread or a task:
    ///
    /// ```
    /// use smartasync::smartasync;
    /// use tokio::sync::OnceCell;
    ///
    /// # async fn load() -> String { "settings".to_owned() }
    /// #[smartasync]
    /// async fn settings() -> &'static str {
    ///     static SETTINGS: OnceCell<String> = OnceCell::const_new();
    ///     SETTINGS.get_or_init(load).await
    /// }
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// assert_eq!(settings().await, "settings");
    /// # });
    /// assert_eq!(settings().wait(), "settings");
    /// ```
    ///
    /// # Examples
    ///
    /// ```
    /// # use smartasync::smartasync;
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// let workers = [(); 4].map(|()| std::thread::spawn(|| answer().wait()));
    /// assert!(workers.into_iter().all(|worker| worker.join().unwrap() == 42));
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn wait(self) -> F::Output {
        let site = self.site();
        #[cfg(debug_assertions)]
        if const { is_large::<F>() } {
            let (bridge, call) = (self.through().bridge().cloned(), Box::pin(self));
            let mut job = BoxedJob::new(site, call, Call::future);
            bridge::wait(bridge.as_ref(), &mut job);
            return job.ending.output();
        }
        pin_call!(self => through, future);
        let mut job = FutureJob::new(site, future);
        bridge::wait(through.bridge(), &mut job);
        job.ending.output()
    }

    /// Blocks the calling thread until the call is done, or hands the call back if it cannot be run.
    ///
    /// # Errors
    ///
    /// [`AsyncContext`](crate::WaitErrorKind::AsyncContext) if the caller is async code,
    /// [`Runtime`](crate::WaitErrorKind::Runtime) if there is no runtime to run on, and
    /// [`Shutdown`](crate::WaitErrorKind::Shutdown) if the call's bridge has been shut down. The call has not
    /// started, and [`WaitError::into_call`] returns it, unless the bridge was shut down while the call waited.
    /// [`TimedOut`](crate::WaitErrorKind::TimedOut) on a bridge with a [`timeout`](crate::BridgeBuilder::timeout).
    ///
    /// The error of a call that borrows an argument cannot leave a function with `?`: use
    /// [`wait_timeout`](Call::wait_timeout), or `.map_err(WaitError::without_call)?`.
    ///
    /// # Panics
    ///
    /// With a panic of the function itself. Otherwise only in the two places that the limits of
    /// [`context()`](crate::context()) name.
    ///
    /// # Examples
    ///
    /// ```
    /// # use smartasync::smartasync;
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let error = answer().try_wait().unwrap_err();
    /// let call = error.into_call().unwrap();
    /// assert_eq!(call.await, 42);
    /// # });
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    pub fn try_wait(self) -> Result<F::Output, WaitError<Call<F>>> {
        self.try_wait_within(None)
    }

    /// Runs the call where the caller may block, and returns its future where it must not.
    ///
    /// # Panics
    ///
    /// When the caller may block and there is no runtime to run on or the bridge is shut down, and with a
    /// panic of the function itself, unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{Outcome, smartasync};
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// assert!(matches!(answer().dispatch(), Outcome::Ready(42)));
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let Outcome::Pending(future) = answer().dispatch() else { panic!("async code must not block") };
    /// assert_eq!(future.await, 42);
    /// # });
    /// ```
    #[track_caller]
    pub fn dispatch(self) -> Outcome<F> {
        match self.try_wait() {
            Ok(output) => Outcome::Ready(output),
            Err(error) if error.kind() != WaitErrorKind::AsyncContext => panic!("{error}"),
            Err(error) => {
                let call = error.into_call().expect("a call in async code has not started");
                Outcome::Pending(call)
            }
        }
    }

    /// Runs the call through `bridge` when a method of the call waits for it. The bridge has no effect if the call
    /// is awaited, or passed on as a future (for example to [`block_on`](crate::block_on)), or if another executor than
    /// Tokio has polled it before.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{Bridge, smartasync};
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// let bridge = Bridge::builder().build();
    /// assert_eq!(answer().on(&bridge).wait(), 42);
    /// ```
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn on(mut self, bridge: &Bridge) -> Call<F> {
        self.through_mut().set(bridge);
        self
    }

    /// Returns the name of the decorated function, or of the function that made the call from a bare future.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{Bridge, smartasync};
    ///
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// assert_eq!(answer().name(), "answer");
    /// assert_eq!(Bridge::per_thread().call(async {}).name(), "Bridge::call");
    /// ```
    pub fn name(&self) -> &'static str {
        (self.name_of())()
    }

    /// Returns the bare future, which is independent of this crate.
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
        self.take_future()
    }

    /// Runs the call within `limits`, or hands it back if it cannot be run.
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    fn try_wait_within(
        self,
        mut limits: Option<Limits<'_>>,
    ) -> Result<F::Output, WaitError<Call<F>>> {
        let (site, bridge) = (self.site(), self.through().bridge().cloned());
        let mut route = Route::new();
        // The call is handed back if it cannot be run, so it cannot be pinned before that is known, and pinning it
        // later copies it.
        if const { is_large::<F>() } {
            let call = Box::new(self);
            if let Err(cause) = route.find_within(bridge.as_ref(), &mut limits) {
                return Err(WaitError::new(cause, call, site));
            }
            let mut job = BoxedJob::new(site, Box::into_pin(call), Call::future);
            route.run(&mut job, limits.as_mut());
            return job.ending.result();
        }
        if let Err(cause) = route.find_within(bridge.as_ref(), &mut limits) {
            return Err(WaitError::new(cause, Box::new(self), site));
        }
        pin_call!(self => _through, future);
        let mut job = FutureJob::new(site, future);
        route.run(&mut job, limits.as_mut());
        job.ending.result()
    }

    /// Runs the call within `limits`. A call that cannot be run is dropped.
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    fn wait_within(self, limits: Limits<'_>) -> Result<F::Output, WaitError> {
        let site = self.site();
        #[cfg(debug_assertions)]
        if const { is_large::<F>() } {
            let (bridge, call) = (self.through().bridge().cloned(), Box::pin(self));
            let mut job = BoxedJob::new(site, call, Call::future);
            bridge::wait_within(bridge.as_ref(), limits, &mut job);
            return job.ending.result();
        }
        pin_call!(self => through, future);
        let mut job = FutureJob::new(site, future);
        bridge::wait_within(through.bridge(), limits, &mut job);
        job.ending.result()
    }
}

impl<F> Call<F> {
    #[inline]
    fn future(self: Pin<&mut Self>) -> Pin<&mut F> {
        self.parts().1
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    #[track_caller]
    fn site(&self) -> Site {
        Site { name: self.name_of(), caller: Location::caller() }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn new(name: Name, future: F) -> Call<F> {
        make_call!(name, Through::NONE, future)
    }
}

impl Bridge {
    /// Makes a call of any future. The call runs through this bridge when it is waited for, with a deadline or in
    /// any other way that a call offers.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Bridge, WaitErrorKind};
    ///
    /// let call = Bridge::per_thread().call(std::future::pending::<()>());
    /// let error = call.wait_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// ```
    pub fn call<F: IntoFuture>(&self, future: F) -> Call<F::IntoFuture> {
        self.named_call(|| "Bridge::call", future)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn named_call<F: IntoFuture>(&self, name: Name, future: F) -> Call<F::IntoFuture> {
        make_call!(name, Through::of(self), future.into_future())
    }
}

impl<F: Future> WaitError<Call<F>> {
    /// Turns the error of a call into that of the future from which the call was made.
    pub(crate) fn of_future(self) -> WaitError<F> {
        self.map_call(Call::into_inner)
    }
}

impl<F> fmt::Debug for Call<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("name", &(self.name_of())()).finish_non_exhaustive()
    }
}

/// Makes the call of a decorated function.
///
/// `T` is separate from `F` so that the attribute can name the output, and the body is checked against it.
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn call<T, F: Future<Output = T>>(name: fn() -> &'static str, future: F) -> Call<F> {
    make_call!(name, Through::NONE, future)
}

/// The bridge that a call is waited for through. Once it was polled outside of Tokio's tasks, no bridge plays a part, and a
/// mark is in its place: an awaited call is to be hardly larger than its future.
///
/// What holds it drops it: see `take`.
#[derive(Debug)]
struct Through(ManuallyDrop<Option<Bridge>>);

impl Through {
    /// A constant: beside a function that might panic, a debug build keeps a copy of the future for its drop.
    const NONE: Through = Through(ManuallyDrop::new(None));

    #[inline]
    fn of(bridge: &Bridge) -> Through {
        Through(ManuallyDrop::new(Some(bridge.clone())))
    }

    /// Sets the bridge, unless there is a mark.
    #[inline]
    fn set(&mut self, bridge: &Bridge) {
        if self.mark().is_none() {
            self.replace(bridge.clone());
        }
    }

    /// The same way for what takes the place of the call.
    fn copied(&self) -> Through {
        Through(ManuallyDrop::new((*self.0).clone()))
    }

    fn set_mark(&mut self, mark: Mark) {
        self.replace(Bridge::marked(mark));
    }

    #[inline]
    fn replace(&mut self, bridge: Bridge) {
        let before = self.0.replace(bridge);
        // As a rule there is none: then nothing is dropped, in an optimised build either.
        if before.is_some() {
            drop(before);
        }
    }

    #[cfg(not(debug_assertions))]
    #[inline]
    fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the bridge; none is the default one.
    #[inline]
    fn bridge(&self) -> Option<&Bridge> {
        self.0.as_ref().filter(|bridge| bridge.mark().is_none())
    }

    #[inline]
    fn mark(&self) -> Option<Mark> {
        self.0.as_ref().and_then(Bridge::mark)
    }

    /// Returns the mark as the key of what the last poll could not leave.
    fn left_over(&self) -> Option<&Bridge> {
        self.0.as_ref().filter(|bridge| bridge.mark().is_some_and(|mark| mark.left_over))
    }

    #[inline]
    fn take(&mut self) -> Option<Bridge> {
        self.0.take()
    }
}

/// A call is pinned together with its future, where the caller has made them, so that there is one place for both on the
/// stack. A future that another executor than Tokio has polled is dropped inside the shared runtime.
#[cfg(not(debug_assertions))]
mod held {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use pin_project_lite::pin_project;

    use super::Through;
    use super::future::entered::InsideShared;
    use crate::bridge::Mark;
    use crate::site::Name;

    const UNTIL_ITS_END: &str = "the future is there until it has ended, and its call is gone then";

    pin_project! {
        #[doc = include_str!("call/call.md")]
        #[project = Projection]
        #[must_use = "a call does nothing until it is waited for with `.wait()` or awaited with `.await`"]
        pub struct Call<F> {
            // There until its end.
            #[pin]
            pub(super) future: Option<Named<F>>,
            pub(super) through: Through,
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

    pin_project! {
        /// A future and its name, which is never null: so an `Option` around both needs no word of its own.
        pub(super) struct Named<F> {
            pub(super) name: Name,
            #[pin]
            pub(super) future: F,
        }
    }

    impl<F: Future> Future for Named<F> {
        type Output = F::Output;

        #[inline]
        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
            self.project().future.poll(cx)
        }
    }

    impl<F> Call<F> {
        pub(super) fn take_future(mut self) -> F {
            self.future.take().expect(UNTIL_ITS_END).future
        }

        /// Never panics: beside a panic the compiler keeps a copy of the future.
        #[inline]
        pub(super) fn name_of(&self) -> Name {
            self.future.as_ref().map_or(|| "a call", |named| named.name)
        }

        #[inline(always)]
        pub(super) fn slot(self: Pin<&mut Self>) -> (&mut Through, Pin<&mut Option<Named<F>>>) {
            let Projection { future, through, .. } = self.project();
            (through, future)
        }

        #[inline]
        pub(super) fn parts(self: Pin<&mut Self>) -> (&mut Through, Pin<&mut F>) {
            let Projection { future, through, .. } = self.project();
            (through, future.as_pin_mut().expect(UNTIL_ITS_END).project().future)
        }

        #[inline]
        pub(super) fn through(&self) -> &Through {
            &self.through
        }

        #[inline]
        pub(super) fn through_mut(&mut self) -> &mut Through {
            &mut self.through
        }

        /// Has the future be dropped inside the shared runtime.
        pub(super) fn set_foreign(self: Pin<&mut Self>, before: Mark) {
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
            $crate::call::Call {
                future: Some($crate::call::Named { name: $name, future: $future }),
                through: $through,
            }
        };
    }
    pub(super) use make_call;

    /// Pins a call, and names its way and its future.
    macro_rules! pin_call {
        ($call:ident => $through:ident, $future:ident) => {
            let mut call = pin!($call);
            let ($through, $future) = call.as_mut().slot();
        };
    }
    pub(super) use pin_call;
}

/// In a debug build a copy is made of all that is wrapped or moved, so here a call has the bare future.
#[cfg(debug_assertions)]
mod held {
    use std::cell::{Cell, RefCell};
    use std::marker::PhantomData;
    use std::pin::Pin;

    use pin_project_lite::pin_project;

    use super::Through;
    use super::future::entered::InsideShared;
    use crate::bridge::Mark;
    use crate::site::Name;

    pin_project! {
        #[doc = include_str!("call/call.md")]
        #[project = Projection]
        #[must_use = "a call does nothing until it is waited for with `.wait()` or awaited with `.await`"]
        // The fields are in the order in which they are to be dropped: the first enters, the last leaves. With a `Drop` of the
        // whole, the future could not be moved out.
        pub struct Call<F> {
            pub(super) enter: EnterOnDrop,
            #[pin]
            pub(super) future: F,
            pub(super) name: Name,
            pub(super) leave: LeaveOnDrop<F>,
        }
    }

    impl<F> Call<F> {
        pub(super) fn take_future(self) -> F {
            self.future
        }

        pub(super) fn name_of(&self) -> Name {
            self.name
        }

        pub(super) fn parts(self: Pin<&mut Self>) -> (&mut Through, Pin<&mut F>) {
            let Projection { enter, future, .. } = self.project();
            (&mut enter.0, future)
        }

        pub(super) fn through(&self) -> &Through {
            &self.enter.0
        }

        pub(super) fn through_mut(&mut self) -> &mut Through {
            &mut self.enter.0
        }

        /// Has the future be dropped inside the shared runtime.
        pub(super) fn set_foreign(self: Pin<&mut Self>, before: Mark) {
            let Projection { enter, .. } = self.project();
            enter.0.set_mark(Mark { foreign: true, ..before });
        }
    }

    /// Dropped before the future: enters the shared runtime, if another executor has polled the future.
    pub(super) struct EnterOnDrop(pub(super) Through);

    impl Drop for EnterOnDrop {
        fn drop(&mut self) {
            let depth = DEPTH.get() + 1;
            DEPTH.set(depth);
            let bridge = self.0.take();
            if let Some(mark) =
                bridge.filter(|bridge| bridge.mark().is_some_and(|mark| mark.foreign))
            {
                let inside = InsideShared::new(&mark);
                let _ = INSIDE.try_with(|all| all.borrow_mut().push((depth, inside)));
            }
        }
    }

    /// Dropped after the future: leaves the shared runtime, if the other guard has entered it.
    ///
    /// To the compiler it uses what the future borrows, as the drop of an optimised call does: both builds accept the
    /// same programs.
    pub(super) struct LeaveOnDrop<F>(pub(super) PhantomData<F>);

    impl<F> Drop for LeaveOnDrop<F> {
        fn drop(&mut self) {
            let depth = DEPTH.get();
            DEPTH.set(depth - 1);
            // Dropped when the list is not borrowed any longer: that may drop another call.
            let _inside = INSIDE.try_with(|all| {
                let mut all = all.borrow_mut();
                all.last().is_some_and(|(entered, _)| *entered == depth).then(|| all.pop())
            });
        }
    }

    thread_local! {
        /// How many calls are being dropped on this thread, each in the drop of another.
        static DEPTH: Cell<usize> = const { Cell::new(0) };
        /// What these have entered, the innermost last. It cannot be in the call, which is `Send`.
        static INSIDE: RefCell<Vec<(usize, InsideShared)>> = const { RefCell::new(Vec::new()) };
    }

    /// Makes a call. A macro, since a debug build copies what is passed on.
    macro_rules! make_call {
        ($name:expr, $through:expr, $future:expr) => {
            $crate::call::Call {
                enter: $crate::call::EnterOnDrop($through),
                future: $future,
                name: $name,
                leave: $crate::call::LeaveOnDrop(std::marker::PhantomData),
            }
        };
    }
    pub(super) use make_call;

    /// Pins the future of a call, and names its way and its future.
    macro_rules! pin_call {
        ($call:ident => $through:ident, $future:ident) => {
            let $through = &$call.enter.0;
            let $future = pin!(Some($call.future));
        };
    }
    pub(super) use pin_call;
}
