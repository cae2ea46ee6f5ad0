//! A bridge never has more runtimes than its limit, whatever its threads do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use smartasync::Bridge;

use crate::support::within_a_minute;

/// The threads begin and end all the time. Most of the time, the only runtime is on its way to the pool, and has
/// no owner that could share it.
#[test]
fn the_limit_holds_while_threads_come_and_go() {
    const AT_ONCE: usize = 8;
    const EACH: usize = 200;

    within_a_minute(|_| {
        let bridge = Bridge::builder().max_runtimes(1).build();
        let is_over = AtomicBool::new(false);
        let most = thread::scope(|scope| {
            let watching = scope.spawn(|| {
                let mut most = 0;
                while !is_over.load(Ordering::Relaxed) {
                    most = most.max(bridge.stats().runtimes);
                    thread::yield_now();
                }
                most
            });
            let one_after_another = || {
                for _ in 0..EACH {
                    let bridge = bridge.clone();
                    thread::spawn(move || bridge.block_on(async {})).join().unwrap();
                }
            };
            let churning = [(); AT_ONCE].map(|()| scope.spawn(one_after_another));
            churning.into_iter().for_each(|thread| thread.join().unwrap());
            is_over.store(true, Ordering::Relaxed);
            watching.join().unwrap()
        });
        assert_eq!(most, 1, "runtimes at a time");
        assert_eq!(bridge.stats().calls_on_own_runtime, (AT_ONCE * EACH) as u64);
    });
}
