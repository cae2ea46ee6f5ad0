//! Running a future to its end on the calling thread.

pub(crate) mod berth;
pub(crate) mod blueprint;
pub(crate) mod clock;
pub(crate) mod epoch;
pub(crate) mod fleet;
pub(crate) mod gate;
pub(crate) mod handover;
pub(crate) mod lease;
mod limit;
pub(crate) mod owned;
pub(crate) mod parked;
pub(crate) mod pool;
pub(crate) mod relay;
pub(crate) mod running;
pub(crate) mod signal;
pub(crate) mod slot;
pub(crate) mod until;
pub(crate) mod vigil;
mod warden;
