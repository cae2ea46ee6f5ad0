//! How long a client works: as long as the runtime of the call that made it.

use std::thread;
use std::time::Duration;

use smartasync::{Bridge, smartasync};
use smartasync_interop_clients::Postgres;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

/// Connects. The task of the connection runs where this call runs.
#[smartasync]
async fn connect(url: String) -> Client {
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[smartasync]
async fn answer(client: &Client) -> Option<i32> {
    client.query_one("SELECT 42", &[]).await.ok().map(|row| row.get(0))
}

/// Makes a client in a `spawn_blocking` job, and shuts its runtime down.
fn made_in_a_job(url: String, bridge: &Bridge) -> Client {
    let (runtime, bridge) = (Runtime::new().unwrap(), bridge.clone());
    let job = runtime.spawn_blocking(move || connect(url).on(&bridge).wait());
    let client = runtime.block_on(job).unwrap();
    assert_eq!(answer(&client).wait(), Some(42), "the runtime still runs");
    runtime.shutdown_timeout(Duration::from_secs(10));
    client
}

#[test]
fn a_client_of_a_spawn_blocking_job_ends_with_the_runtime_of_the_job() {
    let server = Postgres::start();
    let client = made_in_a_job(server.url(), &Bridge::per_thread());
    assert_eq!(answer(&client).wait(), None);
}

#[test]
fn a_client_of_a_private_bridge_goes_on() {
    let server = Postgres::start();
    // As in the static of a library: what a bridge keeps ends with it.
    let bridge = Bridge::builder().build();
    let client = made_in_a_job(server.url(), &bridge);
    assert_eq!(answer(&client).wait(), Some(42));
}

#[test]
fn a_client_of_a_thread_goes_on_when_the_thread_has_ended() {
    let server = Postgres::start();
    let url = server.url();
    let client = thread::spawn(move || connect(url).wait()).join().unwrap();
    assert_eq!(answer(&client).wait(), Some(42));
}
