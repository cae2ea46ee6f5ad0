//! Tokio's sockets, which a call takes and gives back.

use tokio::net::TcpStream;

pub(super) use crate::echo::connect;

pub(super) async fn round_trip(mut stream: TcpStream) -> TcpStream {
    crate::echo::round_trip(&mut stream).await;
    stream
}
