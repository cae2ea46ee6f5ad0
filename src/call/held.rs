//! A future in the call that it belongs to.
//!
//! An optimised build pins the two together, where the caller has made them, so that there is one place for them
//! on the stack. A debug build copies everything that is wrapped or moved, so there the bare future is pinned.

#[cfg(not(debug_assertions))]
pub(super) use optimised::*;

#[cfg(debug_assertions)]
pub(super) use debug::*;

#[cfg(not(debug_assertions))]
mod optimised {
    use std::pin::Pin;

    const UNTIL_ITS_END: &str = "the future is there until it has ended, and its call is gone then";

    pub(crate) type Held<F> = Option<F>;

    pub(crate) fn hold<F>(future: F) -> Held<F> {
        Some(future)
    }

    pub(crate) fn release<F>(held: Held<F>) -> F {
        held.expect(UNTIL_ITS_END)
    }

    pub(crate) fn held_pinned<F>(held: Pin<&mut Held<F>>) -> Pin<&mut F> {
        held.as_pin_mut().expect(UNTIL_ITS_END)
    }
}

#[cfg(debug_assertions)]
mod debug {
    use std::pin::Pin;

    pub(crate) type Held<F> = F;

    pub(crate) fn hold<F>(future: F) -> Held<F> {
        future
    }

    pub(crate) fn release<F>(held: Held<F>) -> F {
        held
    }

    pub(crate) fn held_pinned<F>(held: Pin<&mut Held<F>>) -> Pin<&mut F> {
        held
    }
}
