//! A server whose handlers use one pool of database connections from async code, sync code and a job that computes.
//!
//! Run with: `cargo run -p smartasync-interop-hosts --example server_and_pool`
//!
//! It makes its own requests, and ends.

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use rayon::prelude::*;
use reqwest::Client;
use smartasync::{block_on, smartasync};
use sqlx::SqlitePool;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

type Reply = Result<String, (StatusCode, String)>;

/// Returns the pool. The first caller opens it, thread or task.
#[smartasync]
async fn pool() -> sqlx::Result<&'static SqlitePool> {
    static POOL: OnceCell<SqlitePool> = OnceCell::const_new();
    let open = async || {
        let pool = SqlitePool::connect("sqlite::memory:").await?;
        let create = sqlx::query("CREATE TABLE count (below INTEGER PRIMARY KEY, primes INTEGER)");
        create.execute(&pool).await?;
        Ok(pool)
    };
    POOL.get_or_try_init(open).await
}

#[smartasync]
async fn store(below: u32, primes: u32) -> sqlx::Result<()> {
    let insert = sqlx::query("INSERT OR REPLACE INTO count (below, primes) VALUES (?, ?)");
    insert.bind(below).bind(primes).execute(pool().await?).await?;
    Ok(())
}

#[smartasync]
async fn load(below: u32) -> sqlx::Result<Option<u32>> {
    let select = sqlx::query_scalar("SELECT primes FROM count WHERE below = ?");
    select.bind(below).fetch_optional(pool().await?).await
}

/// Sync code that fills all cores. Async code awaits it, and it runs on a blocking thread then.
#[smartasync(offload)]
fn count_primes(below: u32) -> u32 {
    let is_prime = |number: &u32| (2..*number).all(|divisor| number % divisor != 0);
    (2..below).into_par_iter().filter(is_prime).count() as u32
}

/// Sync code, perhaps of another team, that waits for the database.
fn report(numbers: &[u32]) -> sqlx::Result<String> {
    let mut lines = Vec::new();
    for below in numbers {
        match load(*below).wait()? {
            Some(primes) => lines.push(format!("{primes} below {below}")),
            None => lines.push(format!("not counted below {below}")),
        }
    }
    Ok(lines.join(", "))
}

/// A handler that awaits all of it.
async fn count(Path(below): Path<u32>) -> Reply {
    let primes = count_primes(below).await;
    store(below, primes).await.map_err(failed)?;
    Ok(format!("{primes} primes below {below}"))
}

/// A handler that calls sync code, which waits on a blocking thread of the server.
async fn summary() -> Reply {
    let job = spawn_blocking(|| report(&[100, 1_000, 5_000]));
    job.await.map_err(failed)?.map_err(failed)
}

fn failed(error: impl Error) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let server = runtime.block_on(serve())?;
    // The main thread is sync code with the same pool.
    store(1_000, count_primes(1_000).wait()).wait()?;

    let client = Client::new();
    for path in ["count/100", "count/5000", "summary"] {
        println!("/{path}: {}", fetch(&client, &format!("http://{server}/{path}")).wait()?);
    }
    block_on(pool().wait()?.close());
    Ok(())
}

#[smartasync]
async fn fetch(client: &Client, url: &str) -> reqwest::Result<String> {
    client.get(url).send().await?.error_for_status()?.text().await
}

async fn serve() -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let app = Router::new().route("/count/{below}", get(count)).route("/summary", get(summary));
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
