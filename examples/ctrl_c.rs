//! A pool of sync workers that wait for a server, ended cleanly by Ctrl-C.
//!
//! Each worker is a plain thread that asks a server on loopback for the next message, over and over; the server
//! keeps every request waiting. Ctrl-C cancels a token, and so everything that the workers wait for: their
//! requests are dropped, the threads stop, and the program ends with status 0.
//!
//! Run with: `cargo run --release --features tokio-util --example ctrl_c`, and press Ctrl-C.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use clap::Parser;
use smartasync::{WaitErrorKind, block_on, smartasync};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Parser)]
#[command(about = "A pool of sync workers that wait for a server, ended cleanly by Ctrl-C")]
struct Args {
    /// The worker threads.
    #[arg(long, default_value_t = 4)]
    workers: usize,
    /// How long the server keeps a request waiting, in milliseconds.
    #[arg(long, default_value_t = 2_000)]
    hold: u64,
}

fn main() -> std::io::Result<()> {
    let args = Args::parse();
    let address = block_on(serve(Duration::from_millis(args.hold)))?;
    let url = format!("http://{address}/next");
    let token = CancellationToken::new();

    thread::scope(|scope| {
        let workers: Vec<_> =
            (0..args.workers).map(|_| scope.spawn(|| work(&url, &token))).collect();
        // The main thread waits for the signal, and prints a line when it does.
        let (pressed, ()) = block_on(async {
            tokio::join!(biased; tokio::signal::ctrl_c(), async {
                println!("{} workers wait; press Ctrl-C", args.workers);
            })
        });
        token.cancel();
        for (number, worker) in workers.into_iter().enumerate() {
            let messages = worker.join().expect("a worker does not panic");
            println!("worker {number} has stopped after {messages} messages");
        }
        pressed
    })
}

/// Asks for messages until `token` is cancelled. Returns how many have arrived.
fn work(url: &str, token: &CancellationToken) -> usize {
    let client = reqwest::Client::new();
    let mut messages = 0;
    loop {
        match next_message(&client, url).wait_cancellable(token) {
            Ok(Ok(_)) => messages += 1,
            Ok(Err(error)) => {
                eprintln!("the server does not answer: {error}");
                return messages;
            }
            Err(error) if error.kind() == WaitErrorKind::Cancelled => return messages,
            Err(error) => panic!("{error}"),
        }
    }
}

#[smartasync]
async fn next_message(client: &reqwest::Client, url: &str) -> reqwest::Result<String> {
    client.get(url).send().await?.error_for_status()?.text().await
}

/// Starts the server on the runtime of the calling thread, which is driven from now on.
async fn serve(hold: Duration) -> std::io::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let next = get(move || async move {
        tokio::time::sleep(hold).await;
        "a message"
    });
    let app = Router::new().route("/next", next);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
