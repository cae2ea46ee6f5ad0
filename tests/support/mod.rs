//! Helpers for the tests: deadlines and runtimes.

#![allow(dead_code, reason = "each binary uses its share")]

use std::fs::OpenOptions;
use std::io::{Write, stderr};
use std::panic;
use std::pin::pin;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::time::sleep;

/// Where a test stands, for the message when its deadline has passed.
#[derive(Debug, Default)]
pub(crate) struct Stage(Mutex<String>);

impl Stage {
    pub(crate) fn at(&self, place: impl Into<String>) {
        *self.0.lock().unwrap() = place.into();
    }
}

/// Runs `test` on a plain thread of its own. If it takes longer than a minute it hangs: then this prints where it
/// stands, and ends the process.
pub(crate) fn within_a_minute<T: Send>(test: impl FnOnce(&Stage) -> T + Send) -> T {
    within(Duration::from_secs(60), test)
}

pub(crate) fn within<T: Send>(limit: Duration, test: impl FnOnce(&Stage) -> T + Send) -> T {
    let stage = Stage::default();
    let name = thread::current().name().unwrap_or("test").to_owned();
    thread::scope(|scope| {
        let (sender, receiver) = channel::<()>();
        let stage = &stage;
        let runner = thread::Builder::new().name(name.clone()).spawn_scoped(scope, move || {
            let _ended = sender;
            test(stage)
        });
        if receiver.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            let place = stage.0.lock().unwrap();
            // Not `eprintln!`: the harness captures its output, and loses it when the process exits.
            let _ = writeln!(
                stderr(),
                "{name} hangs: {limit:?} have passed, and it stood at {place:?}"
            );
            std::process::exit(101);
        }
        let result = runner.expect("a thread can be started").join();
        result.unwrap_or_else(|payload| panic::resume_unwind(payload))
    })
}

pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Calls `f` with a current-thread runtime that another thread drives meanwhile.
pub(crate) fn beside_a_driver(f: impl FnOnce(&Runtime)) {
    let runtime = current_thread();
    let (driving, is_driven) = channel();
    let (stop, stopped) = oneshot::channel::<()>();
    thread::scope(|scope| {
        let runtime = &runtime;
        scope.spawn(move || {
            runtime.block_on(async {
                driving.send(()).unwrap();
                let _ = stopped.await;
            });
        });
        is_driven.recv().unwrap();
        f(runtime);
        drop(stop);
    });
}

/// A program that does nothing.
pub(crate) fn nothing() -> Command {
    if cfg!(windows) {
        let mut command = Command::new("cmd");
        command.args(["/C", "exit 0"]);
        command
    } else {
        Command::new("true")
    }
}

pub(crate) fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Sends a byte to a task over loopback TCP, and returns what comes back.
pub(crate) async fn echo(byte: u8) -> std::io::Result<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await?;
        let byte = socket.read_u8().await?;
        socket.write_u8(byte).await
    });
    let mut socket = TcpStream::connect(address).await?;
    socket.write_u8(byte).await?;
    socket.read_u8().await
}

/// Spawns a task when it is dropped, which reports the runtime that it runs on: a client that says goodbye.
pub(crate) struct SaysGoodbye(pub(crate) Sender<Handle>);

impl Drop for SaysGoodbye {
    fn drop(&mut self) {
        let told = self.0.clone();
        tokio::spawn(async move {
            sleep(Duration::from_millis(1)).await;
            told.send(Handle::current()).unwrap();
        });
    }
}

/// Polls once, and drops what is still pending.
// The full path, because this is compiled with edition 2021 too.
pub(crate) fn poll_once<F: std::future::Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A file that is removed with its last handle.
pub(crate) fn unnamed_file() -> std::fs::File {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("smartasync-{}-{number}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file
}

/// Tells, when it is dropped, whether the thread has a current runtime.
pub(crate) struct TellsItsEnd(pub(crate) Sender<bool>);

impl Drop for TellsItsEnd {
    fn drop(&mut self) {
        self.0.send(Handle::try_current().is_ok()).unwrap();
    }
}
