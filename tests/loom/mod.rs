//! The models. Loom runs each of them through all interleavings of its threads.
//!
//! They are unit tests of the crate, so that they can use private items. To run them:
//!
//! ```text
//! tests/loom/run                    all models
//! cargo run -p smartasync-mutants   shows that each model fails when a line that it guards is changed
//! ```
//!
//! Each model names the mutants in `tests/mutants/mutants.toml` that it must catch.

mod map;
mod mark;
mod naive;
mod pool;
mod reset;
pub(crate) mod schedule;
mod state;
mod tracker;
#[cfg(feature = "concurrent")]
mod waiters;
mod wake;
