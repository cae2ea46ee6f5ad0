//! Compares a synchronous call of an async function through this crate, the naive design and the peers.
//!
//! There is one group for each kind of future. Compare figures of the same group and the same run only. The ratios
//! at the end are medians of ratios that were measured in turns.

mod naive;
mod turns;

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group};
use smartasync::{Bridge, smartasync};
use tokio::runtime::{Builder, Runtime};

async fn ready(number: u32) -> u32 {
    number + 1
}

async fn suspends_once(number: u32) -> u32 {
    futures_lite::future::yield_now().await;
    number + 1
}

async fn suspends_8_times(number: u32) -> u32 {
    for _ in 0..8 {
        futures_lite::future::yield_now().await;
    }
    number + 1
}

#[smartasync]
async fn call_suspends_8_times(number: u32) -> u32 {
    for _ in 0..8 {
        futures_lite::future::yield_now().await;
    }
    number + 1
}

#[smartasync]
async fn call_ready(number: u32) -> u32 {
    number + 1
}

#[smartasync]
async fn call_suspends_once(number: u32) -> u32 {
    futures_lite::future::yield_now().await;
    number + 1
}

thread_local! {
    /// The alternative written by hand: each thread builds a runtime once, and keeps it.
    static REUSED: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
}

fn reused<F: Future>(future: F) -> F::Output {
    REUSED.with(|runtime| runtime.block_on(future))
}

type Group<'a> = BenchmarkGroup<'a, WallTime>;

fn peers<F: Future<Output = u32>>(group: &mut Group<'_>, plain: fn(u32) -> F) {
    static METHOD: naive::Method = naive::Method::new();
    let global = Runtime::new().unwrap();
    group.bench_function("naive", |b| {
        b.iter(|| METHOD.call(plain(black_box(1))).value().expect("no task has called it"))
    });
    group.bench_function("reused Runtime::block_on", |b| b.iter(|| reused(plain(black_box(1)))));
    group.bench_function("global multi-thread block_on", |b| {
        b.iter(|| global.block_on(plain(black_box(1))))
    });
    group.bench_function("futures_lite::block_on", |b| {
        b.iter(|| futures_lite::future::block_on(plain(black_box(1))))
    });
    group.bench_function("pollster::block_on", |b| {
        b.iter(|| pollster::block_on(plain(black_box(1))))
    });
}

/// A future that is ready at its first poll.
fn bench_ready(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ready");
    group.bench_function("smartasync", |b| b.iter(|| call_ready(black_box(1)).wait()));
    let private = Bridge::builder().build();
    group.bench_function("smartasync, private bridge", |b| {
        b.iter(|| call_ready(black_box(1)).on(&private).wait())
    });
    peers(&mut group, ready);
    group.finish();
}

/// A future that wakes itself and returns `Pending` once.
fn bench_suspends_once(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("suspends once");
    group.bench_function("smartasync", |b| b.iter(|| call_suspends_once(black_box(1)).wait()));
    peers(&mut group, suspends_once);
    group.finish();
}

criterion_group!(benches, bench_ready, bench_suspends_once);

/// The calls of one turn: enough that neither reading the clock nor what the other kinds have left in the caches
/// counts. With 500, each kind pays for the others: a ready call takes 0.03 more of its peer's time.
const CALLS: u32 = 5_000;

fn repeat(mut call: impl FnMut(u32) -> u32) -> impl FnMut() {
    move || {
        (0..CALLS).for_each(|number| {
            black_box(call(black_box(number)));
        });
    }
}

/// The two kinds that are compared most closely are functions, as in a real program. Inlined into the loop, the
/// peer took 173 or 184 ns, depending on what else was in this file.
#[inline(never)]
fn ready_wait(number: u32) -> u32 {
    call_ready(number).wait()
}

#[inline(never)]
fn ready_reused(number: u32) -> u32 {
    reused(ready(number))
}

fn print_ratios() {
    let private = Bridge::builder().build();
    let times = turns::take(
        turns::rounds(1_000),
        [
            &mut repeat(ready_wait),
            &mut repeat(ready_reused),
            &mut repeat(|number| call_suspends_once(number).wait()),
            &mut repeat(|number| reused(suspends_once(number))),
            &mut repeat(|number| call_suspends_8_times(number).wait()),
            &mut repeat(|number| reused(suspends_8_times(number))),
            &mut repeat(|number| call_ready(number).on(&private).wait()),
        ],
    );
    println!("in turns, `wait` against a reused `Runtime::block_on`:");
    let (ready, once, times_8) = (times.ratio(0, 1), times.ratio(2, 3), times.ratio(4, 5));
    println!("ready: {ready:.3}, suspends once: {once:.2}, 8 times: {times_8:.2}");
    let private = times.ratio(6, 0);
    println!("in turns, a private bridge against the default one: {private:.2}");
}

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    print_ratios();
}
