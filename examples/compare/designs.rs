//! The ways to call async code from sync code.

use std::hint::black_box;
use std::sync::LazyLock;

use smartasync::Bridge;

use crate::calls;
use crate::other_thread;
use crate::peers::{self, ClientThread};

pub(crate) const SMARTASYNC: &str = "smartasync";
pub(crate) const SHARED: &str = "smartasync, shared";
pub(crate) const REUSED: &str = "reused Runtime::block_on";
pub(crate) const HANDLE: &str = "Handle::block_on";
pub(crate) const MULTI_THREAD: &str = "static multi-thread block_on";
pub(crate) const SPAWN: &str = "spawn, blocking receive";
pub(crate) const CLIENT_THREAD: &str = "thread a client, channel";
pub(crate) const RUNTIME_A_CALL: &str = "runtime a call";
pub(crate) const MULTI_THREAD_A_CALL: &str = "multi-thread runtime a call";
pub(crate) const FUTURES_LITE: &str = "futures_lite::block_on";
pub(crate) const POLLSTER: &str = "pollster::block_on";
pub(crate) const ASYNC_IO: &str = "async_io::block_on";

/// A way to call, with functions that call so many times.
pub(crate) struct Design {
    pub(crate) name: &'static str,
    pub(crate) ready: fn(u32),
    pub(crate) suspends_once: fn(u32),
    pub(crate) woken_by_a_thread: fn(u32),
}

macro_rules! design {
    ($name:expr, $run:expr) => {
        Design {
            name: $name,
            ready: |count| repeat(count, |number| $run(calls::ready(number))),
            suspends_once: |count| repeat(count, |number| $run(calls::suspends_once(number))),
            woken_by_a_thread: |count| repeat(count, |number| $run(woken_by_a_thread(number))),
        }
    };
}

pub(crate) const ALL: [Design; 12] = [
    design!(SMARTASYNC, smartasync::block_on),
    design!(SHARED, shared),
    design!(REUSED, peers::reused_runtime),
    design!(HANDLE, peers::handle),
    design!(MULTI_THREAD, peers::multi_thread),
    design!(SPAWN, peers::multi_thread_spawn),
    design!(CLIENT_THREAD, client_thread),
    design!(RUNTIME_A_CALL, peers::runtime_a_call),
    design!(MULTI_THREAD_A_CALL, peers::multi_thread_a_call),
    design!(FUTURES_LITE, peers::futures_lite),
    design!(POLLSTER, peers::pollster),
    design!(ASYNC_IO, peers::async_io),
];

/// Suspends until another thread has woken it.
async fn woken_by_a_thread(number: u32) -> u32 {
    other_thread::wakes_it().await;
    number + 1
}

/// The calls are not inlined into the loop, as in a real program.
pub(crate) fn repeat(count: u32, call: impl Fn(u32) -> u32) {
    #[inline(never)]
    fn apart(call: &impl Fn(u32) -> u32, number: u32) -> u32 {
        call(number)
    }
    for number in 0..count {
        black_box(apart(&call, black_box(number)));
    }
}

pub(crate) fn shared<F: Future>(future: F) -> F::Output {
    Bridge::shared().block_on(future)
}

pub(crate) fn client_thread<F>(future: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    static CLIENT: LazyLock<ClientThread> = LazyLock::new(ClientThread::new);
    CLIENT.call(future)
}
