//! A server in a process of its own, which can be killed and started again. The process runs the executable of the test,
//! and there only the ignored test `server`, which calls [`serve`].

use std::env;
use std::future::Future;
use std::io::{BufRead, BufReader, Read, stdin};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio, exit};
use std::sync::Mutex;
use std::thread;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Names the address for the process of the server.
const ADDRESS: &str = "SMARTASYNC_TEST_SERVER";
/// Begins the line in which the server says its address. The harness prints lines of its own.
const LISTENS: &str = "listens on ";

/// A server that ends with its owner, and at the latest with the process of the test.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    process: Mutex<Child>,
}

impl Server {
    pub(crate) fn start() -> Server {
        let (process, address) = start("127.0.0.1:0".parse().unwrap());
        Server { address, process: Mutex::new(process) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Kills the server and waits for its end. Its connections break.
    pub(crate) fn kill(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Starts the server at its address, after it was killed.
    pub(crate) fn start_again(&self) {
        *self.process.lock().unwrap() = start(self.address).0;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

fn start(address: SocketAddr) -> (Child, SocketAddr) {
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["server", "--exact", "--ignored", "--nocapture"])
        .env(ADDRESS, address.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It stays open: the harness of the server writes to it after a minute, and ends if it cannot.
    let output = process.stdout.as_mut().unwrap();
    let mut lines = BufReader::new(output).lines().map(Result::unwrap);
    // The harness prints the name of the test in front of it.
    let address = lines.find_map(|line| Some(line.split_once(LISTENS)?.1.parse().unwrap()));
    (process, address.expect("the server has started"))
}

/// Runs `server` if this is the process of the server.
pub(crate) fn serve<F: Future>(server: impl FnOnce(TcpListener) -> F) {
    let Ok(address) = env::var(ADDRESS) else { return };
    thread::spawn(|| {
        // It is closed when the process of the test ends.
        let _ = stdin().read(&mut [0]);
        exit(0);
    });
    Runtime::new().unwrap().block_on(async {
        let listener = TcpListener::bind(address).await.unwrap();
        println!("{LISTENS}{}", listener.local_addr().unwrap());
        server(listener).await;
    });
}
