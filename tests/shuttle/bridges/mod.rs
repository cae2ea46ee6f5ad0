//! Whole bridges: the state machines of the crate together, with its map and its queue, on stand-ins for Tokio.
//!
//! The stand-ins and what puts the parts together are in `driver.rs`, `runtimes.rs` and `bridge.rs`, which follow
//! `LocalRuntime`, `Runtimes` and `Lease`. Everything else is the code that ships. There are too many threads for loom,
//! so only `tests/shuttle/run` runs these.
//!
//! Each model names rows of `tests/mutants/mutants.toml` with which it was seen to fail.

mod bridge;
mod driver;
mod models;
mod runtimes;
