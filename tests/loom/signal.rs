//! A future that is woken by others, at every point of its poll.

use std::future::poll_fn;
use std::task::{Context, Poll};

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::Relaxed;
use loom::thread;

use crate::exec::signal::Signal;

/// What is awaited: `Relaxed`, so that nothing but the signal publishes it.
fn poll_for(count: &AtomicUsize, wanted: usize, signal: &Signal, cx: &Context<'_>) -> Poll<()> {
    let is_there = signal.take(cx.waker()) && count.load(Relaxed) == wanted;
    if is_there { Poll::Ready(()) } else { Poll::Pending }
}

/// Waits on one thread until `wakers` others have each added one and woken it.
fn model(wakers: usize) {
    loom::model(move || {
        let shared = Arc::new((Signal::new(), AtomicUsize::new(0)));
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

/// Mutants: `signal-not-kept`, `signal-told-before-it-is-kept`, `signal-asked-before-it-registers`,
/// `signal-tells-nobody`.
#[test]
fn a_wake_at_any_point_is_taken() {
    model(1);
}

/// Mutants: `signal-forgets-what-an-earlier-wake-published`.
#[test]
fn of_two_wakes_at_once_none_is_lost() {
    model(2);
}
