//! What is kept between calls: never a verdict.

pub(crate) mod instance;
pub(crate) mod keep;
pub(crate) mod thread;
