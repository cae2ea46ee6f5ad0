//! The blocking sockets of std.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

pub(super) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_nodelay(true).expect("the socket is open");
    stream
}

pub(super) fn round_trip(stream: &mut TcpStream) {
    stream.write_all(&[1]).expect("the server receives");
    let mut byte = [0];
    stream.read_exact(&mut byte).expect("the server answers");
    assert_eq!(byte, [1]);
}
