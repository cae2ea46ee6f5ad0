//! A new thread that makes one call which suspends, and ends: what it costs beyond the bare thread.
//!
//! Starting a thread costs more than the call, and varies more; so the three kinds take turns, and
//! their medians are compared.

mod naive;

use std::thread;
use std::time::{Duration, Instant};

use smartasync::smartasync;

async fn suspends_once() {
    futures_lite::future::yield_now().await;
}

#[smartasync]
async fn call_suspends_once() {
    suspends_once().await;
}

fn on_a_new_thread(call: fn()) -> Duration {
    let start = Instant::now();
    thread::spawn(call).join().unwrap();
    start.elapsed()
}

fn naive_call() {
    static METHOD: naive::Method = naive::Method::new();
    METHOD.call(suspends_once()).value().expect("no task has called it");
}

fn main() {
    let is_test = std::env::args().any(|argument| argument == "--test");
    let rounds = if is_test { 10 } else { 20_000 };
    let kinds: [fn(); 3] = [|| (), || call_suspends_once().wait(), naive_call];
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..rounds {
        for (call, times) in kinds.iter().zip(&mut times) {
            times.push(on_a_new_thread(*call));
        }
    }
    let [bare, ours, naive] = times.map(|mut times| {
        times.sort_unstable();
        times[rounds / 2]
    });
    println!("a bare thread {bare:?}, with a call {ours:?}, with a naive call {naive:?}");
    let beyond = |time: Duration| time.as_secs_f64() - bare.as_secs_f64();
    println!("beyond the bare thread: {:.2} of the naive design", beyond(ours) / beyond(naive));
}
