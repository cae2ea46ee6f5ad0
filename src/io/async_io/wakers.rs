//! The wakers of those that wait for an operation.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use atomic_waker::AtomicWaker;

/// The half of a view that waits. The halves may be in two tasks, each with a waker of its own.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Read,
    Write,
}

/// One waker for the operation that runs. It wakes both sides: one waits for the operation, the other for its turn.
pub(super) struct Wakers {
    sides: Arc<Sides>,
    /// Made of `sides`.
    waker: Waker,
}

impl Wakers {
    pub(super) fn new() -> Wakers {
        let sides = Arc::<Sides>::default();
        Wakers { waker: Waker::from(Arc::clone(&sides)), sides }
    }

    pub(super) fn register(&self, side: Side, cx: &Context<'_>) -> Context<'_> {
        self.sides.of(side).register(cx.waker());
        Context::from_waker(&self.waker)
    }

    /// Drops the waker of a side that waits no longer.
    pub(super) fn forget(&self, side: Side) {
        self.sides.of(side).take();
    }
}

#[derive(Default)]
struct Sides {
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Sides {
    fn of(&self, side: Side) -> &AtomicWaker {
        match side {
            Side::Read => &self.reader,
            Side::Write => &self.writer,
        }
    }
}

impl Wake for Sides {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader.wake();
        self.writer.wake();
    }
}
