//! A thread that wakes at once whoever asks it to. One can ask at a time.
//!
//! A program that includes it has `mod cores` too.

#![allow(dead_code, reason = "each program that includes it uses its share")]

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::cores;

static OTHER: LazyLock<Thread> = LazyLock::new(|| thread::spawn(answer).thread().clone());
/// The core that the thread keeps to.
static CORE: AtomicUsize = AtomicUsize::new(0);
static ASKED: Mutex<Option<Waker>> = Mutex::new(None);
static HAS_ANSWERED: AtomicBool = AtomicBool::new(false);

/// Moves the calling thread to the first core, and the thread that wakes it to another one.
pub(crate) fn is_on_another_core() {
    cores::keep_to(0);
    CORE.store(1, Ordering::Relaxed);
}

/// Moves both threads to the first core.
pub(crate) fn is_on_the_same_core() {
    cores::keep_to(0);
    CORE.store(0, Ordering::Relaxed);
}

fn answer() {
    let mut core = None;
    loop {
        thread::park();
        let current = CORE.load(Ordering::Relaxed);
        if core.replace(current) != Some(current) {
            cores::keep_to(current);
        }
        let asked = ASKED.lock().expect("no thread panics with the lock").take();
        if let Some(waker) = asked {
            HAS_ANSWERED.store(true, Ordering::Release);
            waker.wake();
        }
    }
}

fn ask(waker: &Waker) {
    HAS_ANSWERED.store(false, Ordering::Relaxed);
    *ASKED.lock().expect("no thread panics with the lock") = Some(waker.clone());
    OTHER.unpark();
}

fn has_answered() -> bool {
    HAS_ANSWERED.load(Ordering::Acquire)
}

/// Ends when the other thread has woken it.
pub(crate) async fn wakes_it() {
    let mut has_asked = false;
    poll_fn(|context| {
        if !has_asked {
            has_asked = true;
            ask(context.waker());
            return Poll::Pending;
        }
        if has_answered() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// The least that a wait for another thread costs: park until it has called `unpark`.
pub(crate) fn parked() -> impl FnMut() {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    move || {
        ask(&waker);
        while !has_answered() {
            thread::park();
        }
    }
}
