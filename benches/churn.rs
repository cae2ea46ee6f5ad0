//! What does a new thread cost that makes one call which suspends, and then ends, beyond the bare thread?
//!
//! Starting a thread costs more than the call, and its cost varies more. So the three kinds take turns, and their
//! medians are compared.

mod naive;
mod turns;

use std::thread;
use std::time::Duration;

use smartasync::smartasync;

async fn suspends_once() {
    futures_lite::future::yield_now().await;
}

#[smartasync]
async fn call_suspends_once() {
    futures_lite::future::yield_now().await;
}

fn on_a_new_thread(call: fn()) -> impl FnMut() {
    move || thread::spawn(call).join().unwrap()
}

fn naive_call() {
    static METHOD: naive::Method = naive::Method::new();
    METHOD.call(suspends_once()).value().expect("no task has called it");
}

fn main() {
    let [bare, ours, naive] = turns::medians(
        turns::rounds(20_000),
        [
            &mut on_a_new_thread(|| ()),
            &mut on_a_new_thread(|| call_suspends_once().wait()),
            &mut on_a_new_thread(naive_call),
        ],
    );
    println!("a bare thread {bare:?}, with a call {ours:?}, with a naive call {naive:?}");
    let beyond = |time: Duration| time.as_secs_f64() - bare.as_secs_f64();
    println!("beyond the bare thread: {:.2} of the naive design", beyond(ours) / beyond(naive));
}
