//! A stand-in for a current-thread runtime of Tokio: several threads may block on it, and one of them drives.

use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::{Arc, Condvar, Mutex, MutexGuard};

use crate::sync::AtomicWaker;

/// What a future waits for. It is registered with one runtime, and becomes ready only while somebody drives that.
#[derive(Debug)]
pub(super) struct Socket {
    is_ready: AtomicBool,
    waker: AtomicWaker,
}

impl Socket {
    pub(super) fn new() -> Arc<Socket> {
        Arc::new(Socket { is_ready: AtomicBool::new(false), waker: AtomicWaker::new() })
    }

    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        if self.is_ready.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }

    fn become_ready(&self) {
        self.is_ready.store(true, SeqCst);
        self.waker.wake();
    }
}

#[derive(Debug)]
pub(super) struct Driver {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    is_driven: bool,
    /// What has come for the sockets of this runtime.
    events: Vec<Arc<Socket>>,
}

impl Driver {
    pub(super) fn new() -> Arc<Driver> {
        Arc::new(Driver { inside: Mutex::default(), changed: Condvar::new() })
    }

    /// Something comes for a socket, which gets it from the thread that drives.
    pub(super) fn bring(&self, socket: &Arc<Socket>) {
        self.inside().events.push(Arc::clone(socket));
        self.changed.notify_all();
    }

    /// Drives, or waits next to the thread that drives, until `poll` is ready: `Runtime::block_on`.
    pub(super) fn block_on(self: &Arc<Self>, mut poll: impl FnMut(&Context<'_>) -> Poll<()>) {
        let token = Arc::new(Token { driver: Arc::clone(self), is_set: AtomicBool::new(false) });
        let waker = Waker::from(Arc::clone(&token));
        let mut drives = false;
        while poll(&Context::from_waker(&waker)).is_pending() {
            self.park(&token, &mut drives);
        }
        if drives {
            self.inside().is_driven = false;
            self.changed.notify_all();
        }
    }

    /// Parks until the token is set. Takes the driver over if it is free.
    fn park(&self, token: &Token, drives: &mut bool) {
        let mut inside = self.inside();
        while !token.is_set.swap(false, SeqCst) {
            if !*drives && !inside.is_driven {
                (*drives, inside.is_driven) = (true, true);
            }
            let event = if *drives { inside.events.pop() } else { None };
            inside = match event {
                Some(socket) => {
                    drop(inside);
                    socket.become_ready();
                    self.inside()
                }
                None => self.changed.wait(inside).unwrap(),
            };
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap()
    }
}

/// Wakes one `block_on`.
struct Token {
    driver: Arc<Driver>,
    is_set: AtomicBool,
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        // Under the lock, so that a thread which has found it unset before is parked by now.
        let inside = self.driver.inside();
        self.is_set.store(true, SeqCst);
        drop(inside);
        self.driver.changed.notify_all();
    }
}
