//! Where no thread can be started a call gets an error or goes without, and the next one tries again. It has a process
//! of its own: it takes the memory for stacks away, so that no thread starts, for root either.

#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use smartasync::{Bridge, WaitErrorKind};

use support::within_a_minute;

/// Less than a thread's stack.
const TO_SPARE: u64 = 1 << 20;

/// Calls `f` while the process has memory for so many more stacks of two MiB.
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

/// The limit is the whole process's.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

#[test]
fn a_background_runtime_that_is_too_large_is_an_error() {
    within_a_minute(|_| {
        let _one_at_a_time = ONE_AT_A_TIME.lock();
        let bridge = Bridge::builder().shared_threads(64).build();
        let refused = with_stacks(16, || bridge.try_block_on(async {}));
        assert_eq!(refused.unwrap_err().kind(), WaitErrorKind::Runtime);
        bridge.try_block_on(async {}).expect("the failure is not remembered");
    });
}

#[test]
fn a_monitor_that_cannot_be_started_is_tried_again_by_the_next_call() {
    within_a_minute(|_| {
        let _one_at_a_time = ONE_AT_A_TIME.lock();
        let bridge = Bridge::builder().idle_timeout(Duration::from_millis(1)).build();
        with_no_thread(|| bridge.block_on(async {}));
        // It is ready at once, and drives nothing of its own accord.
        bridge.block_on(async {});
        let start = Instant::now();
        while bridge.stats().driver_threads == 0 {
            assert!(start.elapsed() < Duration::from_secs(20), "nobody drives the runtime");
            thread::sleep(Duration::from_millis(1));
        }
    });
}

/// Calls `f` while no thread can be started.
fn with_no_thread<T>(f: impl FnOnce() -> T) -> T {
    // The stacks of threads that have ended are used again: these take them.
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
