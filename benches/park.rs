//! What does a call in a task cost, with `Nested::Park`, beside what it replaces: a scoped thread for each call, which
//! blocks on the future? They take turns.

mod turns;

use std::hint::black_box;
use std::sync::LazyLock;
use std::thread;

use smartasync::{Bridge, Nested};
use tokio::runtime::{Builder, Handle};

const CALLS: u64 = 100;

static BRIDGE: LazyLock<Bridge> =
    LazyLock::new(|| Bridge::builder().shared_threads(1).nested(Nested::Park).build());

async fn answer() -> u64 {
    black_box(42)
}

fn park() {
    for _ in 0..CALLS {
        black_box(BRIDGE.block_on(answer()));
    }
}

fn scoped_thread() {
    for _ in 0..CALLS {
        // The cheapest way to block there: a new thread has no runtime of its own to build.
        let handle = Handle::current();
        let joined = thread::scope(|scope| scope.spawn(|| handle.block_on(answer())).join());
        black_box(joined.unwrap());
    }
}

fn main() {
    let multi = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let current = Builder::new_current_thread().enable_all().build().unwrap();
    for (name, runtime) in [("multi-thread", multi), ("current-thread", current)] {
        let in_task =
            |calls: fn()| runtime.block_on(runtime.spawn(async move { calls() })).unwrap();
        let times = turns::take(
            turns::rounds(200),
            [&mut || in_task(park), &mut || in_task(scoped_thread)],
        );
        let dearer = times.ratio(1, 0);
        println!("in a task of a {name} runtime, a scoped thread takes {dearer:.0} times as long");
    }
}
