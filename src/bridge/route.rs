//! Finds the runtime that a call runs on, and runs it there.

mod entered;
mod in_poll;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::runtime::Handle;

use super::inner::{Backend, Inner, Slots, inherited};
use super::{Bridge, DEFAULT, Nested};
use crate::cache::private::{Private, SlotRuntime};
use crate::cache::thread::{self, CallSlot};
use crate::context::{Ambient, Poller, Scheduler, block_in_place};
use crate::error::Cause;
use crate::exec::drive::Drive;
use crate::exec::job::Job;
use crate::exec::lease::Lease;
use crate::exec::limits::Limits;
use crate::exec::run_on_handle;
use crate::exec::waker::CallWaker;
use crate::runtime::set::Runtimes;
use crate::runtime::tracker::CallToken;
#[cfg(feature = "tracing")]
use crate::span::{self, WaitSpan};

pub(crate) use entered::Entered;

use in_poll::InPoll;

/// Runs a job to its end through `bridge`, or through the default bridge.
#[inline(never)]
pub(crate) fn wait(bridge: Option<&Bridge>, job: &mut dyn Job) {
    let bridge = bridge.unwrap_or_else(|| default());
    let current = Handle::try_current();
    #[cfg(feature = "tracing")]
    if span::is_wanted() {
        return run_elsewhere(bridge.inner(), Ambient::beside(current), job);
    }
    if current.is_ok() {
        return run_elsewhere(bridge.inner(), Ambient::beside(current), job);
    }
    // Most calls go to the thread's own runtime, and nobody looks on: they pay for nothing else. In a forked child
    // nothing that was kept is found, so this need not ask in which process the bridge was made.
    if let Backend::PerThread(runtimes) = &bridge.inner.value.backend {
        if let Some(slot) = thread::kept_slot(runtimes) {
            return slot.lease.run(&slot.waker, job);
        }
    }
    run_here(bridge.inner(), job);
}

/// Runs a job on the thread's own runtime, or on the bridge's.
#[inline(never)]
fn run_here(inner: &Inner, job: &mut dyn Job) {
    match &inner.backend {
        Backend::Private(runtimes, slots) if inner.is_plain => {
            run_privately(runtimes, slots, job);
        }
        _ => run_elsewhere(inner, None, job),
    }
}

fn run_privately(runtimes: &Arc<Runtimes>, slots: &Slots, job: &mut dyn Job) {
    let private = match private_slot(runtimes, slots) {
        Ok(private) => private,
        Err(cause) => return job.header().refuse(cause),
    };
    match private.runtime() {
        SlotRuntime::Own(lease) => lease.run(private.waker(), job),
        SlotRuntime::Background(..) => unreachable!("a private bridge has no background runtime"),
    }
}

/// Returns what a private bridge keeps for the calling thread.
#[inline]
fn private_slot(runtimes: &Arc<Runtimes>, slots: &Slots) -> Result<Private, Cause> {
    thread::private_slot(slots, &runtimes.generation, || {
        Lease::take(runtimes).map(SlotRuntime::Own)
    })
}

#[cold]
#[inline(never)]
fn run_elsewhere(inner: &Inner, ambient: Option<Ambient>, job: &mut dyn Job) {
    match Target::find(inner, ambient) {
        Ok((target, block)) if inner.timeout.is_none() => target.run(inner, block, job, None),
        Ok((target, block)) => {
            let mut limits = Limits::default();
            match limits.start(inner.timeout) {
                Ok(()) => target.run(inner, block, job, Some(&mut limits)),
                Err(error) => job.header().refuse(error.into()),
            }
        }
        Err(cause) => job.header().refuse(cause),
    }
}

/// Runs a job within `limits` to its end through `bridge`, or through the default bridge.
#[inline(never)]
pub(crate) fn wait_within(bridge: Option<&Bridge>, limits: Limits<'_>, job: &mut dyn Job) {
    let (mut route, mut limits) = (Route::new(), Some(limits));
    match route.find_within(bridge, &mut limits) {
        Ok(()) => route.run(job, limits.as_mut()),
        Err(cause) => job.header().refuse(cause),
    }
}

/// The route of one call. It is found before the call's future is touched: if there is none, the future is handed
/// back.
pub(crate) struct Route<'a> {
    /// The thread's runtime of the process-wide bridge, if nothing else is needed. Most calls go there, and pay
    /// for one pointer only.
    own: Option<Rc<CallSlot>>,
    other: Option<Way<'a>>,
}

impl<'a> Route<'a> {
    #[inline]
    pub(crate) fn new() -> Route<'a> {
        Route { own: None, other: None }
    }

    /// Finds the route through `bridge`, or through the default bridge.
    ///
    /// # Errors
    ///
    /// Why there is none.
    #[inline(never)]
    pub(crate) fn find(&mut self, bridge: Option<&'a Bridge>) -> Result<(), Cause> {
        let inner = bridge.unwrap_or_else(|| default()).inner();
        let ambient = Ambient::find();
        if let (Backend::PerThread(runtimes), None, false) = (&inner.backend, &ambient, is_traced())
        {
            self.own = Some(thread::slot(runtimes)?);
        } else {
            let (target, block) = Target::find(inner, ambient)?;
            self.other = Some(Way { inner, target, block });
        }
        Ok(())
    }

    /// Finds the route of a call that has limits, and starts these.
    ///
    /// # Errors
    ///
    /// Those of `find`, and the reason why the timer thread cannot be started.
    #[inline(never)]
    pub(crate) fn find_within(
        &mut self,
        bridge: Option<&'a Bridge>,
        limits: &mut Option<Limits<'_>>,
    ) -> Result<(), Cause> {
        self.find(bridge)?;
        let default = self.other.as_ref().and_then(|route| route.inner.timeout);
        if limits.is_some() || default.is_some() {
            limits.get_or_insert_default().start(default)?;
        }
        Ok(())
    }

    /// Runs a job to its end.
    #[inline(never)]
    pub(crate) fn run(&self, job: &mut dyn Job, limits: Option<&mut Limits<'_>>) {
        match (&self.own, &self.other) {
            (Some(slot), _) if limits.is_none() => slot.lease.run(&slot.waker, job),
            (Some(slot), _) => slot.lease.run_within(&slot.waker, job, limits),
            (None, Some(Way { inner, target, block })) => target.run(inner, *block, job, limits),
            (None, None) => unreachable!("a way is found before it is gone"),
        }
    }
}

/// A route other than the thread's own runtime, or one whose call is observed.
struct Way<'a> {
    inner: &'a Inner,
    target: Target<'a>,
    block: Block,
}

/// How a call blocks its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// With Tokio.
    Plain,
    /// With Tokio, in a blocking section. If a poll cannot be told from a blocking section (see "Limits" of
    /// `context()`), Tokio allows no other block. Elsewhere the section changes nothing.
    InSection,
    /// Without Tokio, in a poll.
    InPoll,
}

impl Block {
    /// `None` where a call must not block.
    fn of(inner: &Inner, ambient: Option<&Ambient>) -> Option<Block> {
        match ambient {
            None => Some(Block::Plain),
            Some(Ambient::Own | Ambient::Handle(_)) => Some(Block::InSection),
            Some(Ambient::InPoll(poller)) => match (inner.nested, poller) {
                (Nested::Error, _) => None,
                #[cfg(feature = "rt-multi-thread")]
                (Nested::BlockInPlace, Poller::Scheduler(Scheduler { is_multi_thread, .. })) => {
                    is_multi_thread.then_some(Block::InSection)
                }
                #[cfg(feature = "rt-multi-thread")]
                (Nested::BlockInPlace, Poller::Marked | Poller::BlockOn) => None,
                // Blocking one of the threads that the call waits for.
                (Nested::Park, Poller::Scheduler(Scheduler { id, .. }))
                    if inner.backend.id() == Some(*id) =>
                {
                    None
                }
                (Nested::Park, _) => Some(Block::InPoll),
            },
        }
    }
}

/// What a call runs on.
enum Target<'a> {
    /// The thread's runtime of the process-wide bridge.
    Own(Rc<CallSlot>),
    /// The thread's runtime of a private bridge, or a background runtime.
    Private(Private),
    /// An application's runtime.
    Handle(Rc<CallWaker>, &'a Handle),
    /// The current runtime.
    Current(Rc<CallWaker>, Handle),
    /// A background runtime or an application's, for a call in a poll.
    InPoll(Box<InPoll<'a>>),
}

impl<'a> Target<'a> {
    /// The context table of the crate's documentation.
    ///
    /// # Errors
    ///
    /// Why the call cannot be run.
    fn find(inner: &'a Inner, ambient: Option<Ambient>) -> Result<(Target<'a>, Block), Cause> {
        let Some(block) = Block::of(inner, ambient.as_ref()) else {
            inner.counters.count(|set| &set.refused);
            // Such a bridge refuses nothing else.
            let parks = inner.nested == Nested::Park;
            return Err(if parks { Cause::OwnTask } else { Cause::Async });
        };
        if block == Block::InSection && !thread::is_prepared() {
            prepare();
        }
        let target = match (&inner.backend, ambient) {
            (Backend::Background(background, _), Some(poll)) if block == Block::InPoll => {
                Target::InPoll(Box::new(InPoll::on_background(background, &poll)?))
            }
            (Backend::Handle(handle), Some(poll)) if block == Block::InPoll => {
                inner.counters.count(|set| &set.handle);
                Target::InPoll(Box::new(InPoll::on_handle(handle, &poll)))
            }
            (Backend::PerThread(_), Some(Ambient::Handle(current))) => {
                inner.counters.count(|set| &set.handle);
                Target::Current(thread::waker()?, current)
            }
            (Backend::PerThread(runtimes), _) => Target::Own(thread::slot(runtimes)?),
            (Backend::Private(runtimes, slots), _) => {
                Target::Private(private_slot(runtimes, slots)?)
            }
            (Backend::Background(background, slots), _) => {
                let generation = &background.generation;
                Target::Private(thread::private_slot(slots, generation, || {
                    let token = CallToken::enter(&background.tracker).ok_or(Cause::Shutdown)?;
                    Ok(SlotRuntime::Background(background.runtime()?, token))
                })?)
            }
            (Backend::Handle(handle), _) => {
                inner.counters.count(|set| &set.handle);
                Target::Handle(thread::waker()?, handle)
            }
            (Backend::Inherited, _) => return Err(Cause::Runtime(inherited())),
        };
        Ok((target, block))
    }

    /// Runs a job to its end. From here on it is watched and has its span: a refused call has neither.
    fn run(&self, inner: &Inner, block: Block, job: &mut dyn Job, limits: Option<&mut Limits<'_>>) {
        let site = job.header().site;
        let _watched = inner.watchdog.as_ref().and_then(|watchdog| watchdog.watch(site));
        #[cfg(feature = "tracing")]
        let path = if block == Block::Plain { "sync" } else { "blocking" };
        #[cfg(feature = "tracing")]
        let span = WaitSpan::of(&site, path, self.name());
        let (waker, token, is_lost) = self.parts();
        let mut call = Drive::new(
            &mut *job,
            limits,
            waker,
            token,
            is_lost,
            #[cfg(feature = "tracing")]
            &span,
        );
        call.hooks = inner.hooks.as_ref();
        if block == Block::InSection {
            block_in_place(|| self.run_call(&mut call));
        } else {
            self.run_call(&mut call);
        }
        let cause = call.cause;
        job.header().end(cause);
    }

    /// Returns the waker of the call. If it can be cancelled or lost, also returns its token, and the flag that is
    /// set when its runtime is lost.
    #[inline]
    fn parts(&self) -> (&CallWaker, Option<&CallToken>, Option<&AtomicBool>) {
        match self {
            Target::Own(slot) => {
                (&slot.waker, Some(slot.lease.token()), Some(slot.lease.lost_flag()))
            }
            Target::Private(private) => {
                let runtime = private.runtime();
                (private.waker(), Some(runtime.token()), Some(runtime.lost_flag()))
            }
            Target::Handle(waker, _) | Target::Current(waker, _) => (&**waker, None, None),
            Target::InPoll(target) => target.parts(),
        }
    }

    #[inline]
    fn run_call(&self, call: &mut Drive<'_, '_>) {
        match self {
            Target::Own(slot) => slot.lease.run_call(call),
            Target::Private(private) => match private.runtime() {
                SlotRuntime::Own(lease) => lease.run_call(call),
                SlotRuntime::Background(runtime, token) => {
                    let _running = token.begin_call();
                    run_on_handle(runtime.handle(), Some(runtime), call);
                }
            },
            Target::Handle(_, handle) => run_on_handle(handle, None, call),
            Target::Current(_, handle) => run_on_handle(handle, None, call),
            Target::InPoll(target) => target.run_call(call),
        }
    }

    /// Returns the owner of the runtime, as spans name it.
    #[cfg(feature = "tracing")]
    fn name(&self) -> &'static str {
        match self {
            Target::Own(_) => "per thread",
            Target::Private(private) => match private.runtime() {
                SlotRuntime::Own(_) => "private",
                SlotRuntime::Background(..) => "shared",
            },
            Target::Handle(..) => "handle",
            Target::Current(..) => "current",
            Target::InPoll(target) => target.name(),
        }
    }
}

/// The bridge of calls that name none; from now on it stays what it is.
#[inline]
pub(crate) fn default() -> &'static Bridge {
    DEFAULT.get_or_init(Bridge::per_thread)
}

/// Whether a subscriber may want the spans of waits.
fn is_traced() -> bool {
    #[cfg(feature = "tracing")]
    return span::is_wanted();
    #[cfg(not(feature = "tracing"))]
    return false;
}

/// Prepares a thread that has a current runtime.
#[cold]
fn prepare() {
    block_in_place(thread::prepare);
}

/// Whether a call through a bridge may block the thread.
pub(super) fn may_block(inner: &Inner, ambient: &Ambient) -> bool {
    Block::of(inner, Some(ambient)).is_some()
}
