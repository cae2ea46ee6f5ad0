//! The server, in a process of its own, so that it shares nothing with the callers but the machine.

use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::Child;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use crate::cores;
use crate::processes;

/// The process of the server. It ends with the value.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts a server that keeps to a core.
    pub(crate) fn start(core: usize) -> Server {
        let start = move || {
            cores::keep_to(core);
            processes::of_this_program("--serve").spawn().expect("a process")
        };
        let mut process = thread::spawn(start).join().expect("the process has started");
        let output = process.stdout.as_mut().expect("its output is a pipe");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("it prints a line");
        Server { process, address: line.trim_end().parse().expect("it prints its address") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Prints its address, and echoes what it receives until its input ends.
pub(crate) fn run() {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    println!("{}", listener.local_addr().expect("a listener has an address"));
    thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(echo(stream));
            }
        });
    });
    // It ends when the process that has started this one ends, however that happens.
    let _ = io::stdin().read_to_end(&mut Vec::new());
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let byte = stream.read_u8().await?;
        stream.write_u8(byte).await?;
    }
}
