//! What is kept between calls: never a verdict.

pub(crate) mod mark;
pub(crate) mod thread;
