//! What the clones of a bridge have in common, and how it runs a call.

use std::io;
use std::sync::Arc;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task;

use super::Nested;
use super::background::Background;
use super::span::{self, Way, in_span};
use super::stats::Ledger;
use super::watchdog::Watchdog;
use crate::cache::instance::Instances;
use crate::cache::mark::Marked;
use crate::cache::thread;
use crate::context::{Place, Poller};
use crate::error::Refusal;
use crate::exec::blueprint::Blueprint;
use crate::exec::fleet::Fleet;
use crate::exec::gate::Pass;
use crate::exec::lease::Lease;
use crate::exec::parked;
use crate::exec::running::Running;
use crate::site::Site;

/// What a bridge runs a call on when no runtime is near.
#[derive(Debug)]
pub(super) enum Home {
    /// The runtime that each thread keeps for the process.
    Thread,
    /// The runtimes that this bridge keeps, one for each thread.
    Instances(Arc<Instances<Lease>>),
    /// One background runtime.
    Background(Background),
    /// A runtime of somebody else's.
    Handle(Handle),
    /// Nothing: the runtime belongs to the process of which this one is a forked child.
    Inherited,
}

impl Home {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Home::Thread => "per thread",
            Home::Instances(_) => "private",
            Home::Background(_) => "shared",
            Home::Handle(_) | Home::Inherited => "handle",
        }
    }

    fn renewed(&self) -> Home {
        match self {
            Home::Thread => Home::Thread,
            Home::Instances(_) => Home::Instances(Arc::new(Instances::new())),
            Home::Background(background) => Home::Background(background.renewed()),
            Home::Handle(_) | Home::Inherited => Home::Inherited,
        }
    }
}

pub(super) struct Inner {
    pub(super) home: Home,
    pub(super) fleet: Arc<Fleet>,
    pub(super) nested: Nested,
    pub(super) ledger: Ledger,
    /// Made by a builder, for those who have a clone of it.
    pub(super) is_private: bool,
    watchdog: Option<Watchdog>,
}

/// What became of a call: its output, or why there is none, with the future if it was not started.
pub(super) type Result<F> = std::result::Result<<F as Future>::Output, (Option<F>, Refusal)>;

impl Inner {
    pub(super) fn new(
        home: Home,
        blueprint: Blueprint,
        nested: Nested,
        watchdog: Option<Watchdog>,
    ) -> Inner {
        let (fleet, ledger) = (Fleet::new(blueprint), Ledger::default());
        Inner { home, fleet, nested, ledger, is_private: true, watchdog }
    }

    /// What others use too, without options.
    pub(super) fn of_all(home: Home) -> Inner {
        let inner = Inner::new(home, Blueprint::default(), Nested::Error, None);
        Inner { is_private: false, ..inner }
    }

    /// The same bridge in a forked child, where nothing has happened yet.
    pub(super) fn renewed(&self) -> Inner {
        let watchdog = self.watchdog.as_ref().map(Watchdog::renewed);
        let (home, blueprint) = (self.home.renewed(), self.fleet.blueprint.clone());
        let inner = Inner::new(home, blueprint, self.nested, watchdog);
        Inner { is_private: self.is_private, ..inner }
    }

    /// Runs `future` where the calling thread stands, or gives it back.
    #[inline]
    pub(super) fn run<F: Future>(&self, future: F, site: &Site) -> Result<F> {
        match Place::find() {
            None => self.run_at_home(future, site, "sync"),
            Some(place) => self.run_near_runtime(place, future, site),
        }
    }

    fn run_near_runtime<F: Future>(&self, place: Place, future: F, site: &Site) -> Result<F> {
        self.ledger.count(|counters| match &place {
            Place::Polled(Poller::Marked) => &counters.marks_hit,
            _ => &counters.probes,
        });
        if matches!(place, Place::Polled(_)) && !self.opens_section_in(&place) {
            self.ledger.count(|counters| &counters.refused);
            return Err((Some(future), Refusal::Async));
        }
        // Where a poll could not be told from a blocking section (see "Limits" of `context()`), Tokio
        // allows no other block than in a section. Elsewhere this changes nothing.
        task::block_in_place(|| match (&self.home, place) {
            (Home::Thread, Place::On(near)) => self.run_on_near(&near, future, site),
            _ => self.run_at_home(future, site, "blocking"),
        })
    }

    /// Whether the bridge's option opens a blocking section in the poll that the thread is in.
    pub(super) fn opens_section_in(&self, place: &Place) -> bool {
        self.nested == Nested::BlockInPlace
            && matches!(place, Place::Polled(Poller::Scheduler(handle)) if is_multi_thread(handle))
    }

    fn run_on_near<F: Future>(&self, near: &Handle, future: F, site: &Site) -> Result<F> {
        if span::is_wanted() {
            let way = Way { path: "blocking", runtime: "near" };
            return in_span(future, site, way, |future| self.run_on_handle(near, future));
        }
        self.run_on_handle(near, future)
    }

    /// Runs `future` on what the bridge keeps.
    #[inline]
    fn run_at_home<F: Future>(&self, future: F, site: &Site, path: &'static str) -> Result<F> {
        if span::is_wanted() {
            let way = Way { path, runtime: self.home.name() };
            return in_span(future, site, way, |future| self.run_on_own(future, site));
        }
        self.run_on_own(future, site)
    }

    #[inline]
    fn run_on_own<F: Future>(&self, future: F, site: &Site) -> Result<F> {
        match self.home {
            Home::Thread => self.run_on_thread(future),
            _ => self.run_elsewhere(future, site),
        }
    }

    #[inline]
    fn run_on_thread<F: Future>(&self, future: F) -> Result<F> {
        match thread::seat(&self.fleet) {
            Ok(seat) => seat.lease.block_on(Marked::new(future), &seat.relay).map_err(cut_short),
            Err(refusal) => Err((Some(future), refusal)),
        }
    }

    /// Not inlined, so that the default way asks one question only.
    #[inline(never)]
    fn run_elsewhere<F: Future>(&self, future: F, site: &Site) -> Result<F> {
        let _watched = self.watchdog.as_ref().map(|watchdog| watchdog.watch(*site));
        match &self.home {
            Home::Thread => self.run_on_thread(future),
            Home::Instances(instances) => self.run_on_instance(instances, future),
            Home::Background(background) => self.run_in_background(background, future),
            Home::Handle(handle) => self.run_on_handle(handle, future),
            Home::Inherited => Err((Some(future), Refusal::Runtime(inherited()))),
        }
    }

    fn run_on_instance<F: Future>(
        &self,
        instances: &Arc<Instances<Lease>>,
        future: F,
    ) -> Result<F> {
        match thread::seat_in(instances, &self.fleet) {
            Ok((lease, relay)) => lease.block_on(Marked::new(future), &relay).map_err(cut_short),
            Err(refusal) => Err((Some(future), refusal)),
        }
    }

    fn run_in_background<F: Future>(&self, background: &Background, future: F) -> Result<F> {
        let has_begun = thread::relay().and_then(|relay| {
            let pass = Pass::enter(&self.fleet.gate).ok_or(Refusal::Shutdown)?;
            Ok((relay, pass, background.runtime()?))
        });
        match has_begun {
            // The pass is given back after the runtime: when nobody is inside, none is left.
            Ok((relay, pass, runtime)) => {
                pass.count_call();
                let handle = runtime.handle();
                let output = parked::block_on_unless_cut(handle, future, &relay, &pass);
                drop(runtime);
                output.ok_or((None, Refusal::Shutdown))
            }
            Err(refusal) => Err((Some(future), refusal)),
        }
    }

    /// Runs `future` on a runtime that others drive. It is not marked: `block_in_place` is legal in it,
    /// and code inside of that may block.
    fn run_on_handle<F: Future>(&self, handle: &Handle, future: F) -> Result<F> {
        self.ledger.count(|counters| &counters.handle);
        match thread::relay() {
            Ok(relay) => Ok(parked::block_on(handle, Running::new(future), &relay)),
            Err(refusal) => Err((Some(future), refusal)),
        }
    }
}

#[cold]
fn inherited() -> io::Error {
    io::Error::other("the bridge's runtime belongs to the process that has forked this one")
}

/// A future that had begun is not handed back.
fn cut_short<F>(refusal: Refusal) -> (Option<F>, Refusal) {
    (None, refusal)
}

fn is_multi_thread(handle: &Handle) -> bool {
    handle.runtime_flavor() == RuntimeFlavor::MultiThread
}
