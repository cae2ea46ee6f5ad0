//! The bounds of an offloaded function, with messages that say what to do where one does not hold.

/// Implemented by all types that can be handed to an offloaded function.
#[diagnostic::on_unimplemented(
    message = "an argument of an offloaded function goes to another thread, and `{Self}` cannot",
    label = "this is not `Send`",
    note = "take `Arc` for `Rc`, `Mutex` or an atomic for `RefCell` and `Cell`; of a guard take what it guards, \
            cloned or locked within the function"
)]
pub trait Argument {}

#[diagnostic::do_not_recommend]
impl<T: Send> Argument for T {}

/// Implemented by all types that an offloaded function can return.
#[diagnostic::on_unimplemented(
    message = "what an offloaded function returns comes from another thread, and `{Self}` cannot",
    label = "this is not `Send`",
    note = "return `Arc` for `Rc`, and what a guard guards for the guard"
)]
pub trait Output {}

#[diagnostic::do_not_recommend]
impl<T: Send> Output for T {}

/// Implemented by all functions that can be offloaded: by each `FnOnce() -> T + Send + 'static`.
#[diagnostic::on_unimplemented(
    message = "an offloaded closure goes to another thread, and this one captures what cannot",
    label = "something that this captures is not `Send`",
    note = "capture `Arc` for `Rc`, `Mutex` or an atomic for `RefCell` and `Cell`; take out of a guard what \
            the closure needs; make within the closure what must stay on one thread"
)]
pub trait Function<T>: FnOnce() -> T + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T, F: FnOnce() -> T + Send + 'static> Function<T> for F {}

/// Checks the type of an argument for the bound of the closure that captures it.
#[inline(always)]
pub fn argument<T: Argument>() {}

/// Checks the type of a generic argument, with the compiler's own message: it names the missing bound.
#[inline(always)]
pub fn generic<T: Send>() {}

/// Checks an argument whose type has no name.
#[inline(always)]
pub fn unnamed<T: Send>(_: &T) {}

/// Checks the type of the output.
#[inline(always)]
pub fn output<T: Output>() {}
