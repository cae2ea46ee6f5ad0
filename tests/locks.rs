//! Threads that wait while they hold a lock, and at the same time calls whose polls take that lock.
//!
//! A poll may block for a moment, for example on a `std::sync::Mutex` that another thread holds while it waits.
//! What that thread waits for may live on the runtime of the thread that blocks, so somebody has to drive that
//! runtime in the meantime.
//!
//! These tests have a process of their own, because they use up the limit of runtimes.

mod support;

use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use smartasync::Bridge;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

use support::{Stage, within, within_a_minute};

/// The limit for a call under the lock. Much longer than the idle timeout, after which a driver thread takes over,
/// since the machine may be busy.
const LONGEST: Duration = Duration::from_secs(5);

/// Has each of `threads` threads run `work` under a lock, while calls take the lock in their polls.
fn threads_around_a_lock(
    stage: &Stage,
    threads: usize,
    bridge: &Bridge,
    work: impl Fn(&Bridge, usize) + Sync,
) {
    let lock = Mutex::new(0_usize);
    let barrier = Barrier::new(threads);
    let slowest = Mutex::new(Duration::ZERO);
    thread::scope(|scope| {
        for number in 0..threads {
            let (lock, barrier, slowest, work) = (&lock, &barrier, &slowest, &work);
            scope.spawn(move || {
                barrier.wait();
                for round in 0..3 {
                    // Async code may lock for a moment between two awaits, as Tokio's documentation says.
                    bridge.block_on(async {
                        sleep(Duration::from_millis(1)).await;
                        *lock.lock().unwrap() += 1;
                        sleep(Duration::from_millis(1)).await;
                    });
                    let held = lock.lock().unwrap();
                    stage.at(format!("thread {number} of {threads}, round {round}"));
                    // What `work` waits for may live on the runtime of a thread that waits for the lock.
                    let start = Instant::now();
                    work(bridge, number);
                    let elapsed = start.elapsed();
                    drop(held);
                    let mut slowest = slowest.lock().unwrap();
                    *slowest = slowest.max(elapsed);
                }
            });
        }
    });
    let slowest = slowest.into_inner().unwrap();
    println!("{threads} threads: {slowest:?} for the slowest call under the lock");
    assert!(slowest < LONGEST, "{threads} threads: {slowest:?} for the slowest call");
}

fn bridges() -> impl IntoIterator<Item = (&'static str, Bridge)> {
    let private = |limit| Bridge::builder().max_runtimes(limit).build();
    [
        ("per thread", Bridge::per_thread()),
        ("1 runtime", private(1)),
        ("2 runtimes", private(2)),
        ("3 runtimes", private(3)),
        ("4 runtimes", private(4)),
        #[cfg(feature = "rt-multi-thread")]
        ("shared", Bridge::shared()),
    ]
}

/// More than there can be runtimes, too. A debug build tries fewer.
const THREADS: &[usize] = if cfg!(debug_assertions) { &[2, 8, 40] } else { &[2, 4, 8, 33, 40, 64] };

#[test]
fn threads_that_only_sleep() {
    within_a_minute(|stage| {
        for (name, bridge) in bridges() {
            for &threads in THREADS {
                println!("{name}");
                threads_around_a_lock(stage, threads, &bridge, |bridge, _| {
                    bridge.block_on(async { sleep(Duration::from_millis(1)).await });
                });
            }
        }
    });
}

/// Returns a socket whose peer echoes. It is connected in a call of the calling thread.
async fn echo_socket() -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(address), listener.accept());
    let mut far = far.unwrap().0.into_std().unwrap();
    far.set_nonblocking(false).unwrap();
    thread::spawn(move || {
        use std::io::{Read, Write};
        let mut byte = [0];
        while far.read_exact(&mut byte).is_ok() && far.write_all(&byte).is_ok() {}
    });
    near.unwrap()
}

#[test]
fn threads_that_share_sockets_which_each_of_them_has_made() {
    within(Duration::from_secs(120), |stage| {
        for (name, bridge) in bridges() {
            for &threads in THREADS {
                println!("{name}");
                let pool: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());
                threads_around_a_lock(stage, threads, &bridge, |bridge, number| {
                    let pooled = pool.lock().unwrap().pop();
                    let mut socket = pooled.unwrap_or_else(|| bridge.block_on(echo_socket()));
                    let byte = u8::try_from(number).unwrap();
                    let echoed = bridge.block_on(async {
                        socket.write_u8(byte).await.unwrap();
                        socket.read_u8().await.unwrap()
                    });
                    assert_eq!(echoed, byte);
                    pool.lock().unwrap().insert(0, socket);
                });
            }
        }
    });
}

#[test]
fn a_poll_that_joins_a_thread_which_calls() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().max_runtimes(1).build();
        bridge.block_on(async {
            sleep(Duration::from_millis(1)).await;
            thread::scope(|scope| {
                scope.spawn(|| bridge.block_on(async { sleep(Duration::from_millis(1)).await }));
            });
            sleep(Duration::from_millis(1)).await;
        });
    });
}

#[test]
fn a_socket_is_served_while_its_maker_computes_in_a_poll() {
    within_a_minute(|stage| {
        let (give, take) = std::sync::mpsc::channel();
        let maker = thread::spawn(move || {
            smartasync::block_on(async {
                give.send(echo_socket().await).unwrap();
                sleep(Duration::from_millis(1)).await;
                let start = Instant::now();
                while start.elapsed() < Duration::from_secs(2) {
                    std::hint::spin_loop();
                }
            });
            Instant::now()
        });
        let mut socket = take.recv().unwrap();
        thread::sleep(Duration::from_millis(5));
        stage.at("the first byte");
        let start = Instant::now();
        let echoed = Bridge::builder().build().block_on(async {
            socket.write_u8(7).await.unwrap();
            socket.read_u8().await.unwrap()
        });
        assert_eq!(echoed, 7);
        let answered = Instant::now();
        println!("served after {:?}", answered - start);
        assert!(answered < maker.join().unwrap(), "it was served after the computation");
    });
}

#[test]
fn a_blocking_section_is_legal_in_every_poll_of_a_call() {
    within_a_minute(|_| {
        for (_, bridge) in bridges() {
            let sum = bridge.block_on(async {
                let first = tokio::task::block_in_place(|| 1);
                sleep(Duration::from_millis(1)).await;
                let second = tokio::task::block_in_place(|| {
                    bridge.block_on(async {
                        sleep(Duration::from_millis(1)).await;
                        2
                    })
                });
                tokio::task::yield_now().await;
                first + second + tokio::task::block_in_place(|| 3)
            });
            assert_eq!(sum, 6);
        }
    });
}
