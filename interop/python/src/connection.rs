//! One connection: a request is a line, and so is each answer.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::TcpStream;

pub(crate) struct Connection {
    stream: BufStream<TcpStream>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufStream::new(stream) })
    }

    pub(crate) async fn send(&mut self, request: &str) -> io::Result<()> {
        if request.contains('\n') {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a request is one line"));
        }
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.write_all(b"\n").await?;
        self.stream.flush().await
    }

    /// Returns the next line that starts with `OK`, without that word, or `None` for `NONE`.
    pub(crate) async fn receive(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        match line.split_once(' ').unwrap_or((line, "")) {
            ("OK", value) => Ok(Some(value.to_owned())),
            ("NONE", _) => Ok(None),
            _ => Err(io::Error::other(line)),
        }
    }
}
