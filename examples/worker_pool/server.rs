//! The server.

use std::thread;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::runtime::Builder;

/// Starts a server on loopback, on a thread of its own, and returns its URL.
pub(crate) fn start() -> String {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("a listener has an address");
    let square = async |Path(number): Path<usize>| (number * number).to_string();
    let routes = Router::new().route("/square/{number}", get(square));
    thread::spawn(move || runtime.block_on(async { axum::serve(listener, routes).await }));
    format!("http://{address}")
}
