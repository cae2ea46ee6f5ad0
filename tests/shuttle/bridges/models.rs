//! What must hold of a whole bridge, in each schedule.

use std::task::Poll;

use loom::sync::{Arc, Condvar, Mutex};
use loom::thread::{self, JoinHandle};

use super::bridge::{Bridge, Refused};
use super::driver::Socket;
use super::runtimes::Runtime;

/// Runs a part of the model on a thread of its own.
fn spawn(bridge: &Arc<Bridge>, run: impl FnOnce(&Bridge) + Send + 'static) -> JoinHandle<()> {
    let bridge = Arc::clone(bridge);
    thread::spawn(move || run(&bridge))
}

fn join(threads: Vec<JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Shuts the bridge down, and waits for everything that is left.
fn end(bridge: &Bridge) {
    bridge.shut_down();
    assert_eq!(read(bridge, u64::MAX), Err(Refused::Shutdown), "a call begins after the shutdown");
    bridge.end();
}

/// A call that waits for a socket on its own runtime.
fn read(bridge: &Bridge, key: u64) -> Result<(), Refused> {
    let mut socket = None;
    bridge.call(key, None, |runtime, cx| {
        let socket = socket.get_or_insert_with(|| {
            let socket = Socket::new();
            runtime.driver.bring(&socket);
            socket
        });
        socket.poll(cx)
    })
}

/// A call that is never ready.
fn wait_forever(bridge: &Bridge, key: u64, limit: Option<usize>) -> Refused {
    bridge.call(key, limit, |_, _| Poll::<()>::Pending).unwrap_err()
}

/// Three threads make calls and end, and one resets the bridge twice.
fn calls_beside_resets(max_runtimes: usize) {
    loom::model(move || {
        let bridge = Bridge::new(max_runtimes);
        let callers = (0..3).map(|key| {
            spawn(&bridge, move |bridge| {
                for _ in 0..2 {
                    assert_eq!(read(bridge, key), Ok(()));
                }
                bridge.end_thread(key);
            })
        });
        let callers = callers.collect();
        bridge.reset();
        bridge.reset();
        join(callers);
        // A new thread.
        assert_eq!(read(&bridge, 3), Ok(()));
        end(&bridge);
    });
}

/// Mutants: `generation-not-counted`, `map-not-cleared`, `wake-tells-nobody`.
#[test]
fn calls_beside_resets_and_ends_of_threads() {
    calls_beside_resets(3);
}

/// Mutants: `generation-not-counted`, `owners-last-is-anybody`.
#[test]
fn calls_on_one_runtime_beside_resets_and_ends_of_threads() {
    calls_beside_resets(1);
}

/// Mutants: `map-version-asked-late`, `tracker-cancel-wakes-nobody`.
#[test]
fn a_shutdown_ends_the_calls_that_wait_and_keeps_nothing() {
    loom::model(|| {
        let bridge = Bridge::new(2);
        let callers = (0..3).map(|key| {
            spawn(&bridge, move |bridge| {
                if read(bridge, key).is_ok() {
                    assert_eq!(wait_forever(bridge, key, None), Refused::Shutdown);
                }
                if key == 0 {
                    bridge.end_thread(key);
                }
            })
        });
        let callers = callers.collect();
        end(&bridge);
        join(callers);
    });
}

/// What one thread makes and another one uses.
#[derive(Default)]
struct Shared {
    socket: Mutex<Option<(Arc<Runtime>, Arc<Socket>)>>,
    is_read: Mutex<bool>,
    changed: Condvar,
}

impl Shared {
    /// Makes a socket on the runtime of the thread.
    fn make(&self, bridge: &Bridge, key: u64) {
        let socket =
            bridge.call(key, None, |runtime, _| Poll::Ready((Arc::clone(runtime), Socket::new())));
        *self.socket.lock().unwrap() = Some(socket.unwrap());
        self.changed.notify_all();
    }

    /// A call that waits for the socket.
    fn read(&self, bridge: &Bridge, key: u64) {
        let mut made = self.socket.lock().unwrap();
        while made.is_none() {
            made = self.changed.wait(made).unwrap();
        }
        let (home, socket) = made.clone().unwrap();
        drop(made);
        let network = thread::spawn({
            let socket = Arc::clone(&socket);
            move || home.driver.bring(&socket)
        });
        bridge.call(key, None, |_, cx| socket.poll(cx)).unwrap();
        network.join().unwrap();
        *self.is_read.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn wait_until_read(&self) {
        let mut is_read = self.is_read.lock().unwrap();
        while !*is_read {
            is_read = self.changed.wait(is_read).unwrap();
        }
    }
}

/// A thread makes a socket in a call. Two others use it while that thread goes on with `go_on`.
fn socket_of_another_thread(go_on: fn(&Bridge, &Shared)) {
    loom::model(move || {
        let bridge = Bridge::new(3);
        let shared = Arc::new(Shared::default());
        let maker = {
            let shared = Arc::clone(&shared);
            spawn(&bridge, move |bridge| {
                shared.make(bridge, 0);
                go_on(bridge, &shared);
            })
        };
        let other = spawn(&bridge, |bridge| assert_eq!(read(bridge, 1), Ok(())));
        shared.read(&bridge, 2);
        join(vec![maker, other]);
        end(&bridge);
    });
}

/// Mutants: `wake-tells-nobody`.
#[test]
fn a_socket_is_served_while_its_maker_rests() {
    socket_of_another_thread(|_, shared| shared.wait_until_read());
}

/// Mutants: `owner-drives-while-it-polls`, `sleep-rests-unasked`.
#[test]
fn a_socket_is_served_while_a_call_of_its_maker_blocks_in_a_poll() {
    socket_of_another_thread(|bridge, shared| {
        assert_eq!(read(bridge, 0), Ok(()));
        let blocks = bridge.call(0, None, |_, _| {
            shared.wait_until_read();
            Poll::Ready(())
        });
        assert_eq!(blocks, Ok(()));
    });
}

/// Mutants: `state-end-unwatched`.
#[test]
fn a_socket_is_served_after_its_makers_thread_has_ended() {
    socket_of_another_thread(|bridge, _| bridge.end_thread(0));
}

/// Mutants: `deadline-set-in-silence`, `owners-last-is-anybody`.
#[test]
fn calls_end_at_their_deadlines_whatever_else_the_bridge_does() {
    loom::model(|| {
        let bridge = Bridge::new(2);
        let callers = (0..3).map(|key| {
            spawn(&bridge, move |bridge| {
                let limit = Some(key as usize + 1);
                assert_eq!(wait_forever(bridge, key, limit), Refused::TimedOut);
                assert_eq!(wait_forever(bridge, key, Some(3)), Refused::TimedOut);
                bridge.end_thread(key);
            })
        });
        let callers = callers.collect();
        for time in 1..=3 {
            bridge.reset();
            bridge.timer.stop();
            bridge.timer.advance(time);
        }
        join(callers);
        end(&bridge);
    });
}
