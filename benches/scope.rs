//! What do a thousand calls at once in a `scope` cost, beside a `JoinSet` in a reused `Runtime::block_on`? They take
//! turns.

mod turns;

use std::cell::Cell;
use std::time::Duration;

use smartasync::{ScopedJoinHandle, buffered, scope};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::sleep;

const CALLS: u64 = 1_000;

/// Suspends `times` times.
async fn suspends(times: u64, number: u64) -> u64 {
    for _ in 0..times {
        futures_lite::future::yield_now().await;
    }
    number
}

async fn sleeps(number: u64) -> u64 {
    sleep(Duration::from_millis(10)).await;
    number
}

/// Prints the median times of a call in a `scope`, in a `buffered` and in a `JoinSet`, and the ratios to the last
/// one.
fn compare<F: Future<Output = u64> + Send + 'static>(
    name: &str,
    rounds: usize,
    call: impl Fn(u64) -> F,
) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let sum = Cell::new(0);
    let times = turns::take(
        turns::rounds(rounds),
        [
            &mut || {
                scope(|s| {
                    let calls: Vec<_> = (0..CALLS).map(|number| s.spawn(call(number))).collect();
                    sum.set(calls.into_iter().map(ScopedJoinHandle::join).sum());
                });
            },
            &mut || sum.set(buffered((0..CALLS).map(&call), CALLS as usize).sum()),
            &mut || {
                runtime.block_on(async {
                    let mut calls = JoinSet::new();
                    (0..CALLS).for_each(|number| _ = calls.spawn(call(number)));
                    sum.set(calls.join_all().await.iter().sum());
                });
            },
        ],
    );
    assert_eq!(sum.get(), CALLS * (CALLS - 1) / 2);
    println!(
        "{name}: `scope` {:.2}, `buffered` {:.2} of a `JoinSet`",
        times.ratio(0, 2),
        times.ratio(1, 2)
    );
}

fn main() {
    compare("ready", 2_000, |number| suspends(0, number));
    compare("suspends once", 2_000, |number| suspends(1, number));
    compare("suspends 8 times", 500, |number| suspends(8, number));
    compare("sleeps 10 ms", 100, sleeps);
}
