//! Which runtime a call runs on, and the way there.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task;

use super::background::Background;
use super::inner::{Backend, Inner};
use super::watchdog::Watched;
use super::{Bridge, Nested, default, span};
use crate::cache::instance::Instances;
use crate::cache::thread::{self, CallSlot, Kept};
use crate::context::{Ambient, Poller, mark};
use crate::error::Cause;
use crate::exec::drive::Drive;
use crate::exec::gate::Pass;
use crate::exec::job::Job;
use crate::exec::lease::Lease;
use crate::exec::limits::Limits;
use crate::exec::owned::OwnedRuntime;
use crate::exec::waker::CallWaker;
use crate::exec::{run_on_handle, run_on_own, run_plainly};
use crate::site::Site;
use crate::sync;

/// Runs a job to its end through `bridge`, or else through the default one. Panics where that cannot be.
#[inline(never)]
#[track_caller]
pub(crate) fn wait(bridge: Option<&Bridge>, site: Site, job: &mut dyn Job) {
    let inner = bridge.unwrap_or_else(|| default()).inner();
    let current = Handle::try_current();
    // Most calls go to the thread's own runtime, and nobody looks on: they pay for nothing else.
    let is_plain = current.is_err() && !mark::is_set() && !span::is_wanted();
    let cause = match &inner.backend {
        Backend::PerThread if is_plain => match thread::slot(&inner.fleet) {
            Ok(slot) => run_plainly(&slot.lease, &slot.waker, job),
            Err(cause) => cause.panic(site, true),
        },
        Backend::Private(instances) if is_plain && inner.watchdog.is_none() => {
            run_privately(instances, inner, site, job)
        }
        _ => return run_elsewhere(inner, Ambient::beside(current), site, job),
    };
    if let Some(cause) = cause {
        cause.panic(site, false);
    }
}

#[inline(never)]
#[track_caller]
fn run_privately(
    instances: &Arc<Instances<Lease>>,
    inner: &Inner,
    site: Site,
    job: &mut dyn Job,
) -> Option<Cause> {
    match thread::private_slot(instances, &inner.fleet) {
        Ok((lease, waker)) => run_plainly(&lease, &waker, job),
        Err(cause) => cause.panic(site, true),
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn run_elsewhere(inner: &Inner, ambient: Option<Ambient>, site: Site, job: &mut dyn Job) {
    let other = match Other::find(inner, ambient, &site) {
        Ok(other) => other,
        Err(cause) => cause.panic(site, true),
    };
    if let Some(cause) = other.run(job, None) {
        drop(other);
        cause.panic(site, false);
    }
}

/// The way of one call, found before its future is touched: where there is none, the future is handed back.
pub(crate) struct Route<'a> {
    pub(crate) site: Site,
    /// The thread's runtime of the process-wide bridge, where nothing else is wanted: most calls go there, and
    /// pay for one pointer only.
    own: Option<Rc<CallSlot>>,
    other: Option<Other<'a>>,
}

impl<'a> Route<'a> {
    #[inline]
    pub(crate) fn new(site: Site) -> Route<'a> {
        Route { site, own: None, other: None }
    }

    /// Finds the way through `bridge`, or else through the default one.
    ///
    /// # Errors
    ///
    /// Why there is none.
    #[inline(never)]
    pub(crate) fn find(&mut self, bridge: Option<&'a Bridge>) -> Result<(), Cause> {
        let inner = bridge.unwrap_or_else(|| default()).inner();
        let ambient = Ambient::find();
        if matches!(inner.backend, Backend::PerThread) && ambient.is_none() && !span::is_wanted() {
            self.own = Some(thread::slot(&inner.fleet)?);
        } else {
            self.other = Some(Other::find(inner, ambient, &self.site)?);
        }
        Ok(())
    }

    /// The same, for a call that is to end at `deadline`.
    ///
    /// # Errors
    ///
    /// Those of `find`, and why the thread that tells the time cannot be started.
    #[inline(never)]
    pub(crate) fn find_within(
        &mut self,
        bridge: Option<&'a Bridge>,
        deadline: Option<Instant>,
        limits: &mut Option<Limits<'_>>,
    ) -> Result<(), Cause> {
        self.find(bridge)?;
        if let Some(deadline) = deadline {
            limits.get_or_insert_default().end_at(deadline)?;
        }
        Ok(())
    }

    /// Runs a job to its end.
    ///
    /// # Errors
    ///
    /// Why it has no output.
    #[inline(never)]
    pub(crate) fn run(
        &self,
        job: &mut dyn Job,
        limits: Option<&mut Limits<'_>>,
    ) -> Result<(), Cause> {
        let cause = match (&self.own, &self.other) {
            (Some(slot), _) if limits.is_none() => run_plainly(&slot.lease, &slot.waker, job),
            (Some(slot), _) => {
                #[cfg(feature = "tracing")]
                let no_span = tracing::Span::none();
                let mut call = Drive::new(
                    job,
                    limits,
                    &slot.waker,
                    Some(slot.lease.token()),
                    #[cfg(feature = "tracing")]
                    &no_span,
                );
                run_on_own(&slot.lease, &mut call);
                call.cause
            }
            (None, Some(other)) => other.run(job, limits),
            (None, None) => unreachable!("a way is found before it is gone"),
        };
        cause.map_or(Ok(()), Err)
    }
}

/// Any way but the one that most calls go.
struct Other<'a> {
    target: Target<'a>,
    /// Where a poll could not be told from a blocking section (see "Limits" of `context()`), Tokio allows no
    /// other block than in a section. Elsewhere this changes nothing.
    in_section: bool,
    _watched: Option<Watched<'a>>,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

/// What a call runs on.
enum Target<'a> {
    /// The thread's runtime of the process-wide bridge.
    Own(Rc<CallSlot>),
    /// The thread's runtime of a private bridge.
    Private(sync::Arc<Kept>, Rc<CallWaker>),
    /// A background runtime. The pass is given back after it: when nobody is inside, none is left.
    Background(Rc<CallWaker>, Arc<OwnedRuntime>, Pass),
    /// An application's runtime.
    Handle(Rc<CallWaker>, &'a Handle),
    /// The current runtime.
    Current(Rc<CallWaker>, Handle),
}

impl<'a> Other<'a> {
    #[cold]
    fn find(inner: &'a Inner, ambient: Option<Ambient>, site: &Site) -> Result<Other<'a>, Cause> {
        let in_section = ambient.is_some();
        let is_refused = matches!(&ambient, Some(Ambient::InPoll(poller)) if !opens_section(inner.nested, poller));
        if is_refused {
            inner.ledger.count(|counters| &counters.refused);
            return Err(Cause::Async);
        }
        if in_section && !thread::is_prepared() {
            task::block_in_place(thread::prepare);
        }
        let target = Target::find(inner, ambient)?;
        Ok(Other {
            _watched: inner.watchdog.as_ref().map(|watchdog| watchdog.watch(*site)),
            #[cfg(feature = "tracing")]
            span: span::of(site, if in_section { "blocking" } else { "sync" }, target.name()),
            target,
            in_section,
        })
    }

    fn run(
        &self,
        job: &mut dyn Job,
        limits: Option<&mut Limits<'_>>,
    ) -> Option<Cause> {
        let (waker, token) = self.target.waker_and_token();
        let mut call = Drive::new(
            job,
            limits,
            waker,
            token,
            #[cfg(feature = "tracing")]
            &self.span,
        );
        if self.in_section {
            task::block_in_place(|| self.target.run(&mut call));
        } else {
            self.target.run(&mut call);
        }
        call.cause
    }
}

impl<'a> Target<'a> {
    /// What a call runs on that may block: the table of the crate's documentation.
    fn find(inner: &'a Inner, ambient: Option<Ambient>) -> Result<Target<'a>, Cause> {
        Ok(match (&inner.backend, ambient) {
            (Backend::PerThread, Some(Ambient::Handle(current))) => {
                inner.ledger.count(|counters| &counters.handle);
                Target::Current(thread::waker()?, current)
            }
            (Backend::PerThread, _) => Target::Own(thread::slot(&inner.fleet)?),
            (Backend::Private(instances), _) => {
                let (lease, waker) = thread::private_slot(instances, &inner.fleet)?;
                Target::Private(lease, waker)
            }
            (Backend::Background(background), _) => {
                Target::background(thread::waker()?, background, inner)?
            }
            (Backend::Handle(handle), _) => {
                inner.ledger.count(|counters| &counters.handle);
                Target::Handle(thread::waker()?, handle)
            }
            (Backend::Inherited, _) => return Err(Cause::Runtime(inherited())),
        })
    }

    fn background(
        waker: Rc<CallWaker>,
        background: &Background,
        inner: &Inner,
    ) -> Result<Target<'a>, Cause> {
        let pass = Pass::enter(&inner.fleet.gate).ok_or(Cause::Shutdown)?;
        let runtime = background.runtime()?;
        pass.count_call();
        Ok(Target::Background(waker, runtime, pass))
    }

    /// Whose runtime it is, as spans tell it.
    #[cfg(feature = "tracing")]
    fn name(&self) -> &'static str {
        match self {
            Target::Own(_) => "per thread",
            Target::Private(..) => "private",
            Target::Background(..) => "shared",
            Target::Handle(..) => "handle",
            Target::Current(..) => "near",
        }
    }

    fn waker_and_token(&self) -> (&CallWaker, Option<&Pass>) {
        match self {
            Target::Own(slot) => (&slot.waker, Some(slot.lease.token())),
            Target::Private(lease, waker) => (waker, Some(lease.token())),
            Target::Background(waker, _, pass) => (waker, Some(pass)),
            Target::Handle(waker, _) | Target::Current(waker, _) => (waker, None),
        }
    }

    fn run(&self, call: &mut Drive<'_, '_>) {
        match self {
            Target::Own(slot) => run_on_own(&slot.lease, call),
            Target::Private(lease, _) => run_on_own(lease, call),
            Target::Background(_, runtime, _) => run_on_handle(runtime.handle(), call),
            Target::Handle(_, handle) => run_on_handle(handle, call),
            Target::Current(_, handle) => run_on_handle(handle, call),
        }
    }
}

/// Whether the option opens a blocking section in the poll that the thread is in.
pub(super) fn opens_section(nested: Nested, poller: &Poller) -> bool {
    nested == Nested::BlockInPlace
        && matches!(
            poller,
            Poller::Scheduler(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread
        )
}

#[cold]
fn inherited() -> io::Error {
    io::Error::other("the bridge's runtime belongs to the process that has forked this one")
}
