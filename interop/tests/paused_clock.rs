//! Tests that pause Tokio's clock, next to tests that do not.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use smartasync::block_on;
use tokio::runtime::Builder;
use tokio::task;
use tokio::time::{self, sleep};

/// Much longer than the test takes.
const LONG: Duration = Duration::from_secs(30);

/// Runs `test` on a thread of its own, as the test harness does.
fn run(name: &str, test: impl FnOnce() + Send + 'static) {
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        test();
        sender.send(()).unwrap();
    });
    let result = receiver.recv_timeout(LONG);
    assert!(result.is_ok(), "{name} hangs or has failed");
    thread.join().unwrap();
}

#[test]
fn a_blocking_job_of_a_runtime_with_a_paused_clock() {
    run("a job beside a paused clock", || {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
        let job = || block_on(async { sleep(Duration::from_millis(1)).await });
        runtime.unwrap().block_on(async { task::spawn_blocking(job).await }).unwrap();
    });
}

#[test]
fn no_thread_inherits_a_clock_that_another_has_paused() {
    for number in 0..200 {
        run(&format!("test {number}"), move || {
            if number % 3 == 0 {
                block_on(async { time::pause() });
            } else {
                let start = std::time::Instant::now();
                block_on(async { sleep(Duration::from_millis(2)).await });
                assert!(start.elapsed() >= Duration::from_millis(2), "{number}: the clock jumps");
            }
        });
    }
}
