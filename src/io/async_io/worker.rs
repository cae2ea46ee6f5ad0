//! The object, which is either here or on the blocking pool with an operation.

use std::io;
use std::mem;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::{JoinError, JoinHandle};

use super::inner::{Inner, ReadAhead};
use super::wakers::{Side, Wakers};
use crate::offload;

/// The result of an operation.
pub(super) enum Outcome {
    /// With the bytes.
    Read(io::Result<usize>, Vec<u8>),
    Write(io::Result<()>, ReadAhead),
    Flush(io::Result<()>),
    Seek(io::Result<u64>),
    Other(ReadAhead),
}

pub(super) struct Worker<T> {
    state: State<T>,
    wakers: Wakers,
    /// `drop_on_pool`, for code without its bounds.
    drop_on_pool: fn(State<T>),
}

enum State<T> {
    Idle(Box<Inner<T>>),
    Busy(JoinHandle<(Box<Inner<T>>, Outcome)>),
    /// The object was dropped with an operation that did not end.
    Lost,
}

impl<T> Worker<T> {
    /// Returns the object if no operation runs.
    pub(super) fn idle(&mut self) -> Option<&mut Inner<T>> {
        match &mut self.state {
            State::Idle(inner) => Some(inner),
            State::Busy(_) | State::Lost => None,
        }
    }

    /// Takes the object out if no operation runs.
    pub(super) fn take(&mut self) -> Option<Box<Inner<T>>> {
        match mem::replace(&mut self.state, State::Lost) {
            State::Idle(inner) => Some(inner),
            busy => {
                self.state = busy;
                None
            }
        }
    }

    /// Drops the object on the blocking pool, or here if there is no pool.
    pub(super) fn drop_on_pool(&mut self) {
        let state = mem::replace(&mut self.state, State::Lost);
        // What has no destructor cannot block in it.
        if mem::needs_drop::<T>() && !matches!(state, State::Lost) {
            (self.drop_on_pool)(state);
        }
    }

    /// Waits for the operation that runs. `None` if there is none.
    pub(super) fn poll_outcome(
        &mut self,
        side: Side,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<Outcome>>> {
        let job = match &mut self.state {
            State::Idle(_) => return Poll::Ready(Ok(None)),
            State::Busy(job) => job,
            State::Lost => return Poll::Ready(Err(lost())),
        };
        let joined = ready!(Pin::new(job).poll(&mut self.wakers.register(side, cx)));
        self.wakers.forget(side);
        self.state = State::Lost;
        let (inner, outcome) = joined.map_err(not_ended)?;
        self.state = State::Idle(inner);
        Poll::Ready(Ok(Some(outcome)))
    }
}

impl<T: Send + 'static> Worker<T> {
    pub(super) fn new(inner: Inner<T>) -> Worker<T> {
        let state = State::Idle(Box::new(inner));
        Worker { state, wakers: Wakers::new(), drop_on_pool }
    }

    /// Runs `operation` on the object, which must be here, on the blocking pool.
    ///
    /// # Errors
    ///
    /// When there is no pool. The object stays here.
    pub(super) fn start(
        &mut self,
        operation: impl FnOnce(&mut Inner<T>) -> Outcome + Send + 'static,
    ) -> io::Result<()> {
        let pool = offload::pool()?;
        let mut inner = self.take().expect("operations begin one after another");
        // The job is not aborted when the view is dropped: bytes that a write has taken must reach the object.
        self.state = State::Busy(offload::run_on(&pool, move || {
            let outcome = operation(&mut inner);
            (inner, outcome)
        }));
        Ok(())
    }
}

/// Drops an object on the blocking pool, or here if there is no pool. The job of an operation that runs is dropped
/// there as well: if it ends meanwhile, its `JoinHandle` drops the object.
fn drop_on_pool<T: Send + 'static>(state: State<T>) {
    if let Ok(pool) = offload::pool() {
        offload::run_on(&pool, move || drop(state));
    }
}

fn not_ended(error: JoinError) -> io::Error {
    match error.try_into_panic() {
        Ok(payload) => resume_unwind(payload),
        Err(_) => io::Error::other("the runtime was shut down before an I/O operation had begun"),
    }
}

#[cold]
fn lost() -> io::Error {
    io::Error::other(
        "the I/O object is lost: an earlier operation panicked, or its runtime was shut down",
    )
}
