//! A forked child makes calls on runtimes of its own, whatever its parent was doing.

#![cfg(unix)]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fork::{Fork, fork};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use smartasync::{Bridge, block_on};
use support::{Stage, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Handle, Id};
use tokio::time::sleep;

const CHILDREN: usize = 40;
const PATIENCE: Duration = Duration::from_secs(20);

async fn echo() -> std::io::Result<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await?;
        let byte = socket.read_u8().await?;
        socket.write_u8(byte).await
    });
    let mut socket = TcpStream::connect(address).await?;
    socket.write_u8(7).await?;
    socket.read_u8().await
}

/// What a child inherits: bridges that have run calls, on its thread too.
struct Inherited {
    private: Bridge,
    background: Bridge,
    runtimes: [Id; 2],
}

impl Inherited {
    fn new(private: &Bridge, background: &Bridge) -> Inherited {
        let id = || async { Handle::current().id() };
        let runtimes = [block_on(id()), private.block_on(id())];
        for bridge in [background, &Bridge::shared()] {
            bridge.block_on(async { tokio::spawn(async {}).await.unwrap() });
        }
        Inherited { private: private.clone(), background: background.clone(), runtimes }
    }
}

fn child(inherited: Inherited) {
    for _ in 0..2 {
        assert_eq!(block_on(echo()).unwrap(), 7);
        assert_eq!(inherited.private.block_on(echo()).unwrap(), 7);
        assert_eq!(inherited.background.block_on(echo()).unwrap(), 7);
        assert_eq!(Bridge::shared().block_on(echo()).unwrap(), 7);
    }
    assert_eq!(inherited.private.stats().runtimes, 1, "what was inherited is counted");
    assert_ne!(block_on(async { Handle::current().id() }), inherited.runtimes[0]);
    assert_ne!(inherited.private.block_on(async { Handle::current().id() }), inherited.runtimes[1]);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(block_on(echo()).unwrap(), 7));
        }
    });
    let (sender, receiver) = tokio::sync::oneshot::channel();
    block_on(async {
        tokio::spawn(async {
            sleep(Duration::from_millis(30)).await;
            sender.send(())
        });
    });
    assert!(receiver.blocking_recv().is_ok(), "a keeper drives what a call has left behind");
    smartasync::reset();
    inherited.private.shutdown(Duration::ZERO);
    drop(inherited);
    block_on(async { sleep(Duration::from_millis(1)).await });
}

/// Runs `child` in a forked process; its exit status, or nothing if it had to be killed.
fn in_a_child(child: impl FnOnce()) -> Option<i32> {
    match fork().unwrap() {
        Fork::Child => {
            let result = catch_unwind(AssertUnwindSafe(child));
            exit(if result.is_ok() { 0 } else { 1 })
        }
        Fork::Parent(pid) => {
            let pid = Pid::from_raw(pid);
            let start = Instant::now();
            while start.elapsed() < PATIENCE {
                if let Some((_, status)) = waitpid(pid, WaitOptions::NOHANG).unwrap() {
                    return status.exit_status();
                }
                thread::sleep(Duration::from_millis(1));
            }
            kill_process(pid.unwrap(), Signal::KILL).unwrap();
            waitpid(pid, WaitOptions::empty()).unwrap();
            None
        }
    }
}

fn fork_while_others_call(stage: &Stage) {
    /// Also when a child has failed: the others must not call for ever.
    struct Stop<'a>(&'a AtomicBool);

    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let stop = AtomicBool::new(false);
    let private = Bridge::builder().build();
    let background = Bridge::builder().shared_threads(1).build();
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    block_on(tokio::task::yield_now());
                    private.block_on(tokio::task::yield_now());
                    background.block_on(tokio::task::yield_now());
                    Bridge::builder().build().block_on(tokio::task::yield_now());
                }
            });
        }
        // A thread that starts while another one forks holds a lock of the standard library, and no thread
        // can be started in the child. So whatever starts does so now: a runtime with its keeper, which
        // goes to the pool for those who come later.
        scope.spawn(|| Inherited::new(&private, &background)).join().unwrap();
        thread::sleep(Duration::from_millis(200));
        for number in 0..CHILDREN {
            stage.at(format!("child {number}"));
            // Each on a thread of its own, which has a runtime when it forks.
            let status = scope.spawn(|| {
                let inherited = Inherited::new(&private, &background);
                in_a_child(|| child(inherited))
            });
            let status = status.join().unwrap();
            assert_eq!(status, Some(0), "child {number}: nothing means that it hung");
        }
    });
}

#[test]
fn a_forked_child_has_runtimes_of_its_own() {
    within(Duration::from_secs(120), |stage| {
        fork_while_others_call(stage);
        stage.at("the parent goes on");
        assert_eq!(block_on(echo()).unwrap(), 7);
    });
}
