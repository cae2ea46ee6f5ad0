//! A forked child makes calls on runtimes of its own, whatever its parent was doing.

#![cfg(unix)]

mod support;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use fork::{Fork, fork};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use smartasync::{Bridge, Nested, SlowCall, WaitErrorKind, block_on, smartasync};
use support::{Stage, echo, within};
use tokio::runtime::{Handle, Id};
use tokio::time::sleep;

const CHILDREN: usize = 40;
/// So long that no driver thread is started on a busy machine for a thread that only had no time to run.
const LONG: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(20);

/// The bridges of the parent.
struct Bridges {
    private: Bridge,
    background: Bridge,
    watched: Bridge,
    foreign: Bridge,
}

/// What a child inherits: bridges that have run calls, also on the thread that forks.
struct Inherited {
    private: Bridge,
    watched: Bridge,
    foreign: Bridge,
    background: Bridge,
    runtimes: [Id; 2],
}

impl Inherited {
    fn new(bridges: &Bridges) -> Inherited {
        let Bridges { private, background, watched, foreign } = bridges;
        let id = || async { Handle::current().id() };
        let runtimes = [block_on(id()), private.block_on(id())];
        for bridge in [background, watched, foreign, &Bridge::shared()] {
            bridge.block_on(async { tokio::spawn(async {}).await.unwrap() });
        }
        Inherited {
            private: private.clone(),
            watched: watched.clone(),
            foreign: foreign.clone(),
            background: background.clone(),
            runtimes,
        }
    }
}

fn child(inherited: Inherited) {
    for _ in 0..2 {
        assert_eq!(block_on(echo(7)).unwrap(), 7);
        assert_eq!(inherited.private.block_on(echo(7)).unwrap(), 7);
        assert_eq!(inherited.background.block_on(echo(7)).unwrap(), 7);
        assert_eq!(Bridge::shared().block_on(echo(7)).unwrap(), 7);
    }
    assert_eq!(inherited.watched.block_on(echo(7)).unwrap(), 7);
    let late = Bridge::per_thread().call(std::future::pending::<()>());
    let late = late.wait_timeout(Duration::from_millis(1)).unwrap_err();
    assert_eq!(late.kind(), WaitErrorKind::TimedOut);
    let refused = inherited.foreign.try_block_on(async {}).unwrap_err();
    assert_eq!(refused.kind(), WaitErrorKind::Runtime, "nobody drives it here");
    assert_eq!(inherited.private.stats().runtimes, 1, "what was inherited is counted");
    assert_ne!(block_on(async { Handle::current().id() }), inherited.runtimes[0]);
    assert_ne!(inherited.private.block_on(async { Handle::current().id() }), inherited.runtimes[1]);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(block_on(echo(7)).unwrap(), 7));
        }
    });
    let (sender, receiver) = tokio::sync::oneshot::channel();
    block_on(async {
        tokio::spawn(async {
            sleep(Duration::from_millis(30)).await;
            sender.send(())
        });
    });
    assert!(receiver.blocking_recv().is_ok(), "a driver thread drives what a call has left behind");
    smartasync::reset();
    inherited.private.shutdown(Duration::ZERO);
    drop(inherited);
    block_on(async { sleep(Duration::from_millis(1)).await });
}

/// Runs `child` in a forked process. Returns its exit status, or nothing if it had to be killed.
fn in_a_child(child: impl FnOnce()) -> Option<i32> {
    match fork().unwrap() {
        Fork::Child => be_the_child(child),
        Fork::Parent(pid) => exit_status(pid),
    }
}

fn be_the_child(child: impl FnOnce()) -> ! {
    let result = catch_unwind(AssertUnwindSafe(child));
    exit(if result.is_ok() { 0 } else { 1 })
}

fn exit_status(child: i32) -> Option<i32> {
    let pid = Pid::from_raw(child);
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

fn fork_while_others_call(stage: &Stage) {
    /// Stops the other threads' calls, also when a child has failed.
    struct Stop<'a>(&'a AtomicBool);

    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let stop = AtomicBool::new(false);
    let runtime = support::multi_thread();
    let bridges = Bridges {
        private: Bridge::builder().idle_timeout(LONG).build(),
        background: Bridge::builder().shared_threads(1).build(),
        watched: Bridge::builder().idle_timeout(LONG).warn_after(PATIENCE).build(),
        foreign: Bridge::from_handle(runtime.handle().clone()),
    };
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        for _ in 0..2 {
            scope.spawn(|| {
                // The timer thread starts with this call.
                Bridge::per_thread().call(async {}).wait_timeout(PATIENCE).unwrap();
                thread::sleep(Duration::from_millis(300));
                while !stop.load(Ordering::Relaxed) {
                    block_on(tokio::task::yield_now());
                    let call = bridges.private.call(tokio::task::yield_now());
                    call.wait_timeout(PATIENCE).unwrap();
                    bridges.background.block_on(tokio::task::yield_now());
                    bridges.watched.block_on(tokio::task::yield_now());
                    Bridge::builder().idle_timeout(LONG).build().block_on(tokio::task::yield_now());
                }
            });
        }
        // If a thread is being started while another one forks, a lock of the standard library is held in the
        // child, and no thread can be started there. So every thread that this test needs starts now: the driver
        // threads of the callers, and those of the runtimes in the pool, which later threads take.
        scope.spawn(|| Inherited::new(&bridges)).join().unwrap();
        thread::sleep(Duration::from_secs(1));
        for number in 0..CHILDREN {
            stage.at(format!("child {number}"));
            // Each child is forked by a thread of its own, which has a runtime at that time.
            let status = scope.spawn(|| {
                let inherited = Inherited::new(&bridges);
                in_a_child(|| child(inherited))
            });
            let status = status.join().unwrap();
            assert_eq!(status, Some(0), "child {number}: nothing means that it hung");
        }
    });
}

/// Forks inside a call whose runtime has a task that reports in which process it runs.
fn fork_inside_a_call() {
    let (mut told, teller) = UnixStream::pair().unwrap();
    let status = block_on(async move {
        tokio::spawn(async move {
            let mut teller = teller;
            while teller.write_all(&std::process::id().to_ne_bytes()).is_ok() {
                sleep(Duration::from_millis(5)).await;
            }
        });
        sleep(Duration::from_millis(20)).await;
        in_a_child(|| {
            // The call that was made in the fork is refused, as in any async code. A new thread may make calls.
            assert!(Bridge::per_thread().try_block_on(echo(7)).is_err());
            thread::spawn(|| assert_eq!(block_on(echo(7)).unwrap(), 7)).join().unwrap();
            thread::sleep(Duration::from_millis(100));
        })
    });
    assert_eq!(status, Some(0));
    for _ in 0..10 {
        let mut id = [0; 4];
        told.read_exact(&mut id).unwrap();
        assert_eq!(u32::from_ne_bytes(id), std::process::id(), "the child runs the parent's task");
    }
}

/// Forks inside calls that are still waiting. In the child nobody drives what they wait for, so they end there,
/// and no thread is started for what was inherited.
fn fork_inside_a_call_that_goes_on(stage: &Stage) {
    #[smartasync]
    async fn forks(then: impl Future<Output = ()>) -> Fork {
        drop(tokio::spawn(std::future::pending::<()>()));
        // A worker that the task has woken may hold a lock of Tokio's, which in the child nobody gives back, and the rest
        // of this poll uses Tokio. By now it sleeps again.
        thread::sleep(Duration::from_millis(5));
        let forked = fork().unwrap();
        then.await;
        forked
    }

    let wakes_itself = || async {
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    };
    let runtime = support::multi_thread();
    let handle = || runtime.handle().clone();
    let park = || Bridge::builder().nested(Nested::Park);
    for (bridge, in_a_poll) in [
        (Bridge::per_thread(), false),
        (Bridge::builder().idle_timeout(LONG).build(), false),
        (Bridge::builder().shared_threads(1).build(), false),
        (Bridge::shared(), false),
        (Bridge::from_handle(handle()), false),
        (park().shared_threads(1).build(), true),
        (park().handle(handle()).build(), true),
    ] {
        for parks in [true, false] {
            stage.at(format!("{bridge:?}, parks: {parks}"));
            let then = async {
                if parks { sleep(Duration::from_millis(50)).await } else { wakes_itself().await }
            };
            let parent = std::process::id();
            let call = || forks(then).on(&bridge).try_wait();
            let ended = if in_a_poll {
                support::current_thread().block_on(async { call() })
            } else {
                call()
            };
            if std::process::id() != parent {
                be_the_child(|| {
                    assert_eq!(ended.unwrap_err().kind(), WaitErrorKind::Shutdown);
                    #[cfg(target_os = "linux")]
                    assert_eq!(std::fs::read_dir("/proc/self/task").unwrap().count(), 1);
                });
            }
            let Ok(Fork::Parent(child)) = ended else { panic!("the parent's call was cut short") };
            assert_eq!(exit_status(child), Some(0), "nothing means that it hung");
        }
    }
}

/// Forks while a runtime is entered that has a task. In the child the guard starts no thread for it.
fn fork_beside_a_guard() {
    let bridge = Bridge::builder().idle_timeout(LONG).build();
    let guard = bridge.enter();
    drop(tokio::spawn(std::future::pending::<()>()));
    let status = in_a_child(|| {
        drop(guard);
        #[cfg(target_os = "linux")]
        assert_eq!(std::fs::read_dir("/proc/self/task").unwrap().count(), 1);
    });
    assert_eq!(status, Some(0), "nothing means that it hung");
}

/// Forks inside a slow call, which ends in both processes. The parent reports it, and each process reports its own
/// calls.
fn fork_inside_a_slow_call() {
    const LIMIT: Duration = Duration::from_millis(20);

    #[smartasync]
    async fn forks() -> Fork {
        let forked = fork().unwrap();
        thread::sleep(5 * LIMIT);
        forked
    }

    #[smartasync]
    async fn of_one_process() {
        sleep(5 * LIMIT).await;
    }

    let (mut reports, reporter) = UnixStream::pair().unwrap();
    let report = move |call: &SlowCall| {
        let line = format!("{} {}\n", std::process::id(), call.name());
        (&reporter).write_all(line.as_bytes()).unwrap();
    };
    let bridge = Bridge::builder().warn_after(LIMIT).on_slow_call(report).build();
    // The bridge's threads exist before the fork.
    of_one_process().on(&bridge).wait();
    let child = match forks().on(&bridge).wait() {
        Fork::Child => be_the_child(|| of_one_process().on(&bridge).wait()),
        Fork::Parent(child) => child,
    };
    assert_eq!(exit_status(child), Some(0));
    drop(bridge);
    let mut lines = String::new();
    reports.read_to_string(&mut lines).unwrap();
    let parent = std::process::id();
    let mut expected = [
        format!("{parent} of_one_process"),
        format!("{parent} forks"),
        format!("{child} of_one_process"),
    ];
    expected.sort();
    let mut lines: Vec<_> = lines.lines().collect();
    lines.sort();
    assert_eq!(lines, expected);
}

#[test]
fn a_forked_child_has_runtimes_of_its_own() {
    within(Duration::from_secs(120), |stage| {
        stage.at("a fork inside a slow call");
        fork_inside_a_slow_call();
        stage.at("a fork inside a call");
        fork_inside_a_call();
        fork_inside_a_call_that_goes_on(stage);
        stage.at("a fork beside a guard");
        fork_beside_a_guard();
        fork_while_others_call(stage);
        stage.at("the parent goes on");
        assert_eq!(block_on(echo(7)).unwrap(), 7);
    });
}
