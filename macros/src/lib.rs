//! The `#[smartasync]` attribute: an implementation detail of the `smartasync` crate, do not use
//! directly.

mod arguments;
mod attributes;
mod block;
mod blocking;
mod borrowed;
mod context;
mod expand;
mod function;
mod item;
mod lifetimes;
mod offload;
mod options;
mod output;
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
/// - `offload`: on a sync function, which then returns an `Offload`: waited for it runs in kind,
///   awaited it runs on the blocking pool. It takes owned arguments that are `Send`.
/// - `blocking`: on an `impl` block of a client, beside which it makes a sync twin: `BlockingClient`
///   of `Client`, or `blocking = NAME`. See below.
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
/// # Blocking twins
///
/// `blocking` makes a second client for sync code, of one source. The twin has each method and each
/// constant of the block that is not private, with the same documentation; its methods return the values
/// themselves, and in async code they panic at the caller, as `wait` does.
///
/// ```
/// use std::collections::HashMap;
///
/// use smartasync::smartasync;
///
/// #[derive(Debug)]
/// pub struct Client {
///     values: HashMap<String, u32>,
/// }
///
/// #[smartasync(blocking, derive(Debug))]
/// impl Client {
///     /// Connects to a server.
///     pub async fn connect(address: &str) -> Result<Self, String> {
///         match address {
///             "" => Err("no address".to_owned()),
///             _ => Ok(Client { values: HashMap::new() }),
///         }
///     }
///
///     /// Stores a value, and returns the one before it.
///     pub async fn put(&mut self, key: &str, value: u32) -> Option<u32> {
///         self.values.insert(key.to_owned(), value)
///     }
/// }
///
/// # fn main() -> Result<(), String> {
/// let mut client = BlockingClient::connect("localhost")?;
/// assert_eq!(client.put("a", 1), None);
///
/// // The client itself, to be awaited or waited for, and the twin again.
/// let mut client = Client::from(client);
/// assert_eq!(client.put("a", 2).wait(), Some(1));
/// let mut client = BlockingClient::from(client);
/// assert_eq!(client.put("a", 3), Some(2));
/// # Ok(())
/// # }
/// ```
///
/// - A method that returns `Self`, or a `Result` or an `Option` of it, makes a twin there. Elsewhere,
///   in arguments too, `Self` stands for the client; `AsRef` and `AsMut` lend that of a twin, and `From`
///   converts both ways.
/// - Methods take `self`, `&self` or `&mut self`. One that takes `self: Arc<Self>` or `Pin<&mut Self>`
///   goes into another block.
/// - A sync method is called as it is, with no runtime around it: one that spawns tasks or makes timers is to
///   be `async`. A method that returns a stream does so in the twin too, for `smartasync::iter` to go through.
/// - The struct is as visible as the most visible of its methods; `blocking = pub(crate) NAME` makes it
///   less so.
/// - `derive(..)` derives traits for it. Without `Debug` among them it has one that shows no fields.
/// - `blocking, extend` on another block of the same type adds that block's methods to the twin. The twin
///   has the type parameters of the block that makes it, in their order there.
/// - Of a method's attributes the twin has the conditions, lints, documentation, `deprecated`,
///   `must_use`, `inline`, `cold` and `track_caller`. Attribute macros are for the client's method, which
///   the twin's calls. What a macro in the block generates is not seen.
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
