//! A prompt that fetches the addresses that are typed, with one client for all of them.
//!
//! Run with: `cargo run --example repl`, or `printf '/hello\nquit\n' | cargo run --example repl`
//!
//! An address that begins with a slash is of a server in the same process.

use std::error::Error;
use std::io::{self, BufRead, IsTerminal, Write};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use reqwest::{Client, StatusCode};
use smartasync::{block_on, smartasync};
use tokio::net::TcpListener;

const LIMIT: Duration = Duration::from_secs(10);

fn main() -> io::Result<()> {
    let server = block_on(serve())?;
    let client = Client::new();
    println!("An address, or `quit`. Try /hello, /slow and http://{server}/missing");
    let mut lines = io::stdin().lock().lines();
    loop {
        if io::stdin().is_terminal() {
            print!("> ");
            io::stdout().flush()?;
        }
        let Some(line) = lines.next().transpose()? else { return Ok(()) };
        let url = match line.trim() {
            "" => continue,
            "quit" => return Ok(()),
            path if path.starts_with('/') => format!("http://{server}{path}"),
            url => url.to_owned(),
        };
        // The first error is of the wait, the second of the request.
        match fetch(&client, &url).wait_timeout(LIMIT) {
            Ok(Ok((status, body))) => println!("{status}, {} bytes: {body:.60}", body.len()),
            Ok(Err(error)) => println!("{}", reason(&error)),
            Err(error) => println!("{error}"),
        }
    }
}

#[smartasync]
async fn fetch(client: &Client, url: &str) -> reqwest::Result<(StatusCode, String)> {
    let response = client.get(url).send().await?;
    Ok((response.status(), response.text().await?))
}

/// Returns what an error says, and what is behind it.
fn reason(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", reason(source)),
        None => error.to_string(),
    }
}

/// It goes on while the prompt waits for a line.
async fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let slow = get(async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "this took a while"
    });
    let app = Router::new().route("/hello", get(async || "hello")).route("/slow", slow);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
