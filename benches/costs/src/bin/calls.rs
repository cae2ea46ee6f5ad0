//! Makes calls of one kind in a function that callgrind can find: `calls KIND COUNT`.

use std::hint::black_box;
use std::time::Duration;

use smartasync::{Bridge, smartasync};
use tokio::runtime::Builder;

async fn ready(number: u32) -> u32 {
    number + 1
}

#[smartasync]
async fn call_ready(number: u32) -> u32 {
    number + 1
}

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

#[smartasync]
async fn call_sleeps() -> u32 {
    tokio::time::sleep(Duration::from_millis(1)).await;
    1
}

/// The function in which callgrind counts.
#[inline(never)]
fn measured_calls(count: u32, call: impl Fn(u32) -> u32) {
    for number in 0..count {
        black_box(call(black_box(number)));
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().expect("a kind");
    let count = arguments.next().expect("a count").parse().expect("a number");
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let bridge = Bridge::builder().build();
    let shared = Bridge::shared();
    let limit = Duration::from_secs(1);
    let measure = Measure { count };
    match &*kind {
        "runtime, ready" => measure.calls(|n| runtime.block_on(ready(n))),
        "handle, ready" => measure.calls(|n| runtime.handle().block_on(ready(n))),
        "wait, ready" => measure.calls(|n| call_ready(n).wait()),
        "wait_timeout, ready" => measure.calls(|n| call_ready(n).wait_timeout(limit).unwrap_or(0)),
        "private, ready" => measure.calls(|n| call_ready(n).on(&bridge).wait()),
        "shared, ready" => measure.calls(|n| call_ready(n).on(&shared).wait()),
        "entered, ready" => {
            let runtime = Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
            let _entered = runtime.enter();
            measure.calls(|n| call_ready(n).wait());
        }
        "runtime, pending" => measure.calls(|_| runtime.block_on(suspends(1))),
        "wait, pending" => measure.calls(|_| call_suspends(1).wait()),
        "runtime, pending 8 times" => measure.calls(|_| runtime.block_on(suspends(8))),
        "wait, pending 8 times" => measure.calls(|_| call_suspends(8).wait()),
        "wait, parks" => measure.calls(|_| call_sleeps().wait()),
        "private, pending" => measure.calls(|_| call_suspends(1).on(&bridge).wait()),
        _ => panic!("no kind is called {kind}"),
    }
}

struct Measure {
    count: u32,
}

impl Measure {
    fn calls(&self, call: impl Fn(u32) -> u32) {
        // What the first call builds is not counted.
        call(0);
        measured_calls(self.count, call);
    }
}
