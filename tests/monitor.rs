//! The monitor wakes each time that a runtime is left undriven. This test has a process of its own: the runtimes
//! of other tests would wake the monitor too.

mod support;

use std::thread;
use std::time::Duration;

use smartasync::Bridge;
use tokio::task;
use tokio::time::sleep;

use support::within_a_minute;

const IDLE_TIMEOUT: Duration = Duration::from_millis(5);
const REST: Duration = Duration::from_millis(100);

#[test]
fn the_monitor_wakes_after_each_rest() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().idle_timeout(IDLE_TIMEOUT).build();
        for round in 1..=6 {
            // This call builds a new runtime, which nobody drives once the call is over.
            if round % 2 == 0 {
                bridge.block_on(task::yield_now());
            } else {
                // While the thread drives there is nothing to watch, so the monitor sleeps until the call is over.
                bridge.block_on(async { sleep(REST).await });
            }
            stage.at(format!("driver thread {round}"));
            while bridge.stats().driver_threads < round {
                thread::sleep(Duration::from_millis(1));
            }
            bridge.reset();
            // Nothing is left to watch, so the monitor sleeps until a runtime is built.
            thread::sleep(REST);
        }
    });
}
