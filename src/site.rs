//! Which function was called, and where.

use std::any;
use std::fmt;
use std::panic::Location;

/// Returns the name of a function that was called. A pointer is one word, where the name itself is two.
pub(crate) type Name = fn() -> &'static str;

/// The function and the place of a call, as messages name them.
#[derive(Clone, Copy)]
pub(crate) struct Site {
    pub(crate) name: Name,
    pub(crate) caller: &'static Location<'static>,
}

impl Site {
    /// The place is that of the caller.
    #[inline]
    #[track_caller]
    pub(crate) fn of(name: Name) -> Site {
        Site { name, caller: Location::caller() }
    }

    /// The same place, under another name.
    #[cfg(feature = "io")]
    pub(crate) fn named(self, name: Name) -> Site {
        Site { name, ..self }
    }

    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name(), self.caller)
    }
}

/// Returns the name that a future has in messages: that of its type, or of the function that a call was made by.
pub(crate) fn type_name<F>() -> &'static str {
    let name = any::type_name::<F>();
    let of_call = name.strip_prefix(concat!(env!("CARGO_CRATE_NAME"), "::call::held::Call<"));
    let path = of_call.and_then(|call| call.strip_suffix("::{{closure}}>"));
    path.and_then(|path| path.rsplit("::").next())
        .filter(|name| !name.contains('>'))
        .unwrap_or(name)
}
