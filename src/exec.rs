//! Running a future to its end on the calling thread.

pub(crate) mod parked;
pub(crate) mod relay;
pub(crate) mod slot;
