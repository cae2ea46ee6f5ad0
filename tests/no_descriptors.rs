//! A runtime that cannot be built is an error with its cause. These tests have a process of their own, because
//! they use up the descriptors.

#![cfg(unix)]

mod support;

use std::error::Error;
use std::fs::File;
use std::io;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use smartasync::{Bridge, WaitErrorKind, smartasync};

use support::within_a_minute;

#[smartasync]
async fn answer() -> u32 {
    tokio::task::yield_now().await;
    42
}

#[test]
fn a_thread_without_descriptors_gets_the_io_error_and_its_call_back() {
    within_a_minute(|_| {
        let taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        let error = answer().try_wait().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::Runtime);
        let source = error.source().expect("the cause");
        let source: &io::Error = source.downcast_ref().expect("an io::Error");
        assert_eq!(source.raw_os_error(), Some(Errno::MFILE.raw_os_error()));
        let message = error.to_string();
        assert!(message.starts_with("cannot wait for `answer`"), "{message}");
        assert!(message.contains("no runtime for this thread"), "{message}");

        drop(taken);
        let call = error.into_call().expect("the call was not started");
        assert_eq!(call.wait(), 42, "the failure was remembered");
    });
    a_thread_shares_the_runtime_of_another();
    a_thread_waits_for_a_driver_that_is_late();
}

/// There is a place for a runtime of this thread, but there are no descriptors for it. A runtime that only its own thread
/// drives is not shared.
fn a_thread_shares_the_runtime_of_another() {
    within_a_minute(|stage| {
        for has_drivers in [true, false] {
            let bridge = Bridge::builder().driver_threads(has_drivers).build();
            bridge.block_on(async {});
            let taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
            stage.at(format!("a call on another thread, {bridge:?}"));
            let call = || answer().on(&bridge).try_wait().map_err(|error| error.kind());
            let output = thread::scope(|scope| scope.spawn(call).join().unwrap());
            assert_eq!(output, if has_drivers { Ok(42) } else { Err(WaitErrorKind::Runtime) });
            assert_eq!(bridge.stats().runtimes, 1);
            drop(taken);
        }
    });
}

/// There is no runtime for this thread, and the driver of the only one is busy for longer than one question waits.
fn a_thread_waits_for_a_driver_that_is_late() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().max_runtimes(1).build();
        let (running, runs) = channel();
        bridge.block_on(async {});
        let taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
        bridge.block_on(async {
            tokio::spawn(async move {
                running.send(()).unwrap();
                thread::sleep(Duration::from_millis(100));
            });
        });
        runs.recv().unwrap();
        stage.at("a call on another thread");
        thread::scope(|scope| {
            scope.spawn(|| assert_eq!(answer().on(&bridge).try_wait().unwrap(), 42));
        });
        drop(taken);
    });
}
