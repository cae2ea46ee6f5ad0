//! The memory of a bridge does not grow with the threads of the process. This test has a process of its own,
//! because it fills it with threads.

mod support;

use std::sync::Barrier;
use std::thread;

use allocation_counter::measure;
use smartasync::Bridge;
use tokio::runtime::Builder;

use support::within_a_minute;

#[test]
fn the_counters_of_a_bridge_take_little_memory_beside_many_threads() {
    const THREADS: usize = 600;

    within_a_minute(|_| {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let bridge = || Bridge::from_handle(runtime.handle().clone());
        let crowded = bridge();
        let all_have_called = Barrier::new(THREADS);
        let largest = thread::scope(|scope| {
            let run = || {
                crowded.block_on(async {});
                all_have_called.wait();
                let new = bridge();
                let bytes = measure(|| new.block_on(async {})).bytes_total;
                all_have_called.wait();
                bytes
            };
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).max().unwrap()
        });
        assert!(largest < 8 * 1024, "{largest} bytes");
        assert_eq!(crowded.stats().calls_on_handle, THREADS as u64);
    });
}
