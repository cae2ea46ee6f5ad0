//! What is kept between calls. The context of a thread is never kept.

pub(crate) mod map;
pub(crate) mod private;
pub(crate) mod thread;
