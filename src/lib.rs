//! Write an `async fn` once, call it from anywhere: `.wait()` in sync code, `.await` in async code.
//!
//! Tokio's own `Runtime::block_on` needs a runtime from the caller, and panics when the caller already
//! runs inside of one. This crate looks at the context of the calling thread on every call, and runs the
//! call in the way that is right there. Nothing is configured, and no answer is cached: the context
//! belongs to the call stack, not to a function, an object or a thread.
//!
//! # Examples
//!
//! ```
//! use smartasync::smartasync;
//!
//! #[smartasync]
//! async fn double(number: u32) -> u32 {
//!     tokio::time::sleep(std::time::Duration::from_millis(1)).await;
//!     number * 2
//! }
//!
//! // A plain thread, a worker pool, a `spawn_blocking` thread.
//! assert_eq!(double(2).wait(), 4);
//!
//! // Any task.
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! assert_eq!(double(3).await, 6);
//! # });
//! ```
//!
//! A synchronous wait inside async code would stop the executor that runs it, so it is refused:
//!
//! ```should_panic
//! # use smartasync::smartasync;
//! # #[smartasync]
//! # async fn double(number: u32) -> u32 { number * 2 }
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! double(2).wait(); // panics: write `double(2).await`
//! # });
//! ```
//!
//! # Streams and I/O
//!
//! With the feature `stream`, `iter` makes a blocking iterator over a stream. With the feature `io`, the
//! module `io` has blocking views of asynchronous I/O objects, and asynchronous views of blocking ones.
//!
//! ```
//! # #[cfg(feature = "stream")] {
//! let numbers = smartasync::iter(tokio_stream::iter(1..=3));
//! assert_eq!(numbers.sum::<u32>(), 6);
//! # }
//! # #[cfg(feature = "io")] {
//! use std::io::{BufRead, BufReader, Write};
//!
//! let (mut writer, reader) = tokio::io::duplex(64);
//! smartasync::io::SyncIo::new(&mut writer).write_all(b"a line\n").unwrap();
//! let mut lines = BufReader::new(smartasync::io::SyncIo::new(reader)).lines();
//! assert_eq!(lines.next().unwrap().unwrap(), "a line");
//! # }
//! ```
//!
//! # Many at once
//!
//! With the feature `concurrent`, `scope` runs many calls at once on the calling thread, and `buffered` and
//! `buffer_unordered` make a blocking iterator over the answers of many calls, some at a time. [`race`] makes one
//! call from two.
//!
//! ```
//! # async fn size(page: &str) -> usize { page.len() }
//! let pages = ["one", "three"].map(String::from);
//! # #[cfg(feature = "concurrent")] {
//! let sizes = smartasync::scope(|s| {
//!     let calls = pages.each_ref().map(|page| s.spawn(size(page)));
//!     calls.map(|call| call.join())
//! });
//! assert_eq!(sizes, [3, 5]);
//! let sizes = smartasync::buffered(pages.iter().map(|page| size(page)), 8);
//! assert_eq!(sizes.sum::<usize>(), 8);
//! # }
//! let first = smartasync::race(size(&pages[0]), std::future::pending());
//! assert_eq!(first.wait(), 3);
//! ```
//!
//! # What happens where
//!
//! | the calling thread | [`context()`] | [`wait`](Call::wait) |
//! |---|---|---|
//! | plain thread | [`Sync`](Context::Sync) | runs on the thread's own runtime |
//! | `spawn_blocking` thread, `block_in_place`, plain thread that holds `Handle::enter()` | [`Blocking`](Context::Blocking) | runs on that runtime's handle if it is a multi-thread runtime, else on the thread's own runtime |
//! | any future: a task, the root of a `block_on`, a call that is being waited for | [`Async`](Context::Async) | refused |
//!
//! A bridge with [`Nested::Park`], whose calls run on other threads, blocks the thread in a future too.
//!
//! If the current runtime is a *current-thread* one, calls do not run on it, because nobody may be driving it: its
//! `block_on` may have returned, or may be waiting for this thread.
//!
//! # Which thread runs a task
//!
//! The future of a call is polled on the calling thread. Where the call runs on the thread's own runtime, a *task* that
//! it spawns runs on the thread that drives this runtime at the time:
//!
//! | | a task runs on |
//! |---|---|
//! | the thread makes calls and does not rest between them | the calling thread, while it waits |
//! | the thread has rested for the [idle timeout](BridgeBuilder::idle_timeout), or a call has left tasks behind | `smartasync/driver`, also in later calls, until its calls [wait often](BridgeBuilder::idle_timeout) |
//!
//! So a task that relies on the caller's thread may behave differently in a quick run and in a slow one. Examples
//! are a lock that belongs to the calling thread (a GIL), a subscriber that is set for one thread, and output that
//! a test harness captures. Run such tasks in a [`LocalSet`](tokio::task::LocalSet) inside the call: they stay on
//! the calling thread.
//!
//! ```
//! use std::thread;
//! use tokio::task::{LocalSet, spawn_local};
//!
//! let caller = thread::current().id();
//! let tasks = LocalSet::new();
//! let task = async { spawn_local(async { thread::current().id() }).await.unwrap() };
//! assert_eq!(smartasync::block_on(tasks.run_until(task)), caller);
//! ```
//!
//! # Objects that need Tokio when they are made
//!
//! `sleep`, `timeout`, `interval`, `spawn`, a `Command`, and a client with a time limit need a current runtime as
//! soon as they are made. Without one they panic with "there is no reactor running". [`enter`] shows how to make
//! them in sync code.
//!
//! # Objects that need Tokio when they are dropped
//!
//! A destructor runs where the object is dropped. A pooled connection, or a client that spawns a task to say
//! goodbye, panics on a plain thread, because there is no current runtime. The blocking twin of a client drops it
//! inside a runtime, and so do `iter` and `io::SyncIo` with what they are made of. Drop any other object in a
//! call, or while a guard of [`enter`] lives:
//!
//! ```
//! struct Client;
//!
//! impl Drop for Client {
//!     fn drop(&mut self) {
//!         tokio::spawn(async { /* says goodbye */ });
//!     }
//! }
//!
//! let client = Client;
//! smartasync::block_on(async move { drop(client) });
//!
//! // Outside of a call it panics.
//! assert!(std::panic::catch_unwind(|| drop(Client)).is_err());
//! ```
//!
//! # Implementation
//!
//! Each plain thread that waits for a call keeps one current-thread Tokio runtime, with all drivers
//! enabled that Tokio was compiled with. The first call builds it or takes it from a pool, and all later
//! calls use it. A call polls its future through the runtime's handle. Between two polls the thread drives
//! the runtime, or parks while another thread does. It never drives while it polls, so a poll that blocks
//! for a moment holds up no other thread. The future sees the same waker at each poll.
//!
//! A runtime, once built, is always driven. So whatever was made in a call keeps working: on any thread, in
//! any runtime, after the call, and after the thread has ended. These threads do that:
//!
//! | thread | started | what it does |
//! |---|---|---|
//! | `smartasync/driver`, at most one for each runtime | when a call leaves tasks behind, or a runtime has not been driven for [the idle timeout](BridgeBuilder::idle_timeout) | drives the runtime until the runtime ends, parked in the driver |
//! | `smartasync/monitor`, one | with the first runtime | finds runtimes that no thread drives; sleeps when there are none |
//! | `smartasync/timer`, one | with the first [`wait_timeout`](Call::wait_timeout) | wakes calls at their deadlines |
//! | `smartasync/shared`, one, or [a number of them](BridgeBuilder::shared_threads) | with the first call on [`Bridge::shared`], or the first that is awaited on another executor than Tokio | drives the shared runtime |
//! | `smartasync/watchdog`, one for each bridge | with the first call on a bridge with [`warn_after`](BridgeBuilder::warn_after) | reports calls that wait too long |
//! | `smartasync/blocking` | by `spawn_blocking` | runs blocking jobs, as a thread of Tokio's pool |
//! | `smartasync/end`, for a moment | when a runtime is given up inside async code, and at a [`drain`] | ends the runtime |
//!
//! On Linux they have the CPU affinity, the niceness and the network namespace of the main thread, as far as the system
//! allows. The signal mask and the other namespaces they have from the thread that has started them. What a thread in a
//! network of its own leaves to them is done in the main thread's network: a task that goes on after the call, the
//! lookup of a host's name. [`join_threads`] ends them all, for a host that unloads the library.
//!
//! When a thread ends, its runtime goes to the pool, from which the next new thread takes it. The exit of a thread
//! waits for nothing, except that of the main thread, which waits for blocking jobs for up to one second: see
//! [`drain`]. The number of runtimes is [limited](BridgeBuilder::max_runtimes); threads beyond the limit share
//! them. A call from the destructor of a thread-local, made after the thread has given up its runtime, returns
//! [`WaitErrorKind::Runtime`], and so does a call in an `atexit` handler. On a new thread it runs.
//!
//! A wait allocates nothing, with two exceptions for futures of more than 16 KiB, the threshold at which Tokio
//! boxes a future too: a debug build, and a wait that may hand its call back, put these on the heap.
//!
//! # What it does not do
//!
//! It does not make blocking inside async code legal, and it cannot interrupt a future that never yields.
//! A *task* that blocks its thread stops the runtime that the thread drives: use `spawn_blocking` there, as
//! with Tokio alone. A forked child makes calls on runtimes of its own, and cannot use what lives on its
//! parent's. If it was forked while another thread was being started, it cannot start threads: the standard
//! library held a lock then. What a future does with Tokio after it has forked, before its next `.await` returns, may wait
//! for ever on a multi-thread runtime: one of its workers may have held a lock. A child that was made by `_Fork` or by a raw system call is not noticed, since no
//! handler of `pthread_atfork` runs there: it must not make calls. Parent and child share the pipe of `tokio::signal`,
//! as with Tokio alone: while a child drives a runtime, each of the two takes some of the wake-ups, and a signal may
//! reach the parent's `ctrl_c()` late or not at all. Where the parent waits for signals, end such a child soon, or
//! have it `exec` another program.
//!
//! It sees only Tokio, and only its own copy of it: the limits of [`context()`] say what follows from that.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "concurrent")]
mod answers;
mod block_on;
mod bridge;
mod cache;
mod call;
#[cfg(feature = "concurrent")]
mod caught;
mod context;
mod drop_inside;
mod enter;
mod error;
mod exchange;
mod exec;
// Also where doctests are collected.
#[cfg(any(doc, doctest))]
pub mod guide;
#[cfg(feature = "io")]
pub mod io;
#[cfg(feature = "stream")]
mod iter;
mod joined;
mod observer;
mod offload;
mod per_thread;
mod process;
mod race;
mod registry;
mod reset;
mod runtime;
#[cfg(feature = "concurrent")]
mod scope;
mod site;
#[cfg(feature = "tracing")]
mod span;
mod spawned;
mod sync;
#[cfg(any(feature = "concurrent", feature = "stream", feature = "io"))]
mod sync_driver;
mod thread_flag;
mod threads;
mod wait;

#[cfg(feature = "concurrent")]
pub use answers::{Answers, buffer_unordered, buffered};
pub use block_on::{block_on, try_block_on};
pub use bridge::{
    Bridge, BridgeBuilder, Drained, Nested, SlowCall, Stats, drain, join_threads, set_default,
};
pub use call::{BoxCall, Call, LimitedCall, Outcome, OutcomeFuture};
pub use context::{Context, context};
pub use enter::{EnterGuard, block_on_with, enter};
pub use error::{NoCall, WaitError, WaitErrorKind};
#[cfg(feature = "stream")]
pub use iter::{Iter, iter};
pub use offload::{Offload, OffloadFuture, offload};
pub use per_thread::PerThread;
pub use race::{Race, race};
pub use reset::reset;
#[cfg(feature = "concurrent")]
pub use scope::{Scope, ScopedJoinHandle, scope, try_scope};
pub use smartasync_macros::smartasync;
pub use wait::Wait;

#[cfg(all(test, smartasync_loom))]
#[path = "../tests/loom/mod.rs"]
mod models;

/// What `#[smartasync]` expands to; semver exempt.
#[doc(hidden)]
pub mod __private {
    pub use crate::call::call;
    pub use crate::drop_inside::{DefaultBridge, DropInside, Known, Through, Unknown};
    pub use crate::exchange::{Exchange, check_same};
    pub use crate::spawned::spawned;
    pub use std::boxed::Box;
    pub use std::clone::Clone;
    pub use std::convert::{AsMut, AsRef, From};
    pub use std::fmt;
    pub use std::future::Future;
    pub use std::marker::{Send, Sync};
    pub use std::mem::needs_drop;
    pub use std::ops::FnOnce;
    pub use std::option::Option::{self, None, Some};
    pub use std::pin::Pin;
    pub use std::prelude::v1::derive;
    pub use std::result::Result::{Err, Ok};

    pub mod offloaded {
        pub use crate::offload::bounds::{argument, generic, output, unnamed};
        pub use crate::offload::call;
    }

    /// Names the type that a function pointer returns: `!` is stable only there.
    pub trait Returns {
        type Output;
    }

    impl<T> Returns for fn() -> T {
        type Output = T;
    }
}
