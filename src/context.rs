//! Whether the calling thread may block, determined anew for each call.

pub(crate) mod budget;
pub(crate) mod hidden;
pub(crate) mod mark;
mod section;
mod task_poll;

use tokio::runtime::{self, Handle, Id, RuntimeFlavor, TryCurrentError};

pub(crate) use section::block_in_place;
pub(crate) use task_poll::is_task_poll;

/// What the calling thread may do: block without a runtime, block on the current one, or only await.
///
/// # Examples
///
/// ```
/// use smartasync::{Context, context};
///
/// fn assert_may_block() {
///     assert_ne!(context(), Context::Async, "called from async code");
/// }
///
/// assert_may_block();
/// let runtime = tokio::runtime::Runtime::new().unwrap();
/// let job = runtime.spawn_blocking(assert_may_block);
/// assert!(runtime.block_on(job).is_ok());
/// let task = runtime.spawn(async { assert_may_block() });
/// assert!(runtime.block_on(task).unwrap_err().is_panic());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// There is no current runtime: the thread may block.
    Sync,
    /// There is a current runtime, and the thread may block: a `spawn_blocking` thread, a `block_in_place`
    /// section, a plain thread that holds a `Handle::enter()` guard.
    Blocking,
    /// The thread is polling a future: it must not block, and a call can only be awaited.
    Async,
}

/// Returns the context of the calling thread.
///
/// The context belongs to the call stack: the same function on the same thread may have another context at its
/// next call. A [`Call`](crate::Call) determines the context by itself.
///
/// # Limits
///
/// Only Tokio shows what polls, and only the copy of Tokio that this crate is built with:
///
/// - A task of another executor (smol, futures, the loop of a GUI) reads as `Sync`. A wait there blocks the thread
///   of that executor, and so do `try_wait` and `dispatch`, which see no reason to refuse. Inside the `.await` of
///   a decorated call the context is `Async`, on every executor.
/// - A task of a second copy of Tokio, in another version, reads as `Sync` too. Each copy keeps what it knows of a
///   thread in thread-locals of its own, and sees none of the other's.
///
/// A job that rayon runs while a poll waits for the pool reads as `Async`, even where that poll and the job have
/// nothing to do with each other: the poll is on the same stack.
///
/// That a thread may block does not mean that its wait ends. Only [`wait_timeout`](crate::Call::wait_timeout) ends
/// these two:
///
/// - A `spawn_blocking` job waits for another job of the same pool, and so do all threads of the pool; see
///   [`max_blocking_threads`](crate::BridgeBuilder::max_blocking_threads).
/// - A thread of a rayon pool waits for a job of that pool, and so do all its threads. Rayon does not know that they
///   wait, and runs nothing on them.
///
/// Some futures are polled without driving a scheduler, and show nothing but their cooperative budget: the future
/// of a call that is waited for, and the root future of a multi-thread runtime's `block_on`, of a `Handle`'s, and
/// of the second `block_on` of a current-thread runtime. Where the budget is hidden, such a future reads as
/// `Blocking`: inside `tokio::task::unconstrained`, and for the rest of a poll after a `block_in_place`.
///
/// A wait in these places runs the call, with two exceptions, where Tokio does not allow it and the wait panics:
/// inside `unconstrained` in a `LocalSet` in one of these futures, and inside `unconstrained` in the second
/// `block_on` of a current-thread runtime. Without the feature `rt-multi-thread` it panics in all these places.
///
/// The destructors of the tasks of a current-thread runtime that is being dropped read as `Blocking`, and a call
/// there that needs the driver never returns. On a runtime of this crate such a call is refused.
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

/// What a thread that has a current runtime can run calls on.
#[derive(Debug)]
pub(crate) enum Ambient {
    /// The thread's own runtime. The current one is a current-thread runtime that may be driven by nobody: the
    /// thread holds an `enter()` guard, or runs a `spawn_blocking` job whose runtime's `block_on` has returned.
    Own,
    /// The current runtime, which drives itself. The thread may block.
    Handle(Handle),
    /// Nothing: the thread is polling a future.
    InPoll(Poller),
}

/// What polls the calling code.
#[derive(Debug)]
pub(crate) enum Poller {
    /// Something that Tokio does not show: another executor, or the teardown of a runtime of this crate.
    Marked,
    /// A scheduler.
    Scheduler(Scheduler),
    /// A `block_on` that drives no scheduler, or a `LocalSet` in it.
    BlockOn,
}

/// The runtime whose scheduler polls on a thread. Tokio shows only the current handle, which is another runtime's
/// if the poll holds an `enter()` guard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scheduler {
    pub(crate) id: Id,
    pub(crate) is_multi_thread: bool,
}

impl Scheduler {
    fn of(current: &Handle) -> Scheduler {
        hidden::behind(current.id()).unwrap_or_else(|| Scheduler {
            id: current.id(),
            is_multi_thread: current.runtime_flavor() == RuntimeFlavor::MultiThread,
        })
    }
}

impl Ambient {
    /// Finds what the calling thread can run calls on. `None` on a plain thread.
    pub(crate) fn find() -> Option<Ambient> {
        Ambient::beside(Handle::try_current())
    }

    /// Finds what the calling thread can run calls on, given Tokio's answer for the current handle.
    pub(crate) fn beside(current: Result<Handle, TryCurrentError>) -> Option<Ambient> {
        // A thread that drives a runtime has a current handle, and so has one that is marked: see `mark`. It is an error
        // too when Tokio's thread-local is destroyed, and then this thread drives no runtime.
        debug_assert!(current.is_ok() || !mark::is_set(), "a runtime is entered under the mark");
        current.ok().map(Ambient::with_current)
    }

    fn with_current(handle: Handle) -> Ambient {
        if mark::is_set() {
            Ambient::InPoll(Poller::Marked)
        } else if runtime::worker_index().is_some() {
            Ambient::InPoll(Poller::Scheduler(Scheduler::of(&handle)))
        } else if budget::is_limited() {
            Ambient::InPoll(Poller::BlockOn)
        } else if handle.runtime_flavor() == RuntimeFlavor::MultiThread {
            Ambient::Handle(handle)
        } else {
            Ambient::Own
        }
    }

    pub(crate) fn context(&self) -> Context {
        match self {
            Ambient::Own | Ambient::Handle(_) => Context::Blocking,
            Ambient::InPoll(_) => Context::Async,
        }
    }
}

/// Whether the current runtime polls nothing on this thread, and may be driven by nobody.
pub(crate) fn may_be_undriven(current: &Handle) -> bool {
    current.runtime_flavor() != RuntimeFlavor::MultiThread
        && runtime::worker_index().is_none()
        && !budget::is_limited()
}
