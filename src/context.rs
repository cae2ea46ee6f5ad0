//! Where the calling thread stands, found out anew on each call.

mod budget;
pub(crate) mod mark;
mod task_poll;

use tokio::runtime::{self, Handle, RuntimeFlavor, TryCurrentError};
use tokio::task;

pub(crate) use task_poll::is_task_poll;

/// What the calling thread may do: block, block beside a runtime, or only await.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// There is no current runtime: the thread may block.
    Sync,
    /// The thread belongs to a runtime, or has entered one, and may block: a `spawn_blocking`
    /// thread, a `block_in_place` section, a plain thread that holds a `Handle::enter()` guard.
    Blocking,
    /// The thread is polling a future: it must not block, and a call can only be awaited.
    Async,
}

/// Returns the context of the calling thread, now.
///
/// The answer is found out on each call and holds for the code that asks: the same function on the
/// same thread may be given another one a moment later. A [`Call`](crate::Call) asks by itself.
///
/// # Limits
///
/// A future that is polled without driving a scheduler shows nothing but its cooperative budget: the future of a
/// call that is waited for, and the root future of a multi-thread runtime's `block_on`, of a `Handle`'s, and of
/// the second `block_on` of a current-thread runtime. Where the budget is hidden it reads as `Blocking`: inside
/// `tokio::task::unconstrained`, and for the rest of a poll after a `block_in_place`.
///
/// A call that is waited for there runs, but for two places in which Tokio shows nothing and allows nothing, and
/// panics: `unconstrained` in a `LocalSet` in such a future, and in the second `block_on` of a current-thread
/// runtime.
///
/// The destructors of the tasks of a current-thread runtime that is being dropped read as `Blocking`, and a
/// call there that needs its driver never returns. With the runtimes of this crate it is refused.
///
/// # Examples
///
/// ```
/// use smartasync::{Context, context};
///
/// assert_eq!(context(), Context::Sync);
///
/// let runtime = tokio::runtime::Runtime::new().unwrap();
/// assert_eq!(runtime.block_on(async { context() }), Context::Async);
///
/// let _guard = runtime.enter();
/// assert_eq!(context(), Context::Blocking);
/// ```
#[must_use]
pub fn context() -> Context {
    Ambient::find().map_or(Context::Sync, |ambient| ambient.context())
}

/// What a call can run on that is made on a thread with a current runtime, or under a mark.
#[derive(Debug)]
pub(crate) enum Ambient {
    /// A runtime has been entered that nobody may be driving: the thread's own.
    EnteredOnly,
    /// A thread that may block on this runtime.
    Handle(Handle),
    /// Nothing: the thread is inside a poll.
    InPoll(Poller),
}

/// Who polls the calling code.
#[derive(Debug)]
pub(crate) enum Poller {
    /// What Tokio does not show: another executor polls a call, or a runtime of this crate ends.
    Marked,
    /// A scheduler; this is the current handle.
    Scheduler(Handle),
    /// A `block_on` that drives no scheduler, or a `LocalSet` in it.
    BlockOn,
}

impl Ambient {
    /// Finds out where the thread stands. There is nothing on a plain thread.
    pub(crate) fn find() -> Option<Ambient> {
        Ambient::beside(Handle::try_current())
    }

    /// The same, where Tokio has been asked for the current handle.
    pub(crate) fn beside(current: Result<Handle, TryCurrentError>) -> Option<Ambient> {
        if mark::is_set() {
            return Some(Ambient::InPoll(Poller::Marked));
        }
        // A thread that drives a runtime always has a current handle. This errs as well once Tokio's
        // thread-local is gone, and no runtime is driven on this thread then.
        current.ok().map(Ambient::with_current)
    }

    fn with_current(handle: Handle) -> Ambient {
        if runtime::worker_index().is_some() {
            Ambient::InPoll(Poller::Scheduler(handle))
        } else if budget::is_limited() {
            Ambient::InPoll(Poller::BlockOn)
        } else if may_be_undriven(&handle) {
            Ambient::EnteredOnly
        } else {
            Ambient::Handle(handle)
        }
    }

    pub(crate) fn context(&self) -> Context {
        match self {
            Ambient::EnteredOnly | Ambient::Handle(_) => Context::Blocking,
            Ambient::InPoll(_) => Context::Async,
        }
    }
}

/// Whether `handle` may have come from an `enter()` guard of a runtime that nobody drives.
///
/// A multi-thread runtime drives itself. A current-thread runtime that runs `spawn_blocking` jobs
/// is driven by whoever awaits them, and such a job has a task id.
fn may_be_undriven(handle: &Handle) -> bool {
    handle.runtime_flavor() != RuntimeFlavor::MultiThread && task::try_id().is_none()
}
