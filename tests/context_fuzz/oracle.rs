//! What is true of the code that is running. Whatever enters a context records the new truth.

use std::cell::Cell;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context as TaskContext, Poll};

use smartasync::{Context, Outcome, WaitErrorKind, context, smartasync};

use crate::tree::Flavour;

/// Where code runs. Each thread has one; whatever enters a context sets it, and restores it afterwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here {
    /// Who polls, if the code runs in a future.
    pub(crate) poller: Option<Poller>,
    /// The innermost scheduler that the thread works for. A blocking section does not end that: inside it Tokio
    /// still shows the scheduler, and after it Tokio gives the budget back.
    pub(crate) scheduler: Option<Flavour>,
    /// The current handle.
    pub(crate) handle: Option<Flavour>,
    /// Whether somebody drives the runtime of the current handle.
    pub(crate) is_driven: bool,
    /// Inside a `LocalSet`.
    pub(crate) is_local: bool,
    /// Whether Tokio limits the code by a budget.
    pub(crate) is_limited: bool,
    /// Whether the thread runs a task or a `spawn_blocking` job.
    pub(crate) has_task_id: bool,
    /// Whether a task of a current-thread runtime waits for this code: nobody drives that runtime meanwhile.
    pub(crate) holds_driver: bool,
    /// Whether the future has the waker of a call that is waited for.
    pub(crate) has_call_waker: bool,
    /// Whether the current handle is that of the bridge that parks.
    pub(crate) is_on_park: bool,
    /// Whether a worker of that bridge polls the code, whatever the current handle.
    pub(crate) is_park_worker: bool,
    /// Whether a call of that bridge polls the code in the poll of `poller`.
    pub(crate) is_parked: bool,
    /// Whether a thread that drives a runtime may be parked until this code has ended.
    pub(crate) parks_driver: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Poller {
    Scheduler(Flavour),
    /// A `block_on` that drives no scheduler, and whether Tokio allows `block_in_place` in it.
    Root {
        allows_section: bool,
    },
    /// A call that is awaited and has entered the shared runtime.
    Shared,
}

impl Here {
    pub(crate) const PLAIN: Here = Here {
        poller: None,
        scheduler: None,
        handle: None,
        is_driven: true,
        is_local: false,
        is_limited: false,
        has_task_id: false,
        holds_driver: false,
        has_call_waker: false,
        is_on_park: false,
        is_park_worker: false,
        is_parked: false,
        parks_driver: false,
    };

    pub(crate) fn now() -> Here {
        HERE.get()
    }

    /// Inside a future that `poller` polls, where the current handle is that of a runtime of this flavour.
    pub(crate) fn polled(self, poller: Poller, handle: Flavour) -> Here {
        let scheduler = match poller {
            Poller::Scheduler(flavour) => Some(flavour),
            Poller::Root { .. } | Poller::Shared => self.scheduler,
        };
        Here {
            poller: Some(poller),
            scheduler,
            handle: Some(handle),
            is_driven: true,
            is_limited: true,
            has_call_waker: false,
            is_on_park: false,
            is_park_worker: false,
            is_parked: false,
            ..self
        }
    }

    /// Inside a future of the bridge that parks, which is polled inside a poll.
    pub(crate) fn parked(self) -> Here {
        let is_scheduler = matches!(self.poller, Some(Poller::Scheduler(_)));
        let drives = self.poller == Some(Poller::Scheduler(Flavour::Current));
        Here {
            handle: Some(Flavour::Multi),
            is_driven: true,
            is_limited: !is_scheduler,
            has_call_waker: true,
            is_on_park: true,
            is_parked: true,
            holds_driver: self.holds_driver || drives,
            parks_driver: self.parks_driver || is_scheduler,
            ..self
        }
    }

    /// Whether a call of the bridge that parks is made in a poll that blocks none of its own workers.
    pub(crate) fn may_park(self) -> bool {
        let is_own =
            matches!(self.poller, Some(Poller::Scheduler(_))) && self.is_on_park && !self.is_parked;
        self.expected() == Context::Async && !is_own
    }

    /// Whether an awaited call that is polled here for the first time enters the shared runtime. It does so in a
    /// root future of a current-thread runtime that shows no budget, which looks like an `enter()` guard.
    fn enters_shared(self) -> bool {
        let is_current = self.handle == Some(Flavour::Current);
        self.is_hidden() && is_current && !self.has_task_id && !self.has_call_waker
    }

    /// The true context.
    fn verdict(self) -> Context {
        match (self.poller, self.handle) {
            (Some(_), _) => Context::Async,
            (None, Some(_)) => Context::Blocking,
            (None, None) => Context::Sync,
        }
    }

    /// The known limit: a root future that shows no budget reads as `Blocking`.
    fn is_hidden(self) -> bool {
        !self.is_limited && self.is_bare_root()
    }

    /// Whether this is a root future on a thread that works for no scheduler.
    fn is_bare_root(self) -> bool {
        matches!(self.poller, Some(Poller::Root { .. })) && self.scheduler.is_none()
    }

    /// The context that the crate reports: the truth except for the known limit.
    pub(crate) fn expected(self) -> Context {
        if self.is_hidden() { Context::Blocking } else { self.verdict() }
    }

    /// Whether Tokio lets a `block_on` or a blocking section begin here.
    pub(crate) fn may_enter(self) -> bool {
        self.poller.is_none()
    }

    pub(crate) fn may_open_section(self) -> bool {
        match self.poller {
            None | Some(Poller::Scheduler(Flavour::Multi)) => true,
            Some(Poller::Scheduler(Flavour::Current) | Poller::Shared) => false,
            Some(Poller::Root { .. }) if self.scheduler.is_some() => true,
            Some(Poller::Root { allows_section }) => allows_section && !self.is_local,
        }
    }

    /// Whether a call may be waited for: true where the context allows it.
    pub(crate) fn may_wait(self) -> bool {
        self.expected() != Context::Async && (self.may_enter() || self.may_open_section())
    }

    /// Whether this is the one place where Tokio allows nothing and shows nothing. Only the context may be asked
    /// for there.
    fn is_out_of_reach(self) -> bool {
        self.is_hidden() && !self.may_open_section()
    }
}

thread_local! {
    static HERE: Cell<Here> = const { Cell::new(Here::PLAIN) };
}

/// Runs `f` as code that is at `here`.
pub(crate) fn within<T>(here: Here, f: impl FnOnce() -> T) -> T {
    let before = HERE.replace(here);
    let result = f();
    HERE.set(before);
    result
}

/// Runs `f` with another current handle. The state of the budget, and what `f` does to it, is kept.
pub(crate) fn entered<T>(handle: Flavour, is_driven: bool, f: impl FnOnce() -> T) -> T {
    let before = Here::now();
    HERE.set(Here { handle: Some(handle), is_driven, is_on_park: false, ..before });
    let result = f();
    let Here { handle, is_driven, is_on_park, .. } = before;
    HERE.set(Here { handle, is_driven, is_on_park, ..Here::now() });
    result
}

/// Runs `f` in a blocking section. Where Tokio does not give the budget back afterwards, neither does this.
pub(crate) fn section<T>(f: impl FnOnce() -> T) -> T {
    let before = Here::now();
    if before.poller.is_none() {
        return tokio::task::block_in_place(f);
    }
    let inside = Here { poller: None, is_local: false, is_limited: false, ..before };
    HERE.set(inside);
    let result = tokio::task::block_in_place(f);
    HERE.set(Here { is_limited: before.is_limited && !before.is_bare_root(), ..before });
    result
}

/// Records what a `.wait()` leaves behind in the known limit: it opens a section, as [`section`] does.
pub(crate) fn after_wait() {
    let here = Here::now();
    if here.is_bare_root() {
        HERE.set(Here { is_limited: false, ..here });
    }
}

/// A future that is polled in another place than the code around it. Each poll begins there anew.
pub(crate) struct At<F> {
    here: Place,
    future: F,
}

enum Place {
    Fixed(Here),
    Unconstrained,
}

impl<F> At<F> {
    pub(crate) fn new(here: Here, future: F) -> At<F> {
        At { here: Place::Fixed(here), future }
    }

    /// Polls `future` where this future is polled, but without a budget.
    pub(crate) fn unconstrained(future: F) -> At<F> {
        At { here: Place::Unconstrained, future }
    }
}

impl<F: Future + Unpin> Future for At<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let here = match self.here {
            Place::Fixed(here) => here,
            Place::Unconstrained => Here { is_limited: false, ..Here::now() },
        };
        within(here, || Pin::new(&mut self.future).poll(cx))
    }
}

/// The polls of an awaited call.
pub(crate) struct Awaited<F> {
    future: F,
    was_polled_by_tokio: bool,
}

impl<F> Awaited<F> {
    pub(crate) fn new(future: F) -> Awaited<F> {
        Awaited { future, was_polled_by_tokio: false }
    }
}

impl<F: Future + Unpin> Future for Awaited<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<F::Output> {
        let here = Here::now();
        if !self.was_polled_by_tokio && here.enters_shared() {
            let place = here.polled(Poller::Shared, Flavour::Multi);
            return within(place, || Pin::new(&mut self.future).poll(cx));
        }
        // A poll in a task says nothing about later polls.
        self.was_polled_by_tokio |= !here.has_task_id;
        Pin::new(&mut self.future).poll(cx)
    }
}

/// How many nodes have been checked, and in which contexts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) sync: u64,
    pub(crate) blocking: u64,
    pub(crate) asynchronous: u64,
    pub(crate) known_limits: u64,
    /// Calls that have parked in a poll.
    pub(crate) parked: u64,
}

pub(crate) struct Tallies(Mutex<Tally>);

pub(crate) static TALLY: Tallies = Tallies(Mutex::new(Tally {
    sync: 0,
    blocking: 0,
    asynchronous: 0,
    known_limits: 0,
    parked: 0,
}));

impl Tallies {
    pub(crate) fn get(&self) -> Tally {
        *self.0.lock().unwrap()
    }

    pub(crate) fn count_parked(&self) {
        self.0.lock().unwrap().parked += 1;
    }

    fn count(&self, here: Here) {
        let mut tally = self.0.lock().unwrap();
        tally.known_limits += u64::from(here.is_hidden());
        match here.expected() {
            Context::Sync => tally.sync += 1,
            Context::Blocking => tally.blocking += 1,
            Context::Async => tally.asynchronous += 1,
        }
    }
}

#[smartasync]
async fn answer(number: u32) -> u32 {
    tokio::task::yield_now().await;
    number
}

/// Compares everything that the crate says about this place with the truth.
pub(crate) fn check() {
    let here = Here::now();
    TALLY.count(here);
    let expected = here.expected();
    assert_eq!(context(), expected, "context() in {here:?}");
    if here.is_out_of_reach() {
        return;
    }
    match (answer(1).try_wait(), expected) {
        (Err(error), Context::Async) => {
            assert_eq!(error.kind(), WaitErrorKind::AsyncContext, "{here:?}");
            let call = error.into_call().expect("it was not started");
            assert_eq!(call.name(), "answer");
        }
        (Ok(1), Context::Sync | Context::Blocking) => after_wait(),
        (result, _) => panic!("try_wait() gives {result:?} in {here:?}"),
    }
    match (answer(2).dispatch(), expected) {
        (Outcome::Pending(_), Context::Async) => {}
        (Outcome::Ready(2), Context::Sync | Context::Blocking) => {}
        (outcome, _) => panic!("dispatch() gives {outcome:?} in {here:?}"),
    }
    assert_eq!(context(), Here::now().expected(), "context() after the calls in {here:?}");
}

/// Does what [`check`] does, in a future. A call that was refused is awaited.
pub(crate) async fn check_async() {
    check();
    assert_eq!(answer(3).await, 3);
    if !Here::now().is_out_of_reach() {
        let dispatched = answer(4).dispatch();
        if dispatched.is_ready() {
            after_wait();
        }
        assert_eq!(dispatched.await, 4);
    }
}
