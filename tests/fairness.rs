//! Everything that a thread serves makes progress: Tokio's budget holds in every poll of a call, the driver runs
//! between calls that are ready at once, and tasks run when a call yields. These tests have a process of their
//! own: a runtime that a thread of another test leaves has a driver thread, which could run the tasks instead.

mod support;

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::task::Poll;
use std::time::Duration;

use smartasync::{Bridge, smartasync};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::coop;
use tokio::time::timeout;

use support::within_a_minute;

/// Reads from a channel that is never empty. Without the budget it would never yield.
async fn read_forever() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    loop {
        sender.send(()).unwrap();
        receiver.recv().await.unwrap();
    }
}

#[smartasync]
async fn read_for(limit: Duration) -> bool {
    timeout(limit, read_forever()).await.is_err()
}

#[test]
fn a_timeout_beside_an_always_full_channel_fires() {
    within_a_minute(|_| {
        assert!(read_for(Duration::from_millis(20)).wait());
        assert!(read_for(Duration::ZERO).wait());
    });
}

/// A socket whose datagrams are seen only after a turn of the driver.
struct Turns {
    peer: std::net::UdpSocket,
    socket: UdpSocket,
}

impl Turns {
    /// The idle timeout is so long that no driver thread starts while the machine is busy with something else.
    fn new() -> (Bridge, Turns) {
        let bridge = Bridge::builder().idle_timeout(Duration::from_secs(3_600)).build();
        let any_port = "127.0.0.1:0";
        let peer = std::net::UdpSocket::bind(any_port).unwrap();
        let socket = bridge.block_on(async { UdpSocket::bind(any_port).await.unwrap() });
        (bridge, Turns { peer, socket })
    }

    fn send(&self) {
        // When this returns, the datagram is in the socket's buffer.
        self.peer.send_to(&[7], self.socket.local_addr().unwrap()).unwrap();
    }

    fn has_come(&self) -> bool {
        let has_come = self.socket.try_recv(&mut [0]).is_ok();
        // A second, failing read: the socket then counts as empty until the next turn of the driver.
        let _ = self.socket.try_recv(&mut [0]);
        has_come
    }

    /// Counts how often `step` runs until the driver has had its turn.
    fn count(&self, mut step: impl FnMut()) -> usize {
        self.send();
        std::iter::repeat_with(&mut step).take_while(|()| !self.has_come()).count()
    }
}

/// Each call is ready at once and needs no driver, but what the calls look at comes from the driver.
#[test]
fn calls_that_are_ready_at_once_let_the_driver_run() {
    within_a_minute(|_| {
        let (bridge, turns) = Turns::new();
        let most = (0..20).map(|_| turns.count(|| bridge.block_on(async {}))).max().unwrap();
        // Often enough for whatever waits for the driver, and too seldom to cost anything.
        assert!((1_024..=2_048).contains(&most), "{most} calls until the driver had its turn");
    });
}

#[test]
fn a_call_that_panics_leaves_the_driver_to_the_next() {
    within_a_minute(|_| {
        let (bridge, turns) = Turns::new();
        let call = || bridge.block_on(async {});
        turns.count(call);
        // After this many calls, the driver has its turn at the end of the next one.
        let interval = turns.count(call);
        (0..interval).for_each(|_| call());
        turns.send();
        let panics = || bridge.block_on(async { panic!("in the body") });
        std::panic::catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
        assert!(!turns.has_come(), "the driver ran while the thread unwound");
        while !turns.has_come() {
            call();
        }
    });
}

/// Returns the largest number of polls in one call until the driver has had its turn.
fn most_polls(budget_of_each: usize) -> usize {
    let (bridge, turns) = Turns::new();
    bridge.block_on(async {
        let mut most = 0;
        for _ in 0..20 {
            turns.send();
            let mut polls = 0;
            poll_fn(|cx| {
                if turns.has_come() {
                    return Poll::Ready(());
                }
                polls += 1;
                for _ in 0..budget_of_each {
                    let grant = coop::poll_proceed(cx);
                    if let Poll::Ready(grant) = grant {
                        grant.made_progress();
                    }
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            most = most.max(polls);
        }
        most
    })
}

#[test]
fn a_call_that_wakes_itself_lets_the_driver_run() {
    within_a_minute(|_| {
        let most = most_polls(0);
        assert!((32..=64).contains(&most), "{most} polls until the driver had its turn");
    });
}

#[test]
fn a_call_that_uses_up_its_budget_lets_the_driver_run_at_once() {
    within_a_minute(|_| {
        let most = most_polls(128);
        assert!(most <= 2, "{most} polls until the driver had its turn");
    });
}

#[test]
fn a_call_that_yields_lets_its_tasks_run() {
    within_a_minute(|_| {
        for bridge in [Bridge::per_thread(), Bridge::builder().build()] {
            bridge.block_on(async {
                let task = tokio::spawn(async { 7 });
                tokio::task::yield_now().await;
                assert!(task.is_finished(), "the task has not had its turn");
                assert_eq!(task.await.unwrap(), 7);
            });
        }
    });
}
