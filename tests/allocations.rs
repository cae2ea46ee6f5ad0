//! A wait allocates nothing: on any kind of bridge, ready or pending, whatever the size of its future.
//!
//! There are two exceptions, both for futures of more than 16 KiB, Tokio's threshold: a debug build puts these on
//! the heap, and so does a wait that may hand its call back.

mod support;

use std::hint::black_box;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use allocation_counter::measure;
use smartasync::{Bridge, block_on, smartasync};
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::task;

use support::within_a_minute;

#[smartasync]
async fn sum<const SIZE: usize>(suspensions: usize) -> u64 {
    let bytes = [1_u8; SIZE];
    for _ in 0..suspensions {
        // Wakes itself. Some of Tokio's timers allocate.
        futures_lite::future::yield_now().await;
    }
    black_box(&bytes).iter().map(|byte| u64::from(*byte)).sum()
}

const LARGE: usize = 64 * 1024;
/// Returns how often the second of two equal waits allocates. The first builds what the thread keeps.
fn allocations(wait: impl Fn()) -> u64 {
    wait();
    measure(&wait).count_total
}

/// Returns how often a debug build, or a wait that may hand its call back, may allocate for a future of this size.
fn allowed(size: usize, is_handed_back: bool) -> u64 {
    u64::from(size > 16 * 1024 && (is_handed_back || cfg!(debug_assertions)))
}

fn assert_none<const SIZE: usize>(name: &str, bridge: &Bridge) {
    for suspensions in [0, 1, 200] {
        let place = format!("{name}, {SIZE} bytes, {suspensions} suspensions");
        let waits =
            allocations(|| assert_eq!(sum::<SIZE>(suspensions).on(bridge).wait(), SIZE as u64));
        assert_eq!(waits, allowed(SIZE, false), "wait, {place}");
        let tries = allocations(|| {
            assert_eq!(sum::<SIZE>(suspensions).on(bridge).try_wait().unwrap(), SIZE as u64);
        });
        assert_eq!(tries, allowed(SIZE, true), "try_wait, {place}");
    }
}

#[test]
fn a_wait_allocates_nothing() {
    within_a_minute(|stage| {
        let multi = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let bridges = [
            ("per thread", Bridge::per_thread()),
            ("private", Bridge::builder().build()),
            ("shared", Bridge::shared()),
            ("handle", Bridge::from_handle(multi.handle().clone())),
        ];
        let check = |context: &str| {
            for (name, bridge) in &bridges {
                let name = format!("{name} {context}");
                assert_none::<16>(&name, bridge);
                assert_none::<LARGE>(&name, bridge);
            }
        };
        stage.at("a plain thread");
        check("on a plain thread");
        let _entered = multi.enter();
        stage.at("a thread that has entered a runtime");
        check("with a current runtime");
    });
}

/// Another thread wakes the call, so that the calling thread parks.
#[test]
fn a_wait_that_parks_allocates_nothing() {
    within_a_minute(|stage| {
        let shared = Bridge::shared();
        let (question, answer) = (Notify::new(), Notify::new());
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    shared.block_on(question.notified());
                    thread::sleep(Duration::from_millis(1));
                    answer.notify_one();
                }
            });
            let bridges = [Bridge::per_thread(), Bridge::builder().build(), shared.clone()];
            let counts = bridges.each_ref().map(|bridge| {
                stage.at(format!("{bridge:?}"));
                let asks = || {
                    question.notify_one();
                    bridge.block_on(answer.notified());
                };
                // The thread that wakes a call may hold its waker a little longer than the call lasts. Then the
                // next call needs another waker.
                (0..20).map(|_| allocations(asks)).min()
            });
            stop.store(true, Relaxed);
            question.notify_one();
            assert_eq!(counts, [Some(0); 3]);
        });
    });
}

/// If the timer kept the call's waker until the limit, the next call would need another one.
#[test]
fn a_timed_wait_that_ends_early_leaves_nothing_with_its_timer() {
    const WAITS: i64 = 100;
    const LIMIT: Duration = Duration::from_secs(3_600);

    within_a_minute(|stage| {
        let multi = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        for bridge in [
            Bridge::per_thread(),
            Bridge::builder().build(),
            Bridge::shared(),
            Bridge::from_handle(multi.handle().clone()),
        ] {
            stage.at(format!("{bridge:?}"));
            let wait = || assert_eq!(sum::<16>(3).on(&bridge).wait_timeout(LIMIT).unwrap(), 16);
            wait();
            let kept = measure(|| (0..WAITS).for_each(|_| wait())).count_current;
            assert!(kept < WAITS / 2, "{kept} allocations kept by {bridge:?}");
        }
    });
}

#[test]
fn block_on_allocates_nothing() {
    within_a_minute(|_| {
        assert_eq!(allocations(|| block_on(async { black_box(()) })), 0);
        let large = async || {
            let bytes = [1_u8; LARGE];
            task::yield_now().await;
            black_box(&bytes)[7]
        };
        let waits = allocations(|| assert_eq!(block_on(large()), 1));
        assert_eq!(waits, allowed(LARGE, false));
    });
}

/// The memory in use, in pages.
fn resident_memory() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_million_waits_on_one_thread_take_no_memory() {
    let waits = |bridge: &Bridge, count: usize| {
        for number in 0..count {
            bridge.block_on(async {
                if number % 4 == 0 {
                    tokio::task::yield_now().await;
                }
            });
        }
    };
    // Other tests of this process run at the same time. A leak of 16 bytes in each wait would be 4,000 pages.
    within_a_minute(|_| {
        let bridge = Bridge::per_thread();
        waits(&bridge, 1_000);
        let before = resident_memory();
        waits(&bridge, 1_000_000);
        let grown = resident_memory().saturating_sub(before);
        assert!(grown < 2_000, "{grown} pages more");
    });
}
