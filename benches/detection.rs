//! How long does it take to find out the context of the calling thread, in each row of the context table? The cheapest
//! thing that Tokio can do there is measured too: `block_on` of a ready future on the current handle.

use criterion::{Bencher, Criterion, criterion_group, criterion_main};
use smartasync::{Context, context};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::{self, LocalSet};

fn detect(b: &mut Bencher<'_>, expected: Context) {
    assert_eq!(context(), expected);
    b.iter(context);
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs `section` where blocking is legal, as in a task of a multi-thread runtime. A `Bencher` cannot be moved to
/// a task, so this is `block_in_place` in the root future, where the same probes are needed.
fn in_place(section: impl FnOnce()) {
    multi_thread().block_on(async { task::block_in_place(section) });
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("detection");
    let (multi, current) = (multi_thread(), current_thread());

    group.bench_function("plain thread", |b| detect(b, Context::Sync));
    group.bench_function("block_in_place", |b| in_place(|| detect(b, Context::Blocking)));
    group.bench_function("enter() of a multi-thread runtime", |b| {
        let _guard = multi.enter();
        detect(b, Context::Blocking);
    });
    group.bench_function("enter() of a current-thread runtime", |b| {
        let _guard = current.enter();
        detect(b, Context::Blocking);
    });
    group.bench_function("root of a multi-thread runtime", |b| {
        multi.block_on(async { detect(b, Context::Async) });
    });
    group.bench_function("root of a current-thread runtime", |b| {
        current.block_on(async { detect(b, Context::Async) });
    });
    group.bench_function("LocalSet on a multi-thread runtime", |b| {
        LocalSet::new().block_on(&multi, async { detect(b, Context::Async) });
    });
    group.bench_function("inside a call", |b| {
        smartasync::block_on(async { detect(b, Context::Async) });
    });
    group.bench_function("beside: Handle::block_on of a ready future", |b| {
        let _guard = multi.enter();
        b.iter(|| Handle::current().block_on(async {}));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
