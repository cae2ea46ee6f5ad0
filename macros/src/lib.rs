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

/// Makes an `async fn` callable from anywhere: it returns a `Call`, which async code awaits and sync
/// code waits for.
///
/// It goes on free functions, on methods with any receiver, and on whole `impl` blocks and traits,
/// where it decorates each `async fn` and leaves the rest unchanged. Borrowing, `Send`-ness and drop
/// order are those of the `async fn`: every argument, used or not, lives until the future ends. On a
/// sync function of its own it is an error, unless there is `offload`. A function that another attribute makes
/// sync, like `#[tokio::test]`, needs none.
///
/// # Options
///
/// - `boxed`: the call's future is a `Pin<Box<dyn Future + Send>>`, so that a trait can be used as
///   `dyn Trait`, and an `async fn` can call itself.
/// - `?Send`: the futures of a trait, and those of `boxed`, need not be `Send`.
/// - `offload`: on a sync function, which then returns an `Offload`: a wait runs the function on the
///   calling thread, and an await runs it on the blocking pool. The arguments are owned and `Send`.
/// - `blocking`: on an `impl` block of a client, for which it makes a sync twin: `BlockingClient` for
///   `Client`, or the name in `blocking = NAME`. See below.
/// - `fallible`, `iter`, `spawn`, `twin_only`, `twins(..)`, `derive(..)`, `extend`: of the twin. See below.
/// - `on = EXPR`: the `Bridge` that calls go through. The expression is evaluated at each call.
///   Default: the bridge of the process.
/// - `crate = PATH`: where to find the `smartasync` crate, for crates that re-export it. Default:
///   `::smartasync`.
///
/// A method in a decorated block may have an attribute of its own, whose options are added to those of the
/// block.
///
/// # Traits
///
/// Decorate both a trait and its implementations, with the same `boxed` and `?Send`. The futures of the
/// methods are `Send`, so that generic code can spawn them; `#[smartasync(?Send)]` lifts that. A default body that uses `self` exists only for
/// types whose `self` may go to another thread.
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
/// # Mocks
///
/// mockall copies the attributes of a trait to everything that it makes, also where an attribute macro is an
/// error. It knows the name `async_trait`, and puts that on the trait and its implementation only. So import the
/// attribute under this name, and write `#[automock]` above it:
///
/// ```
/// use mockall::automock;
/// use smartasync::smartasync as async_trait;
///
/// #[automock]
/// #[async_trait]
/// trait Store {
///     async fn get(&self, key: &str) -> Option<String>;
/// }
///
/// let mut store = MockStore::new();
/// store.expect_get().returning(|key| Some(format!("the value of {key}")));
/// assert_eq!(store.get("a").wait().as_deref(), Some("the value of a"));
/// ```
///
/// # Blocking twins
///
/// `blocking` makes a second client for sync code from the same source. The twin has each method and each
/// constant of the block that is not private, with the same documentation. Its methods return the values
/// themselves. In async code they panic like `wait`, with the caller's location.
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
/// // The client itself, whose calls can be awaited and waited for, and the twin again.
/// let mut client = Client::from(client);
/// assert_eq!(client.put("a", 2).wait(), Some(1));
/// let mut client = BlockingClient::from(client);
/// assert_eq!(client.put("a", 3), Some(2));
/// # Ok(())
/// # }
/// ```
///
/// - `Self` in what a method returns is the twin: alone, and in an `Option`, a `Result`, a tuple, an array, a `Box`, a
///   `Vec`, a `VecDeque`, as a value of a `HashMap` or a `BTreeMap`, in these within one another, and in an alias of one
///   of them. A `&mut Self` or `&Self` that a method with such a receiver returns, alone, in an `Option` or a `Result`,
///   is the twin that it was called on; if it is another client, the twin's method panics. Anywhere else `Self` is an
///   error: say the client's name there if the client is meant. The name is the client, but alone, in an `Option` and in
///   a `Result`, where it is the twin too. In arguments both are the client. `AsRef` and `AsMut` lend the client of a
///   twin, and `From` converts both ways.
/// - `twins(Builder, Answer = SyncAnswer)` names other clients that have twins, `BlockingBuilder` and `SyncAnswer`. What
///   a method returns alone, in an `Option` or in a `Result` becomes their twin too, so that
///   `BlockingClient::builder().build()` is a `BlockingClient`.
/// - A function that returns an `impl Future`, a boxed `dyn Future` or a `BoxFuture` is waited for as an `async fn` is.
/// - A stream that a method returns, alone, in an `Option` or in a `Result`, is an `Iter` in the twin, if it is an
///   `impl Stream`, a boxed `dyn Stream` or a `BoxStream`. `#[smartasync(iter)]` on the method says that a type by
///   another name is a stream. This takes the feature `stream`.
/// - Methods take `self`, `&self` or `&mut self`. Where the client's takes a `Box<Self>`, `Rc<Self>` or `Arc<Self>`, the
///   twin's takes `self`, and for `Pin<&mut Self>` it takes `&mut self`, if the client is `Unpin`. One with another
///   receiver goes into another block.
/// - A sync method is called directly, outside of a runtime: one that spawns tasks or makes timers must be `async`.
/// - `fallible`: a method that returns a `Result` returns an error where it would panic, in async code and after the time
///   limit of the bridge. Its error type is made `From<WaitError>`.
/// - `spawn`, on a method: the twin runs the future as a task of the bridge's, with `Bridge::spawn`, and the calling
///   thread is woken once, when the task has ended. Otherwise that thread polls the future itself, and is woken each
///   time. It pays where the bridge has `shared_threads` and the future waits several times. The future is `Send +
///   'static`. A panic of the task is that of the method, and a wait that ends early cancels the task.
/// - `twin_only`: the block stays as it is, and only the twin is made. Its `async fn`s return futures and no calls, as
///   those of a published client do. Also on a single method. If none of the methods has a body, the client is one of
///   another crate, and its twin has the methods that are named.
/// - A call of the twin has no limit of its own. Wait for the client's call: `client.as_ref().get("a").wait_timeout(limit)`;
///   or give the block a bridge that has one, `on = self.bridge`, which is the same for all calls of a twin.
/// - The documentation of a method is also that of its twin. A code block with the word `blocking` after its fence is
///   for the twin only, and the twin has no code block that contains `.await`.
/// - The struct is as visible as the most visible of its methods. `blocking = pub(crate) NAME` makes it less
///   visible.
/// - `derive(..)` derives traits of the standard library for the struct. Without `Debug` among them, its `Debug` shows
///   no fields.
/// - A twin may be dropped anywhere, also where its client spawns a task in its destructor or gives a connection back to
///   a pool. It drops the client inside the runtime that a call of the thread would run on, and in async code inside the
///   current one. The runtime is that of the bridge in `on = EXPR` where this names neither `self` nor an argument,
///   otherwise of the bridge of the process. A client without a destructor costs nothing, but a flag where it is generic.
///   One whose destructor needs no Tokio gives the thread a runtime too, if it had none; move it out of the twin with
///   `From` to drop it as it is. A thread that ends drops the twins in its thread-locals: one that was set up before the
///   thread's first call finds no runtime any more.
/// - `blocking, extend` on another block of the same type adds that block's methods to the twin. The twin has
///   the type parameters of the block that makes it, in the same order.
/// - The twin of a method has these of its attributes: conditions, lints, documentation, `deprecated`,
///   `must_use`, `inline`, `cold` and `track_caller`. Attribute macros apply to the client's method, which the
///   twin's method calls. Methods that a macro in the block generates have no twin.
///
/// ## A client of another crate
///
/// With `twin_only`, and methods without bodies:
///
/// ```
/// use smartasync::smartasync;
/// use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
///
/// #[smartasync(blocking = SyncSemaphore, twin_only)]
/// impl Semaphore {
///     pub fn new(permits: usize) -> Self;
///     pub async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError>;
/// }
///
/// let semaphore = SyncSemaphore::new(2);
/// let permit = semaphore.acquire().unwrap();
/// assert_eq!(semaphore.as_ref().available_permits(), 1);
/// ```
///
/// # Other attribute macros
///
/// The other attribute macros of a decorated function run first, whether above or below, and see the
/// `async fn`: `#[tracing::instrument]` covers the whole call.
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
