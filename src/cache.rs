//! What is kept between calls: never where a thread stands.

pub(crate) mod map;
pub(crate) mod private;
pub(crate) mod thread;
