//! What does a wait cost on a thread of `spawn_blocking`, beside `Handle::block_on` there?

mod calls;
mod compare;
mod cores;
mod other_thread;
mod turns;

use std::hint::black_box;

use calls::{call_ready, call_suspends_once, ready, suspends_once};
use compare::Comparison;
use criterion::Criterion;
use smartasync::smartasync;
use tokio::runtime::{Builder, Handle};

#[smartasync]
async fn call_woken() {
    other_thread::wakes_it().await;
}

fn handle<F: Future>(future: F) -> F::Output {
    Handle::current().block_on(future)
}

/// Runs on the thread of the pool: criterion cannot be moved there.
fn bench() {
    let mut criterion = Criterion::default().configure_from_args();
    Comparison::new("ready")
        .kind("smartasync", || call_ready(black_box(1)).wait())
        .kind("Handle::current().block_on", || handle(ready(black_box(1))))
        .measure(&mut criterion)
        .print_first();
    Comparison::new("suspends once")
        .kind("smartasync", || call_suspends_once(black_box(1)).wait())
        .kind("Handle::current().block_on", || handle(suspends_once(black_box(1))))
        .measure(&mut criterion)
        .print_first();
    other_thread::is_on_another_core();
    Comparison::new("wakes from another thread, on another core")
        .kind("smartasync", || call_woken().wait())
        .kind("Handle::current().block_on", || handle(other_thread::wakes_it()))
        .kind("std's park", other_thread::parked())
        .measure(&mut criterion)
        .print_first();
    criterion.final_summary();
}

fn main() {
    let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
    let pool_thread = runtime.spawn_blocking(bench);
    runtime.block_on(pool_thread).unwrap();
}
