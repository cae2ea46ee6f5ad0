//! Requests a second and CPU time a request, beside `reqwest::blocking`, in turns, against a server in a process of its
//! own.
//!
//! Run with `cargo bench -p smartasync-facade-http`.

#[path = "../../workers.rs"]
mod workers;

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

/// A server that ends with its owner.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Server {
        let program = env::current_exe().unwrap();
        let mut command = Command::new(program);
        let mut process = command.arg("--serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut address).unwrap();
        Server { process, url: format!("http://{}/", address.trim()) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn serve() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        axum::serve(listener, Router::new().route("/", get(async || "hello"))).await.unwrap();
    });
}

fn main() {
    if env::args().any(|argument| argument == "--serve") {
        return serve();
    }
    workers::compare("http", 4_000, || {
        let server = Server::start();
        let ours = smartasync_facade_http::Client::builder().no_proxy().build().unwrap();
        let theirs = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
        // One client for all threads: they share its pool of connections.
        let (url, their_url) = (server.url.clone(), server.url.clone());
        let ours = move || {
            let (client, url) = (ours.clone(), url.clone());
            move || assert_eq!(client.get(&url).send().unwrap().text().unwrap(), "hello")
        };
        let theirs = move || {
            let (client, url) = (theirs.clone(), their_url.clone());
            move || assert_eq!(client.get(&url).send().unwrap().text().unwrap(), "hello")
        };
        (ours, theirs, server)
    });
}
