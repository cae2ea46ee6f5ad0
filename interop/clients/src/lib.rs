//! What the tests of the clients share: callers of every kind, and servers that can be killed and started again.

mod callers;
mod recovery;

pub use callers::{bridges, everywhere};
pub use recovery::{Way, recovery};
pub use smartasync_interop_servers::{Postgres, Redis};
