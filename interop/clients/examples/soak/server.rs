//! The server, in a process of its own: its descriptors are not those of the callers.

use std::env;
use std::io::{BufRead, BufReader, Read};
use std::process::{self, Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// How long the server takes for a slow answer.
const SLOW: Duration = Duration::from_millis(30);

/// A server that ends with its owner.
pub(crate) struct Server {
    process: Child,
    url: String,
}

impl Server {
    pub(crate) fn start() -> Server {
        let mut command = Command::new(env::current_exe().unwrap());
        command.arg("--serve").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut address = String::new();
        let output = process.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut address).unwrap();
        Server { process, url: format!("http://{}", address.trim()) }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Answers each number with itself, at once or slowly, until standard input is closed.
pub(crate) fn serve() -> ! {
    thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        process::exit(0);
    });
    let slow = async |Path(number): Path<String>| {
        sleep(SLOW).await;
        number
    };
    let routes = Router::new()
        .route("/echo/{number}", get(async |Path(number): Path<String>| number))
        .route("/slow/{number}", get(slow));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        axum::serve(listener, routes).await.unwrap();
    });
    process::exit(1)
}
