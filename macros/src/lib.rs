//! The `#[smartasync]` attribute: an implementation detail of the `smartasync` crate, do not use
//! directly.

mod args;
mod expand;
mod valid;

use proc_macro::TokenStream;

/// Makes an `async fn` callable from anywhere: it returns a `Call`, to be awaited in async code or
/// waited for in sync code.
///
/// It goes on free functions and on inherent methods with any receiver. Borrowing, `Send`-ness and
/// drop order are those of the `async fn`: every argument, used or not, lives until the future
/// ends. A sync function passes through unchanged.
///
/// # Options
///
/// - `on = EXPR`: the `Bridge` to run through, evaluated at each call. Default: the process's.
/// - `crate = PATH`: where to find the `smartasync` crate, for crates that re-export it. Default:
///   `::smartasync`.
///
/// # Examples
///
/// ```
/// use smartasync::smartasync;
///
/// struct Counter(u32);
///
/// impl Counter {
///     #[smartasync]
///     async fn add(&mut self, by: u32) -> u32 {
///         self.0 += by;
///         self.0
///     }
/// }
///
/// assert_eq!(Counter(1).add(2).wait(), 3);
/// ```
#[proc_macro_attribute]
pub fn smartasync(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(args.into(), item.into()).into()
}
