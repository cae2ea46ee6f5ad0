//! The `#[smartasync]` attribute: an implementation detail of the `smartasync` crate, do not use
//! directly.

mod arguments;
mod attributes;
mod block;
mod blocking;
mod expand;
mod function;
mod lifetimes;
mod options;
mod output;
mod site;
mod valid;

use proc_macro::TokenStream;

/// Makes an `async fn` callable from anywhere: it returns a `Call`, to be awaited in async code or
/// waited for in sync code.
///
/// It goes on free functions, on methods with any receiver, and on whole `impl` blocks and traits,
/// where it decorates each `async fn` and leaves the rest. Borrowing, `Send`-ness and drop order
/// are those of the `async fn`: every argument, used or not, lives until the future ends. A sync
/// function passes through unchanged.
///
/// # Options
///
/// - `boxed`: the call's future is a `Pin<Box<dyn Future + Send>>`. It makes a trait usable as
///   `dyn Trait`, and an `async fn` recursive.
/// - `?Send`: lifts the `Send` that a trait and `boxed` ask of a future.
/// - `offload`: on a sync function, which then returns an `Offload`: waited for it runs in place,
///   awaited it runs on the blocking pool. It takes owned arguments that are `Send`.
/// - `on = EXPR`: the `Bridge` to run through, evaluated at each call. Default: the process's.
/// - `crate = PATH`: where to find the `smartasync` crate, for crates that re-export it. Default:
///   `::smartasync`.
///
/// A method in a decorated block may have an attribute of its own, which adds to the options.
///
/// # Traits
///
/// A trait and its implementations are decorated alike. The methods' futures are `Send`, so that
/// generic code can spawn them; `#[smartasync(?Send)]` lifts that. A default body that uses `self`
/// is there for the types whose `self` may go to another thread.
///
/// ```
/// use smartasync::smartasync;
///
/// #[smartasync(boxed)]
/// trait Store {
///     async fn get(&self, key: &str) -> Option<String>;
/// }
///
/// struct Empty;
///
/// #[smartasync(boxed)]
/// impl Store for Empty {
///     async fn get(&self, _key: &str) -> Option<String> {
///         None
///     }
/// }
///
/// let store: Box<dyn Store> = Box::new(Empty);
/// assert_eq!(store.get("a").wait(), None);
/// ```
///
/// # Other attribute macros
///
/// Those on a decorated function run first, above and below alike, and see the `async fn`:
/// `#[tracing::instrument]` covers the whole call.
///
/// # Examples
///
/// ```
/// use smartasync::smartasync;
///
/// struct Counter(u32);
///
/// #[smartasync]
/// impl Counter {
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
