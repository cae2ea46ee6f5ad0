//! A command that downloads files, four at a time, with a progress bar, a time limit and Ctrl-C.
//!
//! Run with: `cargo run --features concurrent --example cli`, also with `-- --timeout 5`, and press Ctrl-C.
//!
//! The files come from a server in the same process. One in seven is too slow for the default limit.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use reqwest::Client;
use smartasync::{Bridge, block_on, buffer_unordered, smartasync};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const FILES: u64 = 20;
const AT_ONCE: usize = 4;
/// What shells report for a program that was ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

#[derive(Debug, Parser)]
#[command(about = "Downloads files, four at a time")]
struct Args {
    /// How long a download may take.
    #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    timeout: Duration,
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    let server = block_on(serve())?;
    let client = Client::new();
    let token = CancellationToken::new();
    let cancel = token.clone();
    Bridge::per_thread().spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancel.cancel();
        }
    });

    let downloads = (0..FILES).map(|number| {
        let url = format!("http://{server}/{number}");
        token.run_until_cancelled(download(&client, url, args.timeout))
    });
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} files").expect("it is valid");
    let bar = ProgressBar::new(FILES).with_style(style);
    let (mut files, mut bytes, mut late, mut failed) = (0, 0, 0, 0);
    // Ends when a download is cancelled, and drops those that run.
    for result in buffer_unordered(downloads, AT_ONCE).map_while(|result| result) {
        match result {
            Ok(size) => (files, bytes) = (files + 1, bytes + size),
            Err(error) if error.is_timeout() => late += 1,
            Err(_) => failed += 1,
        }
        bar.inc(1);
    }
    bar.finish_and_clear();

    println!("{files} of {FILES} files, {bytes} bytes; {late} took too long, {failed} failed");
    if token.is_cancelled() {
        println!("interrupted");
        return Ok(ExitCode::from(INTERRUPTED));
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the size of a file.
#[smartasync]
async fn download(client: &Client, url: String, limit: Duration) -> reqwest::Result<usize> {
    let response = client.get(url).timeout(limit).send().await?.error_for_status()?;
    Ok(response.bytes().await?.len())
}

async fn serve() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let file = get(async |Path(number): Path<u64>| {
        let millis = if number % 7 == 6 { 2_000 } else { 30 + number * 10 };
        tokio::time::sleep(Duration::from_millis(millis)).await;
        vec![b'x'; 1_000]
    });
    let app = Router::new().route("/{number}", file);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| format!("{error}"))
}
