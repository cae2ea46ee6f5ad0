//! The sockets of async-io.

use std::net::{SocketAddr, TcpStream};

use async_io::Async;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};

pub(super) async fn connect(address: SocketAddr) -> Async<TcpStream> {
    let stream = Async::<TcpStream>::connect(address).await.expect("the server listens");
    stream.get_ref().set_nodelay(true).expect("the socket is open");
    stream
}

pub(super) async fn round_trip(mut stream: Async<TcpStream>) -> Async<TcpStream> {
    stream.write_all(&[1]).await.expect("the server receives");
    let mut byte = [0];
    stream.read_exact(&mut byte).await.expect("the server answers");
    assert_eq!(byte, [1]);
    stream
}
