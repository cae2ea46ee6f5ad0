//! The output of one call of a scope, between the call and its handle.

use std::cell::RefCell;
use std::mem;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::thread;

use pin_project_lite::pin_project;

use crate::caught::Caught;

/// Where a call leaves its output, or its panic, for the handle.
pub(super) struct Slot<T>(RefCell<State<T>>);

enum State<T> {
    /// Holds the waker of the call that awaits the handle.
    Running(Option<Waker>),
    Done(thread::Result<T>),
    /// The handle has the output, or is gone.
    Over,
}

impl<T> Slot<T> {
    pub(super) fn new() -> Rc<Slot<T>> {
        Rc::new(Slot(RefCell::new(State::Running(None))))
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(*self.0.borrow(), State::Running(_))
    }

    /// Has the end of the call wake `waker`.
    pub(super) fn register(&self, waker: &Waker) {
        if let State::Running(registered) = &mut *self.0.borrow_mut() {
            match registered {
                Some(registered) => registered.clone_from(waker),
                None => *registered = Some(waker.clone()),
            }
        }
    }

    /// Takes what the call has left. After that nothing is left here.
    pub(super) fn take(&self) -> Option<thread::Result<T>> {
        match self.0.replace(State::Over) {
            State::Done(result) => Some(result),
            State::Running(_) | State::Over => None,
        }
    }

    /// # Panics
    ///
    /// With the panic of the call, or of the destructor of its output, where the handle is gone.
    fn fill(&self, result: thread::Result<T>) {
        let mut state = self.0.borrow_mut();
        if let State::Running(waker) = mem::replace(&mut *state, State::Over) {
            *state = State::Done(result);
            drop(state);
            waker.into_iter().for_each(Waker::wake);
        } else {
            drop(state);
            drop(result.unwrap_or_else(|payload| resume_unwind(payload)));
        }
    }
}

pin_project! {
    /// A call that leaves its output in a slot.
    pub(super) struct Filling<F: Future> {
        #[pin]
        future: Caught<F>,
        slot: Rc<Slot<F::Output>>,
    }
}

impl<F: Future> Filling<F> {
    pub(super) fn new(future: F, slot: Rc<Slot<F::Output>>) -> Filling<F> {
        Filling { future: Caught::new(future), slot }
    }
}

impl<F: Future> Future for Filling<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let filling = self.project();
        let result = ready!(filling.future.poll(cx));
        filling.slot.fill(result);
        Poll::Ready(())
    }
}
