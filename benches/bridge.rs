//! What does a call cost on each kind of bridge, and what does a bridge itself cost?

mod calls;
mod compare;
mod peers;
mod turns;

use std::hint::black_box;

use calls::{call_ready, call_suspends_once, ready};
use compare::Comparison;
use criterion::{Criterion, criterion_group, criterion_main};
use smartasync::Bridge;
use tokio::runtime::{Builder, Runtime};

fn bench_calls(criterion: &mut Criterion) {
    let default = Bridge::per_thread();
    let [private, other] = [(); 2].map(|()| Bridge::builder().build());
    let application = Runtime::new().unwrap();
    let of_handle = Bridge::from_handle(application.handle().clone());
    Comparison::new("ready")
        .kind("the default bridge", || call_ready(black_box(1)).wait())
        .kind("the default bridge, named by `on`", || call_ready(black_box(1)).on(&default).wait())
        .kind("a private bridge", || call_ready(black_box(1)).on(&private).wait())
        .kind("two private bridges, a call on each", || {
            call_ready(call_ready(black_box(1)).on(&private).wait()).on(&other).wait()
        })
        .kind("from_handle", || call_ready(black_box(1)).on(&of_handle).wait())
        .kind("Handle::block_on", || application.handle().block_on(ready(black_box(1))))
        .measure(criterion)
        .print_others();
    Comparison::new("suspends once")
        .kind("the default bridge", || call_suspends_once(black_box(1)).wait())
        .kind("a private bridge", || call_suspends_once(black_box(1)).on(&private).wait())
        .kind("from_handle", || call_suspends_once(black_box(1)).on(&of_handle).wait())
        .measure(criterion)
        .print_others();
}

/// A bridge builds a runtime at its first call, and ends it when it is dropped.
fn bench_lives(criterion: &mut Criterion) {
    Comparison::new("built and dropped")
        .kind("Runtime", || Builder::new_current_thread().enable_all().build().unwrap())
        .kind("Bridge", || Bridge::builder().build())
        .measure(criterion)
        .print_others();
    Comparison::new("built, one call that is ready, dropped")
        .kind("Runtime", || peers::runtime_a_call(ready(black_box(1))))
        .kind("Bridge", || call_ready(black_box(1)).on(&Bridge::builder().build()).wait())
        .measure(criterion)
        .print_others();
}

criterion_group!(benches, bench_calls, bench_lives);
criterion_main!(benches);
