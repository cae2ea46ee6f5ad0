//! Servers that echo bytes, made of std's blocking sockets, and clients of them.

#![allow(dead_code, reason = "each bench uses the part that it needs")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream as StdStream};
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Echoes each byte of each connection, on threads like the calling one.
pub(crate) fn server() -> SocketAddr {
    serve(|mut stream| {
        thread::spawn(move || while echo(&mut stream).is_ok() {});
    })
}

/// Echoes the first byte of each connection, and closes it. The side that closes first keeps the port for a minute: the
/// clients would soon have none left.
pub(crate) fn one_byte_server() -> SocketAddr {
    serve(|mut stream| echo(&mut stream).expect("the client sends a byte"))
}

fn serve(accepted: fn(StdStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("a listener has an address");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.expect("the client is there");
            stream.set_nodelay(true).expect("the stream is open");
            accepted(stream);
        }
    });
    address
}

fn echo(stream: &mut StdStream) -> io::Result<()> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    stream.write_all(&byte)
}

pub(crate) fn std_connect(address: SocketAddr) -> StdStream {
    let stream = StdStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("the stream is open");
    stream
}

pub(crate) fn std_round_trip(stream: &mut StdStream) {
    stream.write_all(&[1]).expect("the server reads");
    let mut byte = [0];
    stream.read_exact(&mut byte).expect("the server answers");
    assert_eq!(byte, [1]);
}

pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("the stream is open");
    stream
}

pub(crate) async fn round_trip(stream: &mut TcpStream) {
    stream.write_u8(1).await.expect("the server reads");
    let byte = stream.read_u8().await.expect("the server answers");
    assert_eq!(byte, 1);
}
