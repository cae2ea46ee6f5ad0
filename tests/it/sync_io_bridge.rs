//! Where `tokio_util::io::SyncIoBridge` panics or hangs, `SyncIo` works or returns an error that says what to do.

#![cfg(feature = "io")]

use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::task::{Context, Poll, ready};
use std::thread;
use std::time::Duration;

use smartasync::io::SyncIo;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::io::SyncIoBridge;

use crate::support::{current_thread, multi_thread, within_a_minute};

#[test]
fn on_a_plain_thread_theirs_panics_and_ours_reads() {
    within_a_minute(|_| {
        assert_panics("no reactor running", || drop(SyncIoBridge::new(&b"abc"[..])));
        assert_eq!(io::read_to_string(SyncIo::new(&b"abc"[..])).unwrap(), "abc");
    });
}

#[test]
fn in_async_code_theirs_panics_and_ours_returns_an_error() {
    async fn code() {
        let mut theirs = SyncIoBridge::new(&b"abc"[..]);
        assert_panics("from within a runtime", || drop(theirs.read(&mut [0])));
        let error = SyncIo::new(&b"abc"[..]).read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Deadlock);
    }

    within_a_minute(|_| {
        for runtime in [current_thread(), multi_thread()] {
            runtime.block_on(code());
            runtime.block_on(async { tokio::spawn(code()).await }).unwrap();
        }
        smartasync::block_on(code());
    });
}

#[test]
fn in_a_call_that_another_executor_polls_theirs_stops_it_and_ours_returns_an_error() {
    #[smartasync::smartasync]
    async fn call() -> (io::Result<usize>, io::Result<usize>) {
        let mut bytes = [0];
        let theirs = SyncIoBridge::new(&b"abc"[..]).read(&mut bytes);
        (theirs, SyncIo::new(&b"abc"[..]).read(&mut bytes))
    }

    let (theirs, ours) = futures_lite::future::block_on(call().into_future());
    assert_eq!(theirs.unwrap(), 1, "it blocks no more: say so");
    assert_eq!(ours.unwrap_err().kind(), ErrorKind::Deadlock);
}

#[track_caller]
fn assert_panics(expected: &str, code: impl FnOnce()) {
    let payload = catch_unwind(AssertUnwindSafe(code)).unwrap_err();
    let message = payload.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| payload.downcast_ref().copied()).unwrap();
    assert!(message.contains(expected), "{message}");
}

/// Connects at its first read, like a client that connects lazily.
struct Lazy {
    connecting: Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>,
    connected: Option<TcpStream>,
}

impl Lazy {
    fn new(address: SocketAddr) -> Lazy {
        Lazy { connecting: Box::pin(TcpStream::connect(address)), connected: None }
    }
}

impl AsyncRead for Lazy {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.connected.is_none() {
            this.connected = Some(ready!(this.connecting.as_mut().poll(cx))?);
        }
        Pin::new(this.connected.as_mut().expect("it is connected")).poll_read(cx, buf)
    }
}

/// Sends a word to each client.
fn server() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            // A client that hangs may have disconnected.
            let _ = io::Write::write_all(&mut socket.unwrap(), b"word");
        }
    });
    address
}

#[test]
fn beside_a_runtime_that_nobody_drives_theirs_hangs_and_ours_reads() {
    within_a_minute(|stage| {
        let address = server();
        let (sender, done) = channel();
        thread::spawn(move || {
            let runtime = current_thread();
            let _guard = runtime.enter();
            sender.send(io::read_to_string(SyncIoBridge::new(Lazy::new(address)))).unwrap();
        });
        stage.at("ours");
        let runtime = current_thread();
        let _guard = runtime.enter();
        assert_eq!(io::read_to_string(SyncIo::new(Lazy::new(address))).unwrap(), "word");
        stage.at("theirs");
        let theirs = done.recv_timeout(Duration::from_millis(500));
        assert_eq!(theirs.unwrap_err(), RecvTimeoutError::Timeout, "it hangs no more: say so");
    });
}

#[test]
fn what_a_call_has_made_is_driven_when_it_is_read() {
    // A call runs on the thread's own runtime, which `SyncIoBridge` has no way to name.
    within_a_minute(|_| {
        let (mut near, far) = tokio::io::duplex(4);
        smartasync::block_on(async {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(2)).await;
                near.write_all(b"from a task").await
            });
        });
        assert_eq!(io::read_to_string(SyncIo::new(far)).unwrap(), "from a task");
    });
}
