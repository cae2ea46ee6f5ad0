//! `#[smartasync]` accepts everything that `async fn` accepts, in every place where it may stand, with the same
//! meaning.

mod as_future;
mod blocking;
mod blocking_drop;
mod blocking_shapes;
mod blocks;
mod boxed;
mod drop_order;
mod fidelity;
mod held;
mod lints;
mod other_attributes;
mod probe;
mod signatures;
#[path = "../../../support/mod.rs"]
mod support;
mod traits;
mod twins;
