//! A host that unloads the library can wait until none of its threads is left.
//!
//! This test has a process of its own, because it counts all threads.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::future::poll_fn;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, Wait, WaitErrorKind, join_threads};
use tokio::time::sleep;

use support::{Stage, within_a_minute};

const LIMIT: Duration = Duration::from_secs(30);

/// The names of the threads of the process that the crate has started, the first fifteen bytes of each.
fn threads() -> Vec<String> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| name(&fs::read_to_string(task.unwrap().path().join("stat")).ok()?));
    let mut names: Vec<_> = names.collect();
    names.retain(|name| name.starts_with("smartasync") || name.starts_with("gone/"));
    names.sort();
    names
}

/// Returns the name in a line of `/proc/PID/task/TID/stat`. A thread that no longer runs code of the process has
/// none: the system wakes those who join it shortly before it removes it from the list.
fn name(stat: &str) -> Option<String> {
    const PF_EXITING: u32 = 4;
    let (name, rest) = stat.rsplit_once(')')?;
    let flags: u32 = rest.split_whitespace().nth(6)?.parse().unwrap();
    (flags & PF_EXITING == 0).then(|| name.split_once('(').unwrap().1.to_owned())
}

/// Has the crate start each kind of thread: monitor, driver, shared, timer, watchdog, blocking, end.
fn start_all(stage: &Stage) {
    #[cfg(feature = "rt-multi-thread")]
    Bridge::shared().block_on(async { tokio::spawn(async {}).await.unwrap() });
    assert!(std::future::pending::<()>().wait_timeout(Duration::from_millis(1)).is_err());
    let private = Bridge::builder().name("gone").warn_after(Duration::from_secs(60)).build();
    for bridge in [Bridge::per_thread(), private.clone()] {
        let leave_task = || {
            bridge.block_on(async {
                tokio::spawn(sleep(Duration::from_millis(20)));
                tokio::task::spawn_blocking(|| {}).await.unwrap();
            });
        };
        leave_task();
        thread::scope(|scope| scope.spawn(leave_task).join().unwrap());
    }
    let kinds = [
        "monitor",
        "timer",
        "driver",
        #[cfg(feature = "rt-multi-thread")]
        "shared",
        "blocking",
    ];
    let names = kinds.map(|kind| format!("smartasync/{kind}"));
    for name in names.iter().map(String::as_str).chain(["gone/watchdog"]) {
        stage.at(format!("waiting for {name}"));
        // A thread names itself when it begins.
        while !threads().iter().any(|thread| *thread == name[..name.len().min(15)]) {
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert!(private.shutdown(LIMIT).is_complete());
}

/// Only `join_threads` ends the monitor.
fn monitor_stays(stage: &Stage) {
    let bridge = Bridge::builder().idle_timeout(Duration::from_millis(1)).build();
    bridge.block_on(async {});
    stage.at("the driver thread, after which the monitor has nothing to do");
    while bridge.stats().driver_threads == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(Duration::from_millis(50));
    let name = &"smartasync/monitor"[..15];
    assert!(threads().iter().any(|thread| thread == name), "{:?}", threads());
}

/// A call that is in its first poll has a deadline, and has not set the timer yet.
fn join_while_a_call_polls() {
    thread::scope(|scope| {
        // In here, so that the call ends if an assertion fails.
        let (begins, has_begun) = mpsc::channel();
        let (goes_on, may_go_on) = mpsc::channel::<()>();
        let call = scope.spawn(move || {
            let future = poll_fn(move |_| {
                begins.send(()).unwrap();
                let _ = may_go_on.recv();
                Poll::<()>::Pending
            });
            future.wait_timeout(Duration::from_millis(500)).unwrap_err().kind()
        });
        has_begun.recv().unwrap();
        assert!(!join_threads(Duration::from_millis(20)), "the call needs the timer");
        // A thread that ended all the same would be gone by now.
        thread::sleep(Duration::from_millis(50));
        // Also for the poll that follows the deadline.
        drop(goes_on);
        assert_eq!(call.join().unwrap(), WaitErrorKind::TimedOut);
    });
}

#[test]
fn all_threads_can_be_waited_for_again_and_again() {
    within_a_minute(|stage| {
        for round in 0..20 {
            stage.at(format!("round {round}"));
            start_all(stage);
            assert!(join_threads(LIMIT), "round {round}: {:?}", threads());
            assert_eq!(threads(), [""; 0], "round {round}");
        }
        stage.at("a task that does not end");
        let _task = Bridge::per_thread().spawn(std::future::pending::<()>());
        let private = Bridge::builder().name("gone").build();
        private.block_on(async { drop(tokio::spawn(std::future::pending::<()>())) });
        assert!(!join_threads(Duration::from_millis(20)), "a private bridge has a driver thread");
        drop(private);
        assert!(join_threads(LIMIT), "{:?}", threads());
        assert_eq!(threads(), [""; 0]);
        stage.at("a monitor that has nothing to do after an earlier one was joined");
        monitor_stays(stage);
        assert!(join_threads(LIMIT), "{:?}", threads());
        stage.at("a call that has not set its deadline");
        join_while_a_call_polls();
        assert!(join_threads(LIMIT), "{:?}", threads());
        assert_eq!(threads(), [""; 0]);
    });
}
