//! What does a check that runs while a call waits cost, and how soon is its break returned?

mod turns;

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use smartasync::smartasync;
use tokio::sync::oneshot;

/// Longer than any of the calls: what is measured is the check that does not run.
const EVERY: Duration = Duration::from_millis(100);

/// Asks another thread, and waits for the answer.
#[smartasync]
async fn ask(other: &Sender<oneshot::Sender<u32>>) -> u32 {
    let (sender, answer) = oneshot::channel();
    other.send(sender).expect("the other thread listens");
    answer.await.expect("the other thread answers")
}

#[smartasync]
async fn suspends_once() -> u32 {
    futures_lite::future::yield_now().await;
    42
}

#[smartasync]
async fn forever() {
    std::future::pending().await
}

fn never() -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The time from the moment at which a check breaks until the caller has its value.
fn break_latency() -> Duration {
    let check = || ControlFlow::Break(Instant::now());
    match forever().wait_with(Duration::from_millis(1), check) {
        ControlFlow::Break(broken) => broken.elapsed(),
        ControlFlow::Continue(()) => unreachable!("it never ends"),
    }
}

fn repeat<T>(call: impl Fn() -> T) -> impl FnMut() {
    move || (0..200).for_each(|_| drop(call()))
}

fn main() {
    let (other, questions) = channel::<oneshot::Sender<u32>>();
    thread::spawn(move || {
        questions.iter().for_each(|answer| answer.send(42).expect("somebody waits"))
    });

    let times = turns::take(
        turns::rounds(200),
        [
            &mut repeat(|| black_box(ask(&other).wait())),
            &mut repeat(|| black_box(ask(&other).wait_with(EVERY, never))),
            &mut repeat(|| black_box(suspends_once().wait())),
            &mut repeat(|| black_box(suspends_once().wait_with(EVERY, never))),
        ],
    );
    let (asks, once) = (times.ratio(1, 0), times.ratio(3, 2));
    println!(
        "in turns, `wait_with` against `wait`: woken by a thread {asks:.2}, suspends once {once:.2}"
    );

    let mut latencies: Vec<_> = (0..turns::rounds(500)).map(|_| break_latency()).collect();
    latencies.sort_unstable();
    let (middle, last) = (latencies[latencies.len() / 2], latencies[latencies.len() - 1]);
    println!("from a break to the caller: median {middle:?}, at most {last:?}");
}
