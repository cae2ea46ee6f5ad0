//! Which function was called, and where.

use std::panic::Location;

/// The function and the place of a call, as messages name them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) caller: &'static Location<'static>,
}
