//! A call shows its future one waker, from the first poll to the last.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use smartasync::block_on;

use crate::support::within_a_minute;

/// Keeps only the waker of its first poll, as hand-written futures may that were only tested with one
/// `Runtime::block_on`. Another thread wakes it.
#[derive(Debug, Default)]
struct FirstWakerOnly {
    shared: Arc<Mutex<(bool, Option<Waker>)>>,
    polled: bool,
}

impl Future for FirstWakerOnly {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let shared = Arc::clone(&self.shared);
        let mut guard = shared.lock().unwrap();
        if guard.0 {
            return Poll::Ready(());
        }
        if !self.polled {
            self.polled = true;
            guard.1 = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

fn wake(shared: &Mutex<(bool, Option<Waker>)>) {
    let mut guard = shared.lock().unwrap();
    guard.0 = true;
    if let Some(waker) = guard.1.take() {
        waker.wake();
    }
}

#[test]
fn a_future_that_keeps_its_first_waker_only_is_woken_from_another_thread() {
    within_a_minute(|stage| {
        for round in 0..2_000 {
            stage.at(format!("round {round}"));
            let future = FirstWakerOnly::default();
            let shared = Arc::clone(&future.shared);
            let waker = thread::spawn(move || {
                // The wake comes at once, after the first poll, or after the thread has parked.
                if round % 2 == 0 {
                    thread::sleep(Duration::from_micros(round % 300));
                }
                wake(&shared);
            });
            block_on(future);
            waker.join().unwrap();
        }
    });
}

#[test]
fn every_poll_of_a_call_sees_the_same_waker() {
    within_a_minute(|_| {
        let mut seen: Option<Waker> = None;
        let mut polls = 0;
        block_on(poll_fn(|cx| {
            let first = seen.get_or_insert_with(|| cx.waker().clone());
            assert!(first.will_wake(cx.waker()), "poll {polls} saw another waker");
            polls += 1;
            cx.waker().wake_by_ref();
            if polls < 100 { Poll::Pending } else { Poll::Ready(()) }
        }));
    });
}
