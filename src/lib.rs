// The charts of the README, which the pages of the documentation are not beside: of two definitions, the first counts.
#![cfg_attr(all(doc, not(doctest)), doc = include_str!("../docs/figures/embedded.md"))]
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// `Call` has a layout for each: it is no feature.
#![cfg_attr(docsrs, doc(auto_cfg(hide(debug_assertions))))]

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

// The models with shuttle's schedules: `tests/shuttle/run`.
#[cfg(smartasync_shuttle)]
extern crate smartasync_shuttle as loom;

#[cfg(all(test, smartasync_loom))]
#[path = "../tests/loom/mod.rs"]
mod models;

#[cfg(all(test, smartasync_shuttle))]
#[path = "../tests/shuttle/bridges/mod.rs"]
mod bridges;

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
