//! What does a sync call of an async function cost, beside what people use today?
//!
//! There is a comparison for each kind of future. Compare figures of the same one and the same run only.

mod calls;
mod compare;
mod cores;
mod naive;
mod other_thread;
mod peers;
mod turns;

use std::hint::black_box;

use calls::{call_ready, ready};
use compare::Comparison;
use criterion::{Criterion, criterion_group, criterion_main};
use peers::ClientThread;
use smartasync::smartasync;

async fn suspends(times: u32) -> u32 {
    for _ in 0..times {
        futures_lite::future::yield_now().await;
    }
    times
}

#[smartasync]
async fn call_suspends(times: u32) -> u32 {
    for _ in 0..times {
        futures_lite::future::yield_now().await;
    }
    times
}

async fn woken(number: u32) -> u32 {
    other_thread::wakes_it().await;
    number + 1
}

#[smartasync]
async fn call_woken(number: u32) -> u32 {
    other_thread::wakes_it().await;
    number + 1
}

/// Adds the peers, which run the future that `plain` makes.
fn beside<'a, F>(
    comparison: Comparison<'a>,
    client: &'a ClientThread,
    plain: impl Fn() -> F + Copy + 'a,
) -> Comparison<'a>
where
    F: Future<Output: Send> + Send + 'static,
{
    comparison
        .kind("reused Runtime::block_on", move || peers::reused_runtime(plain()))
        .kind("Handle::block_on", move || peers::handle(plain()))
        .kind("multi-thread Runtime::block_on", move || peers::multi_thread(plain()))
        .kind("futures_lite::block_on", move || peers::futures_lite(plain()))
        .kind("async_io::block_on", move || peers::async_io(plain()))
        .kind("pollster::block_on", move || peers::pollster(plain()))
        .kind("asyncband's block_on", move || peers::asyncband(plain()))
        .kind("a task, and a channel", move || peers::multi_thread_spawn(plain()))
        .kind("a thread for the client", move || client.call(plain()))
}

/// A future that is ready at its first poll.
fn bench_ready(criterion: &mut Criterion) {
    static METHOD: naive::Method = naive::Method::new();
    let client = ClientThread::new();
    let comparison =
        Comparison::new("ready").kind("smartasync", || call_ready(black_box(1)).wait());
    beside(comparison, &client, || ready(black_box(1)))
        .kind("a runtime for each call", || peers::runtime_a_call(ready(black_box(1))))
        .kind("a multi-thread runtime for each call", || {
            peers::multi_thread_a_call(ready(black_box(1)))
        })
        .kind("naive", || METHOD.call(ready(black_box(1))).value().expect("no task has called it"))
        .measure(criterion)
        .print_first();
}

/// A future that wakes itself and returns `Pending` a number of times.
fn bench_suspends(criterion: &mut Criterion) {
    for (name, times) in [("suspends once", 1), ("suspends 8 times", 8)] {
        let client = ClientThread::new();
        let comparison =
            Comparison::new(name).kind("smartasync", move || call_suspends(times).wait());
        beside(comparison, &client, move || suspends(times))
            .kind("a runtime for each call", move || peers::runtime_a_call(suspends(times)))
            .measure(criterion)
            .print_first();
    }
}

/// A future that another thread wakes, beside two threads that only park.
fn bench_woken(criterion: &mut Criterion) {
    other_thread::is_on_another_core();
    compare_woken(criterion, "wakes from another thread, on another core");
    other_thread::is_on_the_same_core();
    compare_woken(criterion, "wakes from another thread, on the same core");
}

fn compare_woken(criterion: &mut Criterion, name: &str) {
    let client = ClientThread::new();
    let comparison = Comparison::new(name)
        .kind("smartasync", || call_woken(black_box(1)).wait())
        .kind("std's park", other_thread::parked());
    beside(comparison, &client, || woken(black_box(1))).measure(criterion).print_first();
}

criterion_group!(benches, bench_ready, bench_suspends, bench_woken);
criterion_main!(benches);
