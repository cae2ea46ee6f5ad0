//! One reqwest client serves many threads, while a lock is held over waits and taken in polls.

#[path = "../../tests/support/mod.rs"]
mod support;
mod web;

use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing;
use smartasync::{Bridge, smartasync};

use support::within;
use web::{CLIENT, serve};

static LOCK: Mutex<usize> = Mutex::new(0);

#[smartasync]
async fn get(url: &str) -> String {
    let response = CLIENT.get(url).send().await.unwrap();
    *LOCK.lock().unwrap() += 1;
    response.text().await.unwrap()
}

/// Returns the time of the slowest request that a thread made while it held the lock.
fn run(bridge: &Bridge, threads: usize, url: &str) -> Duration {
    let barrier = Barrier::new(threads);
    let (told, slowest) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (barrier, told) = (&barrier, told.clone());
            scope.spawn(move || {
                barrier.wait();
                for _ in 0..3 {
                    assert_eq!(get(url).on(bridge).wait(), "hello");
                    let held = LOCK.lock().unwrap();
                    let start = Instant::now();
                    let text = CLIENT.get(url);
                    let text = bridge.block_on(async { text.send().await.unwrap().text().await });
                    told.send(start.elapsed()).unwrap();
                    drop(held);
                    assert_eq!(text.unwrap(), "hello");
                }
            });
        }
    });
    drop(told);
    slowest.into_iter().max().unwrap()
}

#[test]
fn threads_around_a_lock_and_one_client() {
    within(Duration::from_secs(120), |stage| {
        let server = serve(Router::new().route("/", routing::get(async || "hello")));
        let url = format!("http://{server}/");
        let private = |limit| Bridge::builder().max_runtimes(limit).build();
        let bridges = [
            ("per thread", Bridge::per_thread()),
            ("1 runtime", private(1)),
            ("2 runtimes", private(2)),
            ("3 runtimes", private(3)),
            ("4 runtimes", private(4)),
        ];
        // All bridges live until the end: the client's connections live on their runtimes.
        for (name, bridge) in &bridges {
            for threads in [2, 4, 8, 33, 40, 64] {
                stage.at(format!("{name}, {threads} threads"));
                let slowest = run(bridge, threads, &url);
                println!("{name}, {threads} threads: {slowest:?} for the slowest under the lock");
                assert!(slowest < Duration::from_secs(10), "{slowest:?}");
            }
        }
    });
}
