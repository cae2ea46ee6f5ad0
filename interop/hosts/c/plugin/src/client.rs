//! The client, whose connections serve all threads.
//!
//! A request is a number and how many parts its answer has. A request without parts says goodbye.

use std::io;
use std::sync::{Mutex, PoisonError};

use smartasync::{Bridge, smartasync};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Client {
    port: u16,
    /// The connections that no call uses.
    idle: Mutex<Vec<TcpStream>>,
}

#[smartasync]
impl Client {
    pub(crate) fn new(port: u16) -> Client {
        Client { port, idle: Mutex::default() }
    }

    pub(crate) async fn ask(&self, number: u64) -> io::Result<u64> {
        let mut socket = self.begin(number, 1).await?;
        let answer = self.next(&mut socket).await?;
        self.give_back(socket);
        Ok(answer)
    }

    pub(crate) async fn each(
        &self,
        number: u64,
        parts: u32,
        mut each: impl FnMut(u64),
    ) -> io::Result<()> {
        let mut socket = self.begin(number, parts).await?;
        for _ in 0..parts {
            each(self.next(&mut socket).await?);
        }
        self.give_back(socket);
        Ok(())
    }

    pub(crate) async fn begin(&self, number: u64, parts: u32) -> io::Result<TcpStream> {
        let idle = self.idle().pop();
        let mut socket = match idle {
            Some(socket) => socket,
            // Names are looked up on a thread for blocking jobs.
            None => TcpStream::connect(("localhost", self.port)).await?,
        };
        send(&mut socket, number, parts).await?;
        Ok(socket)
    }

    pub(crate) async fn next(&self, socket: &mut TcpStream) -> io::Result<u64> {
        socket.read_u64().await
    }

    pub(crate) fn give_back(&self, socket: TcpStream) {
        self.idle().push(socket);
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<TcpStream>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let sockets = std::mem::take(&mut *self.idle());
        Bridge::per_thread().spawn(async {
            for mut socket in sockets {
                // A server that is gone needs no goodbye.
                let _ = send(&mut socket, 0, 0).await;
            }
        });
    }
}

async fn send(socket: &mut TcpStream, number: u64, parts: u32) -> io::Result<()> {
    let mut request = [0; 12];
    request[..8].copy_from_slice(&number.to_be_bytes());
    request[8..].copy_from_slice(&parts.to_be_bytes());
    socket.write_all(&request).await
}
