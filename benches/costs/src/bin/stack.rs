//! Waits for a future of 64 KiB on a thread with a stack of the given size: `stack KIND BYTES`.
//!
//! If the stack is too small, the process dies.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, block_on, smartasync};
use tokio::runtime::Builder;

const LIMIT: Duration = Duration::from_secs(60);

async fn plain() -> u8 {
    let bytes = [1_u8; 64 * 1024];
    tokio::task::yield_now().await;
    black_box(&bytes)[7]
}

/// Makes the first calls of the thread, whose set-up is not measured.
fn prepare() {
    block_on(async {});
    Bridge::shared().block_on(async {});
    Bridge::shared().call(async {}).wait_timeout(LIMIT).expect("it is ready");
}

#[smartasync]
async fn decorated() -> u8 {
    let bytes = [1_u8; 64 * 1024];
    tokio::task::yield_now().await;
    black_box(&bytes)[7]
}

// Each is a function of its own: in a debug build, a function reserves stack for everything that it may call.
#[inline(never)]
fn runtime() -> u8 {
    Builder::new_current_thread().build().expect("a runtime").block_on(plain())
}

#[inline(never)]
fn wait() -> u8 {
    decorated().wait()
}

#[inline(never)]
fn wait_timeout() -> u8 {
    decorated().wait_timeout(LIMIT).unwrap_or(0)
}

#[inline(never)]
fn wait_shared() -> u8 {
    decorated().on(&Bridge::shared()).wait()
}

#[inline(never)]
fn wait_any() -> u8 {
    block_on(plain())
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().expect("a kind");
    let bytes = arguments.next().expect("a size").parse().expect("a number of bytes");
    let call = match &*kind {
        "runtime" => runtime,
        "wait" => wait,
        "wait_timeout" => wait_timeout,
        "shared" => wait_shared,
        "block_on" => wait_any,
        _ => panic!("no kind is called {kind}"),
    };
    let run = move || {
        prepare();
        call()
    };
    let thread = thread::Builder::new().stack_size(bytes).spawn(run).expect("a thread");
    assert_eq!(thread.join().expect("it does not panic"), 1);
}
