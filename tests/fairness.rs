//! What else a thread has to serve gets its turn: Tokio's budget holds in every poll of a waiting call, the driver runs
//! between calls that are ready at once, and tasks run when a call yields. It has a process of its own: a runtime that
//! a thread of another test has left has a driver thread, which may be the one that runs a task.

mod support;

use std::time::Duration;

use smartasync::{Bridge, smartasync};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

use support::within_a_minute;

/// Reads without end from a channel that is never empty. Without the budget it would never yield.
async fn read_for_ever() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    loop {
        sender.send(()).unwrap();
        receiver.recv().await.unwrap();
    }
}

#[smartasync]
async fn read_for(limit: Duration) -> bool {
    timeout(limit, read_for_ever()).await.is_err()
}

#[test]
fn a_timeout_beside_an_always_full_channel_fires() {
    within_a_minute(|_| {
        assert!(read_for(Duration::from_millis(20)).wait());
        assert!(read_for(Duration::ZERO).wait());
    });
}

/// Each call is ready at once and needs no driver, but what the calls ask for comes from it.
#[test]
fn calls_that_are_ready_at_once_let_the_driver_run() {
    within_a_minute(|stage| {
        // No driver thread comes while the machine is busy elsewhere.
        let bridge = Bridge::builder().idle_timeout(Duration::from_secs(3_600)).build();
        let any_port = "127.0.0.1:0";
        let peer = std::net::UdpSocket::bind(any_port).unwrap();
        let socket = bridge.block_on(async { UdpSocket::bind(any_port).await.unwrap() });
        let address = socket.local_addr().unwrap();
        let mut most = 0;
        for round in 0..20_u8 {
            // In the socket's buffer when this returns.
            peer.send_to(&[round], address).unwrap();
            let mut calls = 0;
            let mut byte = [0];
            stage.at(format!("datagram {round}"));
            while bridge.block_on(async { socket.try_recv(&mut byte) }).is_err() {
                calls += 1;
            }
            assert_eq!(byte, [round]);
            most = most.max(calls);
        }
        println!("{most} calls until the driver had its turn");
        assert!(most <= 2_048, "{most} calls until the driver had its turn");
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
