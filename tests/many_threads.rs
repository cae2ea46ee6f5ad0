//! Many short-lived threads with few descriptors: no call fails because there are too few.
//!
//! This test has a process of its own, because it lowers the limit of descriptors.

#![cfg(unix)]

mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use smartasync::{Bridge, smartasync};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use support::within;

const THREADS: usize = 10_000;
const ALIVE: usize = 200;

#[smartasync]
async fn sleeps() -> u8 {
    tokio::time::sleep(Duration::from_millis(1)).await;
    1
}

#[smartasync]
async fn echoes() -> std::io::Result<u8> {
    let (mut one, mut other) = UnixStream::pair()?;
    let (sent, received) = tokio::join!(one.write_u8(7), other.read_u8());
    sent?;
    received
}

#[test]
fn all_calls_of_ten_thousand_threads_are_answered_with_256_descriptors() {
    // Held while a thread has a pair of sockets, so that the test's own descriptors do not count.
    static SOCKETS: Mutex<()> = Mutex::new(());

    within(Duration::from_secs(100), |stage| {
        let maximum = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum }).unwrap();
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..ALIVE {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= THREADS {
                            break;
                        }
                        stage.at(format!("thread {number}"));
                        let thread = thread::spawn(move || {
                            assert_eq!(sleeps().wait(), 1);
                            if number.is_multiple_of(10) {
                                let _one_at_a_time = SOCKETS.lock().unwrap();
                                assert_eq!(echoes().wait().unwrap(), 7);
                            }
                        });
                        thread.join().unwrap();
                    }
                });
            }
        });
        let stats = Bridge::per_thread().stats();
        println!(
            "{THREADS} threads on {} runtimes, {} driver threads",
            stats.runtimes, stats.driver_threads
        );
        assert!(stats.runtimes <= 16, "{stats:?}");
        assert!(stats.driver_threads <= stats.runtimes as u64, "{stats:?}");
    });
}
