//! What does a call cost while other threads make calls too?
//!
//! A turn is the same number of calls for each CPU that the threads can use. So calls that do not disturb one another
//! give 1. What a plain loop gives shows how much of the rest is the machine's.

mod compare;
mod cores;
mod peers;
mod turns;

use std::hint::black_box;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use compare::Comparison;
use criterion::{Criterion, criterion_group, criterion_main};

const NUMBERS_OF_THREADS: [(&str, usize); 5] =
    [("1 thread", 1), ("2 threads", 2), ("4 threads", 4), ("8 threads", 8), ("16 threads", 16)];

async fn ready() -> u32 {
    black_box(1)
}

async fn suspends_once() -> u32 {
    futures_lite::future::yield_now().await;
    black_box(1)
}

/// Shares nothing.
fn computes() -> u32 {
    (0..100).fold(black_box(1), |value: u32, _| black_box(value.wrapping_mul(31)))
}

/// Threads that make calls at once. They live as long as it does, so each makes its first call once.
struct Team {
    numbers: Vec<SyncSender<u64>>,
    done: Receiver<()>,
}

impl Team {
    fn new(threads: usize, call: fn() -> u32) -> Team {
        let (has_done, done) = sync_channel(threads);
        let start = |nth| {
            let has_done = has_done.clone();
            let (number, numbers) = sync_channel(1);
            thread::spawn(move || {
                // Left to the scheduler, beside other processes, all ratios of some kinds were 2.
                cores::keep_to(nth);
                for number in numbers {
                    (0..number).for_each(|_| _ = black_box(call()));
                    has_done.send(()).expect("the team waits");
                }
            });
            number
        };
        Team { numbers: (0..threads).map(start).collect(), done }
    }

    /// Has all threads make their part of the calls, and waits for them.
    fn make_calls(&self, for_each_cpu: u64) {
        let threads = self.numbers.len() as u64;
        let cpus = thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64);
        let each = (for_each_cpu * cpus.min(threads)).div_ceil(threads);
        for number in &self.numbers {
            number.send(each).expect("the threads live as long as the team");
        }
        for _ in &self.numbers {
            self.done.recv().expect("no call panics");
        }
    }
}

fn compare(criterion: &mut Criterion, name: &str, call: fn() -> u32) {
    let mut comparison = Comparison::new(name).turns(Duration::from_millis(10), 50);
    for (name, threads) in NUMBERS_OF_THREADS {
        let team = Team::new(threads, call);
        comparison = comparison.calls(name, move |number| team.make_calls(number));
    }
    comparison.measure(criterion).print_others();
}

fn bench(criterion: &mut Criterion) {
    compare(criterion, "a loop without calls", computes);
    compare(criterion, "ready", || smartasync::block_on(ready()));
    compare(criterion, "suspends once", || smartasync::block_on(suspends_once()));
    compare(criterion, "ready, reused Runtime::block_on", || peers::reused_runtime(ready()));
    compare(criterion, "ready, Handle::block_on of one runtime", || peers::handle(ready()));
    let reused: fn() -> u32 = || peers::reused_runtime(suspends_once());
    compare(criterion, "suspends once, reused Runtime::block_on", reused);
}

criterion_group!(benches, bench);
criterion_main!(benches);
