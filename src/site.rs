//! Where a call was made, and of what.

use std::panic::Location;

/// A call, as messages name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) caller: &'static Location<'static>,
}
