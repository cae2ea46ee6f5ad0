//! What is kept between calls: never where a thread stands.

pub(crate) mod cached;
pub(crate) mod map;
pub(crate) mod thread;
