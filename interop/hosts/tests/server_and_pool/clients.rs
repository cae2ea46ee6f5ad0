//! What sends the requests: a socket of the standard library, which knows nothing of Tokio.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Sends a request, and returns the status and the body of its answer.
pub(crate) fn get(server: SocketAddr, way: &str, number: u64) -> (u16, String) {
    let mut socket = TcpStream::connect(server).unwrap();
    let request =
        format!("GET /{way}/{number} HTTP/1.1\r\nHost: server\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).expect("a head has a status").parse().unwrap();
    (status, body.to_owned())
}
