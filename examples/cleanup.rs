//! A session that says goodbye when it is dropped, in sync code and in async code, and the end of `main`.
//!
//! Run with: `cargo run --example cleanup`

use std::io::{self, Read};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, block_on, drain, smartasync};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

struct Session {
    /// `None` after `close`.
    stream: Option<TcpStream>,
    name: &'static str,
}

#[smartasync]
impl Session {
    async fn open(server: SocketAddr, name: &'static str) -> io::Result<Session> {
        Ok(Session { stream: Some(TcpStream::connect(server).await?), name })
    }

    /// Says goodbye, and reports whether that worked, which a destructor cannot.
    async fn close(mut self) -> io::Result<()> {
        let stream = self.stream.take().expect("a session is closed once");
        say_goodbye(stream, self.name).await
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A destructor runs anywhere, so it cannot wait. The task goes on after it.
        if let Some(stream) = self.stream.take() {
            let name = self.name;
            Bridge::per_thread().spawn(async move {
                if let Err(error) = say_goodbye(stream, name).await {
                    eprintln!("{name} is not closed: {error}");
                }
            });
        }
    }
}

async fn say_goodbye(mut stream: TcpStream, name: &str) -> io::Result<()> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    stream.write_all(format!("goodbye from {name}").as_bytes()).await?;
    stream.shutdown().await
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    let sessions = thread::spawn(move || serve(&listener, 3));

    Session::open(server, "a session that was closed").wait()?.close().wait()?;
    drop(Session::open(server, "a session that sync code dropped").wait()?);
    block_on(async {
        drop(Session::open(server, "a session that async code dropped").await?);
        io::Result::Ok(())
    })?;

    // Without this the process would end before the last two have said goodbye.
    let drained = drain(Duration::from_secs(10));
    println!("all tasks have ended: {}", drained.tasks_ended);
    for goodbye in sessions.join().expect("the server does not panic")? {
        println!("{goodbye}");
    }
    Ok(())
}

/// Returns what the clients have sent until they closed their connections.
fn serve(listener: &TcpListener, sessions: usize) -> io::Result<Vec<String>> {
    let streams = listener.incoming().take(sessions);
    let texts = streams.map(|stream| {
        let mut text = String::new();
        stream?.read_to_string(&mut text)?;
        Ok(text)
    });
    texts.collect()
}
