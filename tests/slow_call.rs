//! A call that waits too long is reported once: what it is, where it was made, and how long it has waited.
//!
//! These tests have a process of their own: the reports are expected within a time limit, and other tests would
//! delay them.

mod support;

use std::future::pending;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(feature = "rt-multi-thread")]
use smartasync::Nested;
use smartasync::{Bridge, BridgeBuilder, SlowCall, smartasync};
use support::within_a_minute;
use tokio::sync::oneshot;
use tokio::time::sleep;

const LIMIT: Duration = Duration::from_millis(20);

#[smartasync]
async fn doze(time: Duration) {
    sleep(time).await;
}

fn watched(builder: BridgeBuilder, limit: Duration) -> (Bridge, Receiver<SlowCall>) {
    let (sender, slow_calls) = channel();
    let report = move |call: &SlowCall| sender.send(*call).unwrap();
    (builder.warn_after(limit).on_slow_call(report).build(), slow_calls)
}

#[test]
fn a_slow_call_is_reported_once_while_it_waits() {
    within_a_minute(|stage| {
        for builder in [
            Bridge::builder(),
            Bridge::builder().driver_threads(false),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::builder().shared_threads(1),
        ] {
            let (bridge, slow_calls) = watched(builder, LIMIT);
            let worker = thread::spawn({
                let bridge = bridge.clone();
                move || doze(10 * LIMIT).on(&bridge).wait()
            });
            stage.at("the report of a call that waits");
            let call = slow_calls.recv().unwrap();
            worker.join().unwrap();
            assert_eq!((call.name(), call.caller().file()), ("doze", file!()));
            assert!(call.waited() >= LIMIT, "{call}");
            assert_eq!(slow_calls.try_recv().unwrap_err(), TryRecvError::Empty, "reported twice");
        }
    });
}

#[test]
fn a_call_that_began_later_is_reported_later() {
    within_a_minute(|stage| {
        let limit = 5 * LIMIT;
        let (bridge, slow_calls) = watched(Bridge::builder(), limit);
        thread::scope(|scope| {
            scope.spawn(|| doze(2 * limit).on(&bridge).wait());
            thread::sleep(limit / 2);
            doze(2 * limit).on(&bridge).wait();
        });
        for number in 0..2 {
            stage.at(format!("report {number}"));
            let call = slow_calls.recv().unwrap();
            assert!(call.waited() >= limit, "{call}");
        }
    });
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn a_call_that_parks_in_a_task_is_reported_while_it_waits_for_its_own_thread() {
    within_a_minute(|stage| {
        let builder = Bridge::builder().shared_threads(1).nested(Nested::Park);
        let (bridge, slow_calls) = watched(builder, LIMIT);
        stage.at("the report of a call that never ends by itself");
        let runtime = support::current_thread();
        let blocked = runtime.spawn(async move {
            let other = tokio::spawn(async {});
            bridge.call(other).wait_timeout(10 * LIMIT).unwrap_err();
        });
        runtime.block_on(blocked).unwrap();
        let call = slow_calls.recv().unwrap();
        assert_eq!((call.name(), call.caller().file()), ("Bridge::call", file!()));
    });
}

#[test]
fn the_report_tells_of_a_runtime_whose_task_does_not_yield() {
    static IS_OVER: AtomicBool = AtomicBool::new(false);
    within_a_minute(|stage| {
        for builder in [
            Bridge::builder(),
            // The thread that waits gets a runtime beyond the limit.
            Bridge::builder().max_runtimes(1),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::builder().shared_threads(1),
        ] {
            let (bridge, slow_calls) = watched(builder, LIMIT);
            IS_OVER.store(false, Ordering::Relaxed);
            stage.at("the report of a call that only waits, beside a task");
            bridge.block_on(async { drop(tokio::spawn(pending::<()>())) });
            // A runtime whose thread gets no processor for a while may be taken for a stuck one.
            let report = || {
                doze(10 * LIMIT).on(&bridge).wait();
                slow_calls.recv().unwrap()
            };
            while report().stuck_runtimes() != 0 {}
            // On the runtime of this thread, or on the one that all share.
            let (sender, receiver) = oneshot::channel();
            bridge.block_on(async {
                tokio::spawn(async {
                    while !IS_OVER.load(Ordering::Relaxed) {
                        thread::yield_now();
                    }
                });
                tokio::spawn(async { sender.send(()) });
            });
            stage.at("the report of a call that waits for a task of the stuck runtime");
            let worker = thread::spawn({
                let bridge = bridge.clone();
                move || bridge.block_on(receiver).unwrap()
            });
            // On a busy machine the first call may have been slow, too.
            let call = slow_calls.iter().find(|call| call.stuck_runtimes() > 0).unwrap();
            assert_eq!(call.stuck_runtimes(), 1);
            assert!(call.to_string().ends_with("a task there blocks or never yields"), "{call}");
            IS_OVER.store(true, Ordering::Relaxed);
            worker.join().unwrap();
            stage.at("the report of a call that only waits");
            doze(10 * LIMIT).on(&bridge).wait();
            assert_eq!(slow_calls.recv().unwrap().stuck_runtimes(), 0);
        }
    });
}

/// The thread that asks a runtime may be the last to let go of it.
#[test]
fn a_runtime_that_ends_while_it_is_asked_does_not_end_on_the_thread_that_asks() {
    struct TellsItsThread(Sender<String>);

    impl Drop for TellsItsThread {
        fn drop(&mut self) {
            let name = thread::current().name().unwrap_or_default().to_owned();
            self.0.send(name).unwrap();
        }
    }

    within_a_minute(|stage| {
        let (bridge, _slow_calls) = watched(Bridge::builder().name("asked"), LIMIT);
        let (end, ended) = channel::<()>();
        let (sender, dropped_on) = channel();
        bridge.block_on(async {
            let held = TellsItsThread(sender);
            tokio::spawn(async {
                let _held = held;
                pending::<()>().await;
            });
            tokio::spawn(async move { ended.recv().unwrap_err() });
        });
        let waiting = thread::spawn({
            let bridge = bridge.clone();
            move || bridge.try_block_on(pending::<()>()).unwrap_err()
        });
        thread::sleep(3 * LIMIT);
        bridge.shutdown(Duration::ZERO);
        drop(end);
        stage.at("the end of the runtime");
        assert_ne!(dropped_on.recv().unwrap(), "asked/watchdog");
        waiting.join().unwrap();
    });
}

#[test]
fn a_runtime_that_nobody_drives_is_not_taken_for_a_stuck_one() {
    within_a_minute(|stage| {
        let (bridge, slow_calls) = watched(Bridge::builder().driver_threads(false), LIMIT);
        let (end, ended) = channel::<()>();
        let (begun, has_begun) = channel();
        thread::scope(|scope| {
            let bridge = &bridge;
            scope.spawn(move || {
                bridge.block_on(async { drop(tokio::spawn(std::future::pending::<()>())) });
                begun.send(()).unwrap();
                let _ = ended.recv();
            });
            has_begun.recv().unwrap();
            stage.at("the report");
            doze(10 * LIMIT).on(bridge).wait();
            assert_eq!(slow_calls.recv().unwrap().stuck_runtimes(), 0);
            drop(end);
        });
    });
}

#[test]
fn quick_calls_and_calls_of_other_bridges_are_not_reported() {
    within_a_minute(|_| {
        let (patient, its_slow_calls) = watched(Bridge::builder(), Duration::from_secs(3600));
        let (_strict, slow_calls) = watched(Bridge::builder(), LIMIT);
        for _ in 0..100 {
            patient.block_on(async {});
        }
        doze(2 * LIMIT).on(&patient).wait();
        doze(2 * LIMIT).wait();
        assert_eq!(its_slow_calls.try_recv().unwrap_err(), TryRecvError::Empty);
        assert_eq!(slow_calls.try_recv().unwrap_err(), TryRecvError::Empty);
    });
}

#[test]
fn a_quick_call_is_not_reported_after_its_end() {
    within_a_minute(|stage| {
        let (bridge, slow_calls) = watched(Bridge::builder(), LIMIT);
        stage.at("a call that is quick");
        loop {
            let start = Instant::now();
            bridge.block_on(async {});
            if start.elapsed() < LIMIT {
                break;
            }
        }
        slow_calls.try_iter().for_each(drop);
        thread::sleep(5 * LIMIT);
        assert_eq!(slow_calls.try_recv().unwrap_err(), TryRecvError::Empty);
    });
}

#[test]
fn a_future_that_blocks_its_thread_is_reported_too() {
    within_a_minute(|_| {
        let (bridge, slow_calls) = watched(Bridge::builder(), LIMIT);
        bridge.block_on(async { thread::sleep(5 * LIMIT) });
        assert_eq!(slow_calls.try_recv().unwrap().name(), "Bridge::block_on");
    });
}

#[test]
fn a_report_that_panics_does_not_end_the_watch() {
    within_a_minute(|stage| {
        let (sender, slow_calls) = channel();
        let bridge = Bridge::builder()
            .warn_after(LIMIT)
            .on_slow_call(move |call| {
                sender.send(call.name()).unwrap();
                panic!("a panic that the test wants");
            })
            .build();
        for number in 0..2 {
            stage.at(format!("report {number}"));
            doze(5 * LIMIT).on(&bridge).wait();
            assert_eq!(slow_calls.recv(), Ok("doze"));
        }
    });
}

#[test]
fn what_a_report_waits_for_is_not_reported() {
    static BRIDGE: OnceLock<Bridge> = OnceLock::new();

    #[smartasync]
    async fn of_a_report() {
        sleep(2 * LIMIT).await;
    }

    within_a_minute(|stage| {
        let (sender, events) = channel();
        let depth = AtomicUsize::new(0);
        let report = move |call: &SlowCall| {
            sender.send(call.name()).unwrap();
            // Ends the recursion that this test looks for, before the stack overflows.
            if depth.fetch_add(1, Ordering::Relaxed) < 3 {
                of_a_report().on(BRIDGE.get().unwrap()).wait();
            }
            depth.fetch_sub(1, Ordering::Relaxed);
            sender.send("the report has ended").unwrap();
        };
        let builder = Bridge::builder().warn_after(LIMIT).on_slow_call(report);
        let bridge = BRIDGE.get_or_init(|| builder.build());
        for number in 0..2 {
            stage.at(format!("report {number}"));
            doze(2 * LIMIT).on(bridge).wait();
            let seen = [events.recv().unwrap(), events.recv().unwrap()];
            assert_eq!(seen, ["doze", "the report has ended"]);
        }
    });
}

#[test]
fn the_watch_ends_with_its_bridge() {
    within_a_minute(|stage| {
        let (bridge, slow_calls) = watched(Bridge::builder(), LIMIT);
        bridge.block_on(async {});
        drop(bridge);
        stage.at("the callback is dropped");
        assert!(slow_calls.recv().is_err());
    });
}
