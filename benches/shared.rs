//! What does a call cost on a shared runtime, beside one on the runtime of the calling thread?

mod calls;
mod compare;
mod echo;
mod turns;

use std::hint::black_box;
use std::time::Duration;

use calls::{ready, suspends_once};
use compare::Comparison;
use criterion::{Criterion, criterion_group, criterion_main};
use smartasync::Bridge;

/// Spawns a task, and waits for its answer.
async fn spawns(number: u32) -> u32 {
    tokio::spawn(ready(number)).await.expect("the task does not panic")
}

/// A bridge for each kind, the one that the others are compared with first.
fn bridges() -> [(&'static str, Bridge); 3] {
    [
        ("per thread", Bridge::per_thread()),
        ("Bridge::shared()", Bridge::shared()),
        ("shared_threads(2)", Bridge::builder().shared_threads(2).build()),
    ]
}

fn compare<F: Future>(criterion: &mut Criterion, name: &str, future: fn(u32) -> F) {
    let bridges = bridges();
    let mut comparison = Comparison::new(name);
    for (name, bridge) in &bridges {
        comparison = comparison.kind(name, move || bridge.block_on(future(black_box(1))));
    }
    comparison.measure(criterion).print_others();
}

fn bench(criterion: &mut Criterion) {
    compare(criterion, "ready", ready);
    compare(criterion, "suspends once", suspends_once);
    compare(criterion, "spawns a task", spawns);
}

fn bench_echo(criterion: &mut Criterion) {
    let address = echo::server();
    let bridges = bridges();
    let mut comparison = Comparison::new("echo").turns(Duration::from_millis(10), 100);
    for (name, bridge) in &bridges {
        let mut stream = bridge.block_on(echo::connect(address));
        comparison = comparison.kind(name, move || bridge.block_on(echo::round_trip(&mut stream)));
    }
    comparison.measure(criterion).print_others();
}

criterion_group!(benches, bench, bench_echo);
criterion_main!(benches);
