//! One `reqwest::Client` serves all plain threads, and each uses the connections of the others. Requests are made in the
//! right place.

#[path = "../../tests/support/mod.rs"]
mod support;
mod web;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Path};
use axum::routing::get;
use smartasync::{Wait, block_on, block_on_with, smartasync};

use support::within;
use web::{CLIENT, serve};

const THREADS: usize = 8;
const TICKS: usize = 1_250;
const REQUESTS: usize = THREADS * TICKS;

/// Answers with the number of the request, and the client's port that it came from.
async fn answer(Path(number): Path<usize>, peer: ConnectInfo<SocketAddr>) -> String {
    format!("{number} {}", peer.port())
}

/// Returns the port that the request was sent from.
#[smartasync]
async fn request(server: SocketAddr, number: usize) -> reqwest::Result<u16> {
    let response = CLIENT.get(format!("http://{server}/{number}")).send().await?;
    let body = response.error_for_status()?.text().await?;
    let (echo, port) = body.split_once(' ').expect("two numbers");
    assert_eq!(echo.parse(), Ok(number), "another request's body");
    Ok(port.parse().expect("a port"))
}

#[test]
fn a_request_over_a_connection_of_another_thread_is_answered() {
    within(Duration::from_secs(120), |stage| {
        let server = serve(Router::new().route("/{number}", get(answer)));
        let barrier = Barrier::new(THREADS);
        // The port of each connection, and the thread that used it first.
        let connections = Mutex::new(HashMap::<u16, usize>::new());
        let borrowed = AtomicUsize::new(0);

        let take_turns = |thread: usize| {
            for number in 0..REQUESTS {
                if number % THREADS == thread {
                    stage.at(format!("round {}, thread {thread}", number / THREADS));
                    let port = request(server, number).wait().unwrap();
                    let owner = *connections.lock().unwrap().entry(port).or_insert(thread);
                    borrowed.fetch_add(usize::from(owner != thread), Ordering::Relaxed);
                }
                barrier.wait();
            }
        };
        thread::scope(|scope| {
            for thread in 0..THREADS {
                scope.spawn(move || take_turns(thread));
            }
        });

        let (opened, borrowed) = (connections.into_inner().unwrap().len(), borrowed.into_inner());
        println!("{REQUESTS} requests, {opened} connections, {borrowed} requests on another's");
        assert!(opened <= REQUESTS / 100, "{opened} connections were opened");
        assert!(borrowed >= REQUESTS / 2, "only {borrowed} requests crossed threads");
    });
}

/// The README's example.
#[test]
fn a_request_with_a_time_limit_is_made_inside_a_runtime() {
    within(Duration::from_secs(60), |stage| {
        let server = serve(Router::new().route("/{number}", get(answer)));
        let limit = Duration::from_secs(30);
        let client = reqwest::Client::new();
        let request = || client.get(format!("http://{server}/1")).timeout(limit).send();
        let status = |response: reqwest::Result<reqwest::Response>| response.unwrap().status();
        stage.at("outside");
        assert!(catch_unwind(AssertUnwindSafe(|| request().wait())).is_err());
        stage.at("inside");
        assert_eq!(status(block_on(async { request().await })), 200);
        assert_eq!(status(block_on_with(request)), 200);
        let _guard = smartasync::enter();
        assert_eq!(status(request().wait()), 200);
    });
}
