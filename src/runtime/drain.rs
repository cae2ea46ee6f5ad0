//! The end of runtimes that still have something to do.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::runtime::LocalRuntime;
use crate::runtime::background::BackgroundRuntime;
use crate::runtime::owned::{self, OwnedRuntime};
use crate::runtime::set::Runtimes;
use crate::threads::{left_until, spawn_scoped, wait_until};

/// The threads that wait for blocking jobs.
const NAME: &str = "smartasync/end";

/// The runtimes that a bridge has given up. Each is driven. When this is dropped they are closed, unless a call
/// still uses them.
pub(crate) struct Drain {
    local: Vec<Arc<LocalRuntime>>,
    background: Option<Arc<BackgroundRuntime>>,
    /// The runtimes of `local` that threads have given back since `Runtimes::keep`, which must go back to
    /// `runtimes`. A thread may have made one of them since the reset.
    kept: Vec<Arc<LocalRuntime>>,
    /// Absent on a background bridge.
    runtimes: Option<Arc<Runtimes>>,
}

impl Drain {
    /// Takes over what a bridge had before its reset. Calls that begin after the reset have other runtimes.
    pub(crate) fn of(
        runtimes: Option<&Arc<Runtimes>>,
        background: Option<Arc<BackgroundRuntime>>,
    ) -> Drain {
        let Some(runtimes) = runtimes else {
            return Drain { local: Vec::new(), background, kept: Vec::new(), runtimes: None };
        };
        let drain = Drain::take(runtimes, runtimes.old());
        drain.local.iter().for_each(|runtime| runtimes.request_driver(runtime));
        drain
    }

    /// Takes over the runtimes on which no call runs. A thread that has ended its last call may not have given its
    /// runtime back yet: where no call runs at all, these are all runtimes.
    fn of_unused(runtimes: &Arc<Runtimes>) -> Drain {
        runtimes.keep();
        if runtimes.tracker.is_idle() {
            runtimes.generation.reset();
            Drain::take(runtimes, runtimes.old())
        } else {
            Drain::take(runtimes, Vec::new())
        }
    }

    fn take(runtimes: &Arc<Runtimes>, mut local: Vec<Arc<LocalRuntime>>) -> Drain {
        let kept = runtimes.take_kept();
        local.extend(kept.iter().cloned());
        local.sort_by_key(Arc::as_ptr);
        local.dedup_by(|one, other| Arc::ptr_eq(one, other));
        Drain { local, background: None, kept, runtimes: Some(Arc::clone(runtimes)) }
    }

    pub(crate) fn has_tasks(&self) -> bool {
        self.has_tasks_on(|_| true)
    }

    /// Whether there are tasks that somebody runs: on a bridge without driver threads nobody does.
    pub(crate) fn has_driven_tasks(&self) -> bool {
        self.has_tasks_on(LocalRuntime::is_or_will_be_driven)
    }

    /// Whether there are tasks on the background runtime, or on one of those of threads that `counts`.
    fn has_tasks_on(&self, counts: impl Fn(&LocalRuntime) -> bool) -> bool {
        let local = self.local.iter().filter(|runtime| counts(runtime));
        let local = local.map(|runtime| &runtime.runtime);
        let background = self.background.iter().map(|background| &background.runtime);
        local.chain(background).any(OwnedRuntime::has_tasks)
    }

    /// Whether there are threads for blocking jobs, idle ones included.
    fn has_blocking_threads(&self) -> bool {
        self.runtimes.as_ref().is_some_and(|runtimes| runtimes.has_blocking_threads())
            || self.background.as_ref().is_some_and(|runtime| runtime.has_blocking_threads())
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if let Some(runtimes) = &self.runtimes {
            self.kept.iter().for_each(|runtime| runtimes.give_back(runtime, false));
        }
    }
}

/// Ends the runtimes, which no call uses any more, and waits until `deadline` for their blocking jobs. Returns
/// whether all have ended. After the deadline it only returns that.
pub(crate) fn end(drains: &[Drain], deadline: Instant) -> bool {
    if !left_until(deadline).is_zero() {
        end_all(drains, deadline);
    }
    // Including the jobs of runtimes that have ended before.
    wait_until(deadline, || have_jobs_ended(drains))
}

/// Whether no blocking job can be running.
pub(crate) fn have_jobs_ended(drains: &[Drain]) -> bool {
    !drains.iter().any(Drain::has_blocking_threads)
}

/// Ends the runtimes that no thread uses, at the end of the process, and waits for blocking jobs.
pub(crate) fn end_unused(bridges: &[Arc<Runtimes>], deadline: Instant) {
    let drains: Vec<Drain> = bridges.iter().map(Drain::of_unused).collect();
    end_all(&drains, deadline);
    wait_until(deadline, || !owned::has_threads_of_ended());
}

fn end_all(drains: &[Drain], deadline: Instant) {
    // All at once: a runtime with an endless job must not take the time of the others.
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for runtime in drains.iter().flat_map(|drain| &drain.local) {
            let end = move || {
                runtime.runtime.begin_jobs(deadline);
                runtime.close();
                runtime.runtime.end_by(deadline);
            };
            match spawn_scoped(scope, NAME.into(), end) {
                Ok(thread) => threads.push(thread),
                // It is closed all the same, and ends with its last user.
                Err(_) => runtime.close(),
            }
        }
        for background in drains.iter().filter_map(|drain| drain.background.as_ref()) {
            let end = move || {
                background.runtime.begin_jobs(deadline);
                background.runtime.end_by(deadline);
            };
            threads.extend(spawn_scoped(scope, NAME.into(), end));
        }
        // The scope does not wait until the system has let go of them.
        threads.into_iter().for_each(|thread| drop(thread.join()));
    });
}
