//! The client, written once.

use std::io;

use smartasync::smartasync;
use tokio::sync::OnceCell;
use tokio::task;

use crate::connection::Connection;
use crate::pool::Pool;

pub(crate) struct Client {
    address: String,
    version: OnceCell<String>,
    pool: Pool,
}

impl Client {
    pub(crate) fn new(address: String) -> Client {
        Client { address, version: OnceCell::new(), pool: Pool::default() }
    }

    /// Sends a request on a connection of its own, which it returns with the request sent.
    pub(crate) async fn open(&self, request: &str) -> io::Result<Connection> {
        let mut connection = Connection::open(&self.address).await?;
        connection.send(request).await?;
        Ok(connection)
    }

    async fn request(&self, request: &str) -> io::Result<Option<String>> {
        let mut connection = match self.pool.take() {
            Some(connection) => connection,
            None => Connection::open(&self.address).await?,
        };
        connection.send(request).await?;
        let answer = connection.receive().await?;
        // A request that fails or is dropped half-way takes its connection with it.
        self.pool.put(connection);
        Ok(answer)
    }
}

#[smartasync]
impl Client {
    /// The server's version. It is asked for once: later calls are ready at once.
    pub(crate) async fn version(&self) -> io::Result<String> {
        let version = self.version.get_or_try_init(async || {
            self.request("VERSION").await?.ok_or_else(|| io::ErrorKind::InvalidData.into())
        });
        version.await.cloned()
    }

    pub(crate) async fn get(&self, key: &str) -> io::Result<Option<String>> {
        self.request(&format!("GET {key}")).await
    }

    pub(crate) async fn set(&self, key: &str, value: &str) -> io::Result<()> {
        self.request(&format!("SET {key} {value}")).await.map(drop)
    }

    /// Has the server wait before it answers.
    pub(crate) async fn sleep(&self, seconds: f64) -> io::Result<()> {
        self.request(&format!("SLEEP {seconds}")).await.map(drop)
    }

    /// Suspends once, and is woken at once.
    pub(crate) async fn turn(&self) -> io::Result<()> {
        task::yield_now().await;
        Ok(())
    }
}
