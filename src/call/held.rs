//! The future in its call, and the drop of both.
//!
//! An optimised build pins the two together, and so where the caller has made them: there is one place for them on
//! the stack. A debug build makes a copy of all that is wrapped or moved, so there it is the bare future.
//!
//! A future that another executor than Tokio has polled is dropped inside the shared runtime.

#[cfg(not(debug_assertions))]
mod optimised;
#[cfg(not(debug_assertions))]
use optimised as profile;

#[cfg(debug_assertions)]
mod debug;
#[cfg(debug_assertions)]
use debug as profile;

#[cfg(debug_assertions)]
pub(super) use debug::{EnterOnDrop, LeaveOnDrop};
pub use profile::Call;
pub(super) use profile::{make_call, pin_call};
