//! Other threads wake a future, at every point of its poll.

use std::future::poll_fn;
use std::task::{Context, Poll};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread;

use crate::exec::waker::WakeFlag;

/// Polls for a count. It is `Relaxed`, so that only the flag publishes it.
fn poll_for(count: &AtomicUsize, wanted: usize, flag: &WakeFlag, cx: &Context<'_>) -> Poll<()> {
    let is_there = flag.take_or_register(cx.waker()) && count.load(Relaxed) == wanted;
    if is_there { Poll::Ready(()) } else { Poll::Pending }
}

/// Waits on one thread until each of `wakers` other threads has added one and woken it.
fn model(wakers: usize) {
    loom::model(move || {
        let shared = Arc::new((WakeFlag::new(), AtomicUsize::new(0)));
        let threads: Vec<_> = (0..wakers)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    shared.1.fetch_add(1, Relaxed);
                    shared.0.wake();
                })
            })
            .collect();
        block_on(poll_fn(|cx| poll_for(&shared.1, wakers, &shared.0, cx)));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Mutants: `wake-not-kept`, `wake-told-before-it-is-kept`, `wake-asked-before-it-registers`,
/// `wake-tells-nobody`.
#[test]
fn a_wake_at_any_point_is_taken() {
    model(1);
}

/// Mutants: `wake-forgets-what-an-earlier-wake-published`.
#[test]
fn of_two_wakes_at_once_none_is_lost() {
    model(2);
}
