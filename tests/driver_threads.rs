//! A driver thread drives where the owner makes no calls, and the owner drives where it calls often.
//!
//! These tests have a process of their own: a thread that other tests keep from its calls would look idle.

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::Barrier;
use std::sync::mpsc::channel;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use smartasync::Bridge;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{self, LocalSet};

use support::{Stage, within_a_minute};

/// Long enough that a thread which makes calls on a busy machine does not look idle.
const IDLE_TIMEOUT: Duration = Duration::from_millis(500);

#[test]
fn threads_that_call_more_often_than_the_idle_timeout_never_meet_a_driver_thread() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().idle_timeout(IDLE_TIMEOUT).build();
        let end = Instant::now() + 4 * IDLE_TIMEOUT;
        let barrier = Barrier::new(4);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while Instant::now() < end {
                        bridge.block_on(async {});
                        bridge.block_on(task::yield_now());
                        bridge.block_on(async {
                            tokio::time::sleep(Duration::from_millis(1)).await;
                        });
                    }
                    // This is asked before a thread ends, because at its end its runtime gets a driver thread.
                    assert_eq!(bridge.stats().driver_threads, 0);
                    barrier.wait();
                });
            }
        });
    });
}

#[test]
fn a_thread_that_rests_meets_a_driver_thread_after_the_idle_timeout() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().idle_timeout(IDLE_TIMEOUT).build();
        let start = Instant::now();
        bridge.block_on(task::yield_now());
        stage.at("the driver thread starts");
        while bridge.stats().driver_threads == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        let rested = start.elapsed();
        // The monitor ticks four times in each idle timeout, and the first tick may be immediate.
        assert!(rested >= IDLE_TIMEOUT / 2, "{rested:?}");
        assert!(rested < 12 * IDLE_TIMEOUT, "{rested:?}");
    });
}

#[test]
fn a_thread_that_makes_only_ready_calls_drives_its_runtime() {
    within_a_minute(|stage| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let bridge = Bridge::builder().idle_timeout(IDLE_TIMEOUT).build();
        let (hand_over, handed_over) = channel();
        let (stop, stopped) = channel::<()>();
        thread::scope(|scope| {
            let maker = &bridge;
            scope.spawn(move || {
                let stream = maker.block_on(async { TcpStream::connect(address).await.unwrap() });
                hand_over.send(stream).unwrap();
                while stopped.try_recv().is_err() {
                    maker.block_on(async {});
                    thread::sleep(Duration::from_micros(100));
                }
                assert_eq!(maker.stats().driver_threads, 0, "a busy thread met a driver thread");
            });
            let (mut peer, _) = listener.accept().unwrap();
            let mut stream: TcpStream = handed_over.recv().unwrap();
            let user = Bridge::builder().build();
            for event in 0..4 {
                stage.at(format!("event {event}"));
                peer.write_all(&[event]).unwrap();
                assert_eq!(user.block_on(async { stream.read_u8().await.unwrap() }), event);
            }
            stop.send(()).unwrap();
        });
    });
}

#[test]
fn a_call_that_leaves_a_task_behind_gets_a_driver_thread_at_once() {
    within_a_minute(|_| {
        // The monitor does not tick during this test.
        let bridge = Bridge::builder().idle_timeout(Duration::from_secs(3_600)).build();
        let (sender, receiver) = channel();
        bridge.block_on(async {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                sender.send(thread::current().name().map(str::to_owned)).unwrap();
            });
        });
        assert_eq!(receiver.recv().unwrap().as_deref(), Some("smartasync/driver"));
        assert_eq!(bridge.stats().driver_threads, 1);
    });
}

/// Spawns a task, and returns the name of the thread that runs it.
async fn thread_of_a_task() -> Option<String> {
    tokio::spawn(async { thread::current().name().map(str::to_owned) }).await.unwrap()
}

/// Returns a bridge whose calling thread has rested for longer than the idle timeout, so that a driver thread
/// drives.
fn after_a_rest(idle_timeout: Duration) -> Bridge {
    let bridge = Bridge::builder().name("rested").idle_timeout(idle_timeout).build();
    let runtime = bridge.block_on(async { Handle::current() });
    while bridge.stats().driver_threads == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    // Until the driver thread has taken over the driver, a call could still drive. This thread makes no call, so
    // only the driver thread can run this task.
    let (driving, is_driven) = channel();
    runtime.spawn(async move { driving.send(()) });
    is_driven.recv().unwrap();
    bridge
}

#[test]
fn a_task_of_a_call_runs_on_the_calling_thread_while_that_does_not_rest() {
    within_a_minute(|_| {
        // No driver thread is started during this test.
        let bridge = Bridge::builder().idle_timeout(Duration::from_secs(3_600)).build();
        let caller = thread::current().name().map(str::to_owned);
        for _ in 0..3 {
            assert_eq!(bridge.block_on(thread_of_a_task()), caller);
        }
    });
}

#[test]
fn a_task_of_a_call_runs_on_the_driver_thread_once_the_calling_thread_has_rested() {
    within_a_minute(|stage| {
        stage.at("the rest");
        let bridge = after_a_rest(Duration::from_millis(5));
        stage.at("the call");
        let caller = thread::current().id();
        let (future, task) =
            bridge.block_on(async { (thread::current().id(), thread_of_a_task().await) });
        assert_eq!(task.as_deref(), Some("rested/driver"));
        assert_eq!(future, caller, "the future of a call never moves");
    });
}

#[test]
fn a_calling_thread_that_waits_often_takes_the_driver_back_until_it_rests() {
    within_a_minute(|stage| {
        stage.at("the rest");
        // The calling thread counts as rested after a quarter of it.
        let bridge = after_a_rest(2 * IDLE_TIMEOUT);
        let caller = thread::current().name().map(str::to_owned);
        for round in 0..2 {
            stage.at(format!("calls of round {round}"));
            assert_eq!(bridge.block_on(thread_of_a_task()).as_deref(), Some("rested/driver"));
            while bridge.block_on(thread_of_a_task()) != caller {}
            // It drives from now on, also if a call leaves a task behind.
            let runtime = bridge.block_on(async {
                tokio::spawn(std::future::pending::<()>());
                Handle::current()
            });
            assert_eq!(bridge.block_on(thread_of_a_task()), caller);
            stage.at(format!("rest of round {round}"));
            let (sender, receiver) = channel();
            runtime.spawn(async move { sender.send(thread::current().name().map(str::to_owned)) });
            assert_eq!(receiver.recv().unwrap().as_deref(), Some("rested/driver"));
        }
        assert_eq!(bridge.stats().driver_threads, 1, "it sleeps while the calling thread drives");
    });
}

/// Starts a task that exchanges a byte with a server for each request, and answers with the name of its thread.
fn connection() -> UnboundedSender<oneshot::Sender<Option<String>>> {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut byte = [0];
        while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
    });
    let (requests, mut requested) = unbounded_channel::<oneshot::Sender<_>>();
    tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        while let Some(answer) = requested.recv().await {
            stream.write_u8(1).await.unwrap();
            stream.read_u8().await.unwrap();
            answer.send(thread::current().name().map(str::to_owned)).unwrap();
        }
    });
    requests
}

/// Returns how many calls that wait the thread makes after each of five rests until it has taken the driver back.
/// Meanwhile `beside` runs as a task.
fn calls_after_rests(stage: &Stage, beside: impl Future<Output = ()> + Send + 'static) -> [u32; 5] {
    stage.at("the first rest");
    let bridge = after_a_rest(IDLE_TIMEOUT);
    let caller = thread::current().name().map(str::to_owned);
    let (runtime, requests) = bridge.block_on(async {
        tokio::spawn(beside);
        (Handle::current(), connection())
    });
    let thread_of_connection = || {
        let (answer, answered) = oneshot::channel();
        requests.send(answer).unwrap();
        bridge.block_on(answered).unwrap()
    };
    while thread_of_connection() != caller {}
    [0, 1, 2, 3, 4].map(|rest| {
        stage.at(format!("rest {rest}"));
        // The calling thread waits for the driver thread, and lets it drive for a while.
        let (driving, is_driven) = channel();
        runtime.spawn(async move { driving.send(()) });
        is_driven.recv().unwrap();
        thread::sleep(Duration::from_millis(50));
        stage.at(format!("calls after rest {rest}"));
        let mut calls = 1;
        while thread_of_connection() != caller {
            calls += 1;
        }
        calls
    })
}

#[test]
fn few_calls_take_the_driver_back_if_nobody_else_has_needed_it() {
    within_a_minute(|stage| {
        let mut calls = calls_after_rests(stage, std::future::pending());
        calls.sort_unstable();
        // A thread that other work interrupts between two of them does not call often.
        assert!(calls[2] < 8, "{calls:?}");
    });
}

#[test]
fn ever_more_calls_take_the_driver_back_if_a_task_has_needed_it() {
    within_a_minute(|stage| {
        let calls = calls_after_rests(stage, async {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        assert!(
            calls.iter().zip([8, 16, 32, 64, 128]).all(|(calls, waits)| *calls >= waits),
            "{calls:?}"
        );
    });
}

#[test]
fn a_wake_of_the_root_future_outlives_a_call_that_takes_the_driver_back() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().build();
        bridge.block_on(async { drop(tokio::spawn(std::future::pending::<()>())) });
        let application = support::multi_thread();
        for round in 0..1_000 {
            stage.at(format!("round {round}"));
            application.block_on(async {
                // The root future is woken while the thread is in the call, which may wait for the driver thread to
                // leave on the token that wakes it.
                tokio::join!(task::yield_now(), async {
                    task::block_in_place(|| {
                        bridge
                            .block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
                    });
                });
            });
        }
    });
}

/// One of 2,048 calls that are ready gives the driver a turn. Here it waits for that on the token of the root future: a
/// task blocks the driver thread, which the calling thread has taken the driver back from.
#[test]
fn a_wake_of_the_root_future_outlives_a_turn() {
    within_a_minute(|stage| {
        stage.at("the driver thread is blocked");
        let bridge = Bridge::builder().idle_timeout(Duration::from_secs(1)).build();
        let (end, ended) = channel::<()>();
        let (begun, has_begun) = channel();
        bridge.block_on(async {
            drop(tokio::spawn(async move {
                begun.send(()).unwrap();
                let _ = ended.recv();
            }));
        });
        has_begun.recv().unwrap();
        stage.at("the calling thread takes the driver back");
        let (ask, asked) = channel::<oneshot::Sender<()>>();
        thread::scope(|scope| {
            scope.spawn(move || asked.iter().for_each(|answer| answer.send(()).unwrap()));
            for _ in 0..200 {
                let (answer, answered) = oneshot::channel();
                ask.send(answer).unwrap();
                bridge.block_on(answered).unwrap();
            }
            drop(ask);
        });
        let application = support::multi_thread();
        for round in 0..10 {
            stage.at(format!("round {round}"));
            application.block_on(async {
                tokio::join!(task::yield_now(), async {
                    task::block_in_place(|| (0..2048).for_each(|_| bridge.block_on(async {})));
                });
            });
        }
        drop(end);
    });
}

#[test]
fn a_calling_thread_that_waits_now_and_then_leaves_the_driver_to_its_thread() {
    within_a_minute(|stage| {
        stage.at("the rest");
        let bridge = after_a_rest(Duration::from_millis(5));
        for call in 0..40 {
            stage.at(format!("call {call}"));
            thread::sleep(Duration::from_millis(1));
            let task = bridge.block_on(thread_of_a_task());
            assert_eq!(task.as_deref(), Some("rested/driver"));
        }
    });
}

#[test]
fn a_runtime_that_threads_share_keeps_its_driver_thread() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().name("shared").max_runtimes(1).build();
        bridge.block_on(async {});
        let (end, ended) = channel::<()>();
        let (begun, has_begun) = channel();
        thread::scope(|scope| {
            let bridge = &bridge;
            scope.spawn(move || {
                bridge.block_on(async {});
                begun.send(()).unwrap();
                let _ = ended.recv();
            });
            has_begun.recv().unwrap();
            // Until the driver thread has begun, the calling thread can drive.
            while bridge.block_on(thread_of_a_task()).as_deref() != Some("shared/driver") {}
            for call in 0..1_000 {
                stage.at(format!("call {call}"));
                let task = bridge.block_on(thread_of_a_task());
                assert_eq!(task.as_deref(), Some("shared/driver"));
            }
            drop(end);
        });
    });
}

#[test]
fn the_tasks_of_a_local_set_stay_on_the_calling_thread_after_a_rest() {
    within_a_minute(|stage| {
        stage.at("the rest");
        let bridge = after_a_rest(Duration::from_millis(5));
        stage.at("the call");
        let thread_of_a_local_task = || async {
            task::spawn_local(async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                thread::current().id()
            })
            .await
            .unwrap()
        };
        // Within one call, and over two: a task makes progress only in a call that runs its set.
        let tasks = LocalSet::new();
        let caller = thread::current().id();
        assert_eq!(bridge.block_on(tasks.run_until(thread_of_a_local_task())), caller);
        let begun = tasks.spawn_local(thread_of_a_local_task());
        bridge.block_on(tasks.run_until(task::yield_now()));
        assert_eq!(bridge.block_on(tasks.run_until(begun)).unwrap(), caller);
    });
}

#[test]
fn a_long_idle_timeout_of_one_bridge_does_not_delay_another() {
    within_a_minute(|stage| {
        let patient = Bridge::builder().idle_timeout(Duration::MAX).build();
        patient.block_on(task::yield_now());
        // By now the monitor waits for the bridge with the long timeout.
        thread::sleep(Duration::from_millis(50));
        let prompt = Bridge::builder().idle_timeout(Duration::from_millis(5)).build();
        prompt.block_on(task::yield_now());
        stage.at("the driver thread of the prompt one");
        while prompt.stats().driver_threads == 0 {
            thread::yield_now();
        }
        assert_eq!(patient.stats().driver_threads, 0);
    });
}

#[test]
fn a_future_is_dropped_inside_its_runtime() {
    struct SpawnsOnDrop;

    impl Drop for SpawnsOnDrop {
        fn drop(&mut self) {
            tokio::spawn(async {});
        }
    }

    impl Future for SpawnsOnDrop {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    within_a_minute(|_| Bridge::builder().build().block_on(SpawnsOnDrop));
}

#[test]
fn threads_beyond_the_limit_share_runtimes() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().max_runtimes(2).build();
        let barrier = Barrier::new(16);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        bridge.block_on(async {
                            tokio::time::sleep(Duration::from_millis(1)).await;
                            tokio::spawn(task::yield_now()).await.unwrap();
                        });
                    }
                    barrier.wait();
                });
            }
        });
        let stats = bridge.stats();
        assert_eq!(stats.runtimes, 2);
        assert_eq!(stats.driver_threads, 2);
        assert_eq!(stats.calls_on_own_runtime, 16 * 20);
    });
}

#[test]
fn a_reset_at_the_limit_makes_room() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().max_runtimes(1).build();
        for _ in 0..100 {
            // A driver thread drives it, and releases it shortly after the reset.
            bridge.block_on(async { drop(tokio::spawn(std::future::pending::<()>())) });
            bridge.reset();
        }
        bridge.block_on(async {});
        assert_eq!(bridge.stats().runtimes, 1);
    });
}

#[test]
fn dropping_a_bridge_ends_its_driver_threads_and_its_tasks() {
    struct Dropped(std::sync::mpsc::Sender<()>);

    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }

    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let (sender, receiver) = channel();
        let dropped = Dropped(sender);
        bridge.block_on(async {
            tokio::spawn(async move {
                let _dropped = dropped;
                std::future::pending::<()>().await;
            });
        });
        drop(bridge);
        receiver.recv().unwrap();
    });
}
