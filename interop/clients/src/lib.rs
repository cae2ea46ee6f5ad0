//! What the tests of the clients share: callers of every kind, and servers that can be killed and started again.

mod callers;
mod recovery;
mod servers;

pub use callers::{bridges, everywhere};
pub use recovery::{Way, recovery};
pub use servers::{Postgres, Redis};
