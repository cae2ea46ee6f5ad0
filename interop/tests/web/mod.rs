//! A web server and a client for it.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::mpsc::channel;
use std::thread;

use axum::Router;
use tokio::net::TcpListener;

use crate::support::current_thread;

pub(crate) static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    // A proxy that the environment names is not used for loopback.
    reqwest::Client::builder().no_proxy().build().unwrap()
});

/// Starts a server on a thread and a runtime of its own, which end with the process.
pub(crate) fn serve(app: Router) -> SocketAddr {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        current_thread().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            let app = app.into_make_service_with_connect_info::<SocketAddr>();
            axum::serve(listener, app).await.unwrap();
        });
    });
    receiver.recv().unwrap()
}
