//! The tests that can share a process: one file for each promise.

mod answers;
mod async_io;
mod async_io_model;
mod begun_calls;
#[cfg(feature = "rt-multi-thread")]
mod block_in_place;
mod block_on;
mod blocking_pool;
mod bridge;
mod cancellable;
mod context_table;
mod current_runtime;
mod deadline;
mod debug;
mod dependencies;
mod dispatch;
mod enter;
mod foreign_executors;
mod iter;
mod lazy_statics;
mod limited;
mod max_runtimes;
mod misuse;
mod modules;
mod naive;
mod nested_park;
mod offload;
mod own_tasks;
mod panics;
#[cfg(feature = "rt-multi-thread")]
mod park_and_yield;
#[cfg(feature = "rt-multi-thread")]
mod park_in_a_poll;
mod per_thread;
mod race;
mod rayon_jobs;
#[cfg(any(feature = "concurrent", feature = "io", feature = "stream"))]
mod rows;
mod scope;
mod spawn;
mod stranded;
#[path = "../support/mod.rs"]
mod support;
mod sync_io;
mod sync_io_bridge;
mod tokio_facts;
mod unwind_safe;
mod wait;
mod wait_with;
mod waker;
