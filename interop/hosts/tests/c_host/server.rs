//! The server that the plugin asks, on threads of this process.

use std::collections::HashSet;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

pub(crate) struct Server {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    seen: Mutex<(Seen, HashSet<u64>)>,
    has_closed: Condvar,
}

/// What a server has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    /// The connections, closed ones included.
    pub(crate) connections: u64,
    pub(crate) closed: u64,
    /// The requests that have been answered, each with a number of its own.
    pub(crate) answered: u64,
    pub(crate) goodbyes: u64,
}

impl Server {
    /// Starts a server on loopback.
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { port: listener.local_addr().unwrap().port(), state: Arc::default() };
        let state = Arc::clone(&server.state);
        thread::spawn(move || {
            for socket in listener.incoming() {
                let state = Arc::clone(&state);
                state.lock().0.connections += 1;
                thread::spawn(move || {
                    // A host that has ended closes its connections anywhere.
                    let _ = state.serve(socket.unwrap());
                    state.lock().0.closed += 1;
                    state.has_closed.notify_one();
                });
            }
        });
        server
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn seen(&self) -> Seen {
        self.state.lock().0
    }

    /// Waits until all connections are closed, and returns what there was.
    pub(crate) fn end(self) -> Seen {
        let is_open = |(seen, _): &mut (Seen, _)| seen.closed < seen.connections;
        let seen = self.state.has_closed.wait_while(self.state.lock(), is_open).unwrap();
        seen.0
    }
}

impl State {
    fn serve(&self, mut socket: TcpStream) -> io::Result<()> {
        // Each part of an answer is on its way at once.
        socket.set_nodelay(true)?;
        loop {
            let mut request = [0; 12];
            socket.read_exact(&mut request)?;
            let number = u64::from_be_bytes(request[..8].try_into().unwrap());
            let parts = u32::from_be_bytes(request[8..].try_into().unwrap());
            if parts == 0 {
                self.lock().0.goodbyes += 1;
            } else {
                let (seen, numbers) = &mut *self.lock();
                assert!(numbers.insert(number), "{number} was asked for twice");
                seen.answered += 1;
            }
            for part in 0..u64::from(parts) {
                socket.write_all(&(number * 1_000_003 + part).to_be_bytes())?;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, (Seen, HashSet<u64>)> {
        self.seen.lock().unwrap()
    }
}
