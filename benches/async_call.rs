//! The `.await` of a decorated function beside that of a plain `async fn`, inside a task.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use smartasync::smartasync;
use tokio::runtime::Runtime;

/// Awaits per iteration, so that the runtime's own `block_on` does not count.
const AWAITS: u32 = 10_000;

async fn ready(number: u32) -> u32 {
    number + 1
}

async fn suspends_once(number: u32) -> u32 {
    futures_lite::future::yield_now().await;
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

fn bench_pair<P, D>(
    criterion: &mut Criterion,
    name: &str,
    plain: fn(u32) -> P,
    decorated: fn(u32) -> D,
) where
    P: IntoFuture<Output = u32, IntoFuture: Send> + Send + 'static,
    D: IntoFuture<Output = u32, IntoFuture: Send> + Send + 'static,
{
    let runtime = Runtime::new().unwrap();
    let mut group = criterion.benchmark_group(name);
    group.throughput(criterion::Throughput::Elements(AWAITS.into()));
    group.bench_function("plain", |b| b.iter(|| awaits(&runtime, plain)));
    group.bench_function("decorated", |b| b.iter(|| awaits(&runtime, decorated)));
    group.finish();
}

fn awaits<F>(runtime: &Runtime, function: fn(u32) -> F)
where
    F: IntoFuture<Output = u32, IntoFuture: Send> + Send + 'static,
{
    let task = runtime.spawn(async move {
        for number in 0..AWAITS {
            black_box(function(black_box(number)).await);
        }
    });
    runtime.block_on(task).unwrap();
}

fn bench_ready(criterion: &mut Criterion) {
    bench_pair(criterion, "await ready", ready, call_ready);
}

fn bench_suspends_once(criterion: &mut Criterion) {
    bench_pair(criterion, "await suspends once", suspends_once, call_suspends_once);
}

criterion_group!(benches, bench_ready, bench_suspends_once);
criterion_main!(benches);
