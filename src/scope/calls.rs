//! The calls of one scope, and their polls.

use std::any::Any;
use std::cell::RefCell;
use std::future::poll_fn;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::waiters::{ScopeWaker, Waiters};
use crate::bridge::{self, Bridge, Entered, Route};
use crate::call::Call;
use crate::context::Context as CallerContext;
use crate::exec::job::FutureJob;
use crate::exec::limits::Limits;
use crate::site::{Name, Site};

/// The calls of one scope: all that have begun and are not done.
///
/// They belong to the thread. Whatever waits for one of them polls all that were woken, so that all make progress.
pub(super) struct Calls<'scope> {
    running: ManuallyDrop<Running<'scope>>,
    /// The panic of a call that nobody joins. The scope raises it at its end.
    lost: RefCell<Option<Box<dyn Any + Send>>>,
    /// `None` for the default bridge.
    bridge: Option<Bridge>,
    /// The place of the scope, and its name.
    site: Site,
    waiters: Arc<ScopeWaker>,
    /// Made of `waiters`.
    waker: Waker,
}

/// What may borrow from the caller, and from the scope itself.
///
/// A value that borrows from itself cannot have a destructor. So this one is in a `ManuallyDrop`, and
/// `Calls::close` empties it.
struct Running<'scope> {
    /// `None` once the scope is closed. It is borrowed while it is polled.
    set: RefCell<Option<FuturesUnordered<Member<'scope>>>>,
    /// The calls that begin while the set is polled.
    incoming: RefCell<Vec<Member<'scope>>>,
}

impl<'scope> Calls<'scope> {
    /// # Panics
    ///
    /// Like a wait, where a call cannot be waited for.
    #[track_caller]
    pub(super) fn new(bridge: Option<&Bridge>, site: Site) -> Calls<'scope> {
        if let Err(cause) = Route::new().find(bridge) {
            cause.panic(site, false);
        }
        let set = RefCell::new(Some(FuturesUnordered::new()));
        let waiters = Arc::new(ScopeWaker(Waiters::default()));
        Calls {
            running: ManuallyDrop::new(Running { set, incoming: RefCell::default() }),
            lost: RefCell::new(None),
            bridge: bridge.cloned(),
            site,
            waker: Waker::from(Arc::clone(&waiters)),
            waiters,
        }
    }

    fn bridge(&self) -> Option<&Bridge> {
        self.bridge.as_ref()
    }

    /// Waits for a call that runs through the bridge of the scope, without the limit of that bridge.
    #[track_caller]
    pub(super) fn wait_for<F: Future>(&self, name: Name, future: F) -> F::Output {
        let call = self.call(name, future);
        if !self.bridge().is_some_and(Bridge::has_timeout) {
            return call.wait();
        }
        match call.unlimited().wait() {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// A call that runs through the bridge of the scope.
    pub(super) fn call<F: Future>(&self, name: Name, future: F) -> Call<F> {
        let call = Call::new(name, future);
        match &self.bridge {
            Some(bridge) => call.on(bridge),
            None => call,
        }
    }

    /// Whether a call of this scope is being polled further down the stack.
    pub(super) fn is_polling(&self) -> bool {
        self.running.set.try_borrow().is_err()
    }

    /// Begins a call. If the thread may block, the call is polled before this returns. Once the scope is closed,
    /// nothing begins.
    pub(super) fn begin(
        &'scope self,
        call: Pin<Box<dyn Future<Output = ()> + 'scope>>,
        site: Site,
    ) {
        let member = Member { call: Some(call), calls: self };
        {
            let Ok(set) = self.running.set.try_borrow() else {
                // The code that polls the set takes it from there.
                return self.running.incoming.borrow_mut().push(member);
            };
            let Some(set) = &*set else { return };
            set.push(member);
        }
        // Other calls may be waiting for what the new call does.
        self.waiters.0.wake();
        self.advance(site);
    }

    /// Polls all calls that were woken, until `is_done`. It is also ready if there are none left.
    pub(super) fn poll_until(&self, cx: &Context<'_>, is_done: &dyn Fn() -> bool) -> Poll<()> {
        self.waiters.0.poll(cx.waker(), || self.poll(is_done))
    }

    /// Waits until all calls are done.
    ///
    /// # Panics
    ///
    /// If they cannot be waited for.
    #[track_caller]
    pub(super) fn finish(&self) {
        if self.is_empty() {
            return;
        }
        let future = pin!(Some(poll_fn(|cx| self.poll_until(cx, &|| false))));
        let mut job = FutureJob::new(self.site, future);
        // A limit that the bridge has for its calls is none of the scope's.
        bridge::wait_within(self.bridge(), Limits::new(None, true), &mut job);
        job.ending.output()
    }

    /// Drops the calls that are not done, inside the runtime.
    pub(super) fn close(&self) {
        let is_empty = self.is_empty();
        let rest = (self.running.set.take(), self.running.incoming.take());
        if !is_empty {
            let _entered = Entered::new(self.bridge());
            drop(rest);
        }
    }

    /// Keeps a panic that nobody joins for the end of the scope. The first one says most.
    pub(super) fn lose(&self, payload: Box<dyn Any + Send>) {
        let mut lost = self.lost.borrow_mut();
        if lost.is_none() {
            *lost = Some(payload);
        }
    }

    /// Raises the panic that nobody has joined, if there is one.
    pub(super) fn raise_lost(&self) {
        if let Some(payload) = self.lost.take() {
            resume_unwind(payload);
        }
    }

    fn is_empty(&self) -> bool {
        let set = self.running.set.borrow();
        set.as_ref().is_none_or(FuturesUnordered::is_empty)
            && self.running.incoming.borrow().is_empty()
    }

    /// Polls all calls that were woken once, though nobody waits for them.
    fn advance(&self, site: Site) {
        let through = self.bridge().unwrap_or_else(|| bridge::default());
        if through.context() == CallerContext::Async {
            return;
        }
        let future = pin!(Some(poll_fn(|_| {
            let _ = self.poll(&|| false);
            Poll::Ready(())
        })));
        let mut job = FutureJob::new(site, future);
        bridge::wait(self.bridge(), &mut job);
        // If this was not possible, whoever waits for the call gets the error.
        let _ = job.ending.result::<()>();
    }

    fn poll(&self, is_done: &dyn Fn() -> bool) -> Poll<()> {
        let running = &*self.running;
        let mut set = running.set.borrow_mut();
        let Some(set) = &mut *set else { return Poll::Ready(()) };
        let mut cx = Context::from_waker(&self.waker);
        loop {
            set.extend(running.incoming.take());
            if is_done() {
                return Poll::Ready(());
            }
            let polled = set.poll_next_unpin(&mut cx);
            match polled {
                Poll::Ready(Some(())) => {}
                _ if !running.incoming.borrow().is_empty() => {}
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// One call in the set. Whatever it does, the others are not disturbed.
struct Member<'scope> {
    /// `None` once it is dropped.
    call: Option<Pin<Box<dyn Future<Output = ()> + 'scope>>>,
    calls: &'scope Calls<'scope>,
}

impl Future for Member<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let call = self.call.as_mut().expect("it is there until it is dropped");
        // A panic of the call itself is caught further in. This one comes from dropping an output that nobody
        // wants.
        match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(polled) => polled,
            Err(payload) => {
                self.calls.lose(payload);
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        let call = self.call.take();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(call))) {
            self.calls.lose(payload);
        }
    }
}
