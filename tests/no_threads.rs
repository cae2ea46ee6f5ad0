//! If no thread can be started, a call gets an error or goes without, and the next one tries again. This test has
//! a process of its own: it leaves no memory for stacks, so that no thread starts, even for root.

#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use smartasync::{Bridge, WaitErrorKind};

use support::within_a_minute;

/// Less than the stack of a thread.
const TO_SPARE: u64 = 1 << 20;

/// Calls `f` while the process has memory for `stacks` more stacks of 2 MiB.
fn with_stacks<T>(stacks: u64, f: impl FnOnce() -> T) -> T {
    let before = getrlimit(Resource::As);
    let limited = Rlimit { current: Some(memory() + (stacks << 21) + TO_SPARE), ..before };
    setrlimit(Resource::As, limited).unwrap();
    let result = f();
    setrlimit(Resource::As, before).unwrap();
    result
}

/// The memory of the process, in bytes.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

// There is only one test: the limit is that of the whole process, and the harness starts threads too.
#[test]
fn where_no_thread_can_be_started_a_later_call_tries_again() {
    within_a_minute(|stage| {
        stage.at("a background runtime that is too large");
        let bridge = Bridge::builder().shared_threads(64).build();
        let refused = with_stacks(16, || bridge.try_block_on(async {}));
        assert_eq!(refused.unwrap_err().kind(), WaitErrorKind::Runtime);
        bridge.try_block_on(async {}).expect("the failure is not remembered");

        stage.at("a monitor that cannot be started");
        let bridge = Bridge::builder().idle_timeout(Duration::from_millis(1)).build();
        with_no_thread(|| bridge.block_on(async {}));
        // This call is ready at once, and does not drive of its own accord.
        bridge.block_on(async {});
        stage.at("a runtime that nobody drives");
        while bridge.stats().driver_threads == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Calls `f` while no thread can be started.
fn with_no_thread<T>(f: impl FnOnce() -> T) -> T {
    // The stacks of ended threads are reused: these threads take them.
    let (held, hold) = channel::<()>();
    let hold = Mutex::new(hold);
    thread::scope(|scope| {
        for _ in 0..128 {
            scope.spawn(|| hold.lock().unwrap().recv().is_ok());
        }
        let result = with_stacks(0, || {
            assert!(thread::Builder::new().spawn(|| ()).is_err(), "a thread can be started");
            f()
        });
        drop(held);
        result
    })
}
