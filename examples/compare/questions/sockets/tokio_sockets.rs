//! Tokio's sockets.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("the socket is open");
    stream
}

pub(super) async fn round_trip(mut stream: TcpStream) -> TcpStream {
    stream.write_u8(1).await.expect("the server receives");
    let byte = stream.read_u8().await.expect("the server answers");
    assert_eq!(byte, 1);
    stream
}
