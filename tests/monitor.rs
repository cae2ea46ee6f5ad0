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
    a_bridge_that_waits_for_less_time_gets_its_driver_thread_in_time();
}

/// The monitor is awake, and waits for a bridge that may be left undriven for an hour.
fn a_bridge_that_waits_for_less_time_gets_its_driver_thread_in_time() {
    within_a_minute(|stage| {
        let patient = Bridge::builder().idle_timeout(Duration::from_secs(3600)).build();
        patient.block_on(async {});
        thread::sleep(REST);
        let bridge = Bridge::builder().idle_timeout(IDLE_TIMEOUT).build();
        bridge.block_on(async {});
        stage.at("the driver thread of the other bridge");
        while bridge.stats().driver_threads == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(patient.stats().driver_threads, 0);
    });
}
