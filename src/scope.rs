//! Many calls at once, from sync code.

mod calls;
mod handle;
mod slot;
pub(crate) mod waiters;

use std::fmt;
use std::marker::PhantomData;
use std::rc::Rc;

use crate::bridge::Bridge;
use crate::site::{Name, Site, type_name};
use calls::Calls;
use slot::{Filling, Slot};

pub use handle::ScopedJoinHandle;

const SCOPE: Name = || "smartasync::scope";
const TRY_SCOPE: Name = || "smartasync::try_scope";

/// Runs many calls at once on the calling thread. The calls may borrow from the caller.
///
/// It is to calls what [`std::thread::scope`] is to threads. [`Scope::spawn`] begins a call, and
/// [`join`](ScopedJoinHandle::join) waits for one, in any order. At the end of the closure, the scope waits for
/// all calls that are left.
///
/// All calls are polled on the calling thread: when they begin, and while the thread waits for any of them or for
/// the end of the scope. In between, while the closure computes or waits for something else, they stand still.
/// What they have started elsewhere, like a job of [`offload`](crate::offload) or a request, goes on. So code that
/// waits for a call of the scope by other means, for example over a channel, must itself be a call of the scope.
///
/// Use [`try_scope`] if the closure may fail, and an error must cancel the other calls.
///
/// # Panics
///
/// - When it is called from async code, or cannot get a runtime. This panic comes before the closure runs, with
///   the message of [`Call::wait`](crate::Call::wait).
/// - With a panic of the closure, once the calls that are not done have been dropped inside the runtime.
/// - With the panic of a call that nobody has joined, once all others are done. The panic of a call that is joined
///   reaches whoever joins it.
///
/// # Examples
///
/// ```
/// use smartasync::{scope, smartasync};
///
/// #[smartasync]
/// async fn size(page: &str) -> usize { page.len() }
///
/// let pages = vec![String::from("one"), String::from("three")];
/// let mut visits = 0;
/// let sizes = scope(|s| {
///     s.spawn(async { visits += 1 });
///     let sizes: Vec<_> = pages.iter().map(|page| s.spawn(size(page))).collect();
///     sizes.into_iter().map(|size| size.join()).sum::<usize>()
/// });
/// assert_eq!((sizes, visits), (8, 1));
/// ```
///
/// A call may begin others:
///
/// ```
/// use std::cell::RefCell;
/// use smartasync::{Scope, scope};
///
/// async fn visit<'scope>(s: &'scope Scope<'scope, '_>, depth: u32, seen: &'scope RefCell<Vec<u32>>) {
///     seen.borrow_mut().push(depth);
///     for _ in 0..depth {
///         s.spawn(visit(s, depth - 1, seen));
///     }
/// }
///
/// let seen = RefCell::default();
/// scope(|s| { s.spawn(visit(s, 2, &seen)); });
/// assert_eq!(seen.into_inner(), [2, 1, 1, 0, 0]);
/// ```
///
/// What the calls borrow must outlive the scope:
///
/// ```compile_fail,E0373
/// smartasync::scope(|s| {
///     let page = String::from("one");
///     s.spawn(async { page.len() });
/// });
/// ```
#[track_caller]
pub fn scope<'env, T, F>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    run(None, Site::of(SCOPE), f, |_| true)
}

/// Runs many calls at once like [`scope`], and cancels those that are not done when the closure returns an error.
///
/// They are dropped inside the runtime, as async code drops a future that it no longer awaits. So `?` in the
/// closure ends the scope at once, while [`scope`] would wait for calls whose outputs nobody needs any more. It is
/// a function of its own because an error that a closure *returns* need not mean that: `scope` treats all return
/// values alike.
///
/// # Errors
///
/// The error of the closure.
///
/// # Panics
///
/// Like [`scope`].
///
/// # Examples
///
/// ```
/// use std::io;
/// use smartasync::{smartasync, try_scope};
///
/// #[smartasync]
/// async fn read(mirror: &str) -> io::Result<String> {
///     match mirror {
///         "gone" => Err(io::ErrorKind::NotFound.into()),
///         _ => std::future::pending().await,
///     }
/// }
///
/// let read = try_scope(|s| {
///     let (slow, gone) = (s.spawn(read("slow")), s.spawn(read("gone")));
///     Ok([gone.join()?, slow.join()?])
/// });
/// assert_eq!(read.map_err(|error: io::Error| error.kind()), Err(io::ErrorKind::NotFound));
/// ```
#[track_caller]
pub fn try_scope<'env, T, E, F>(f: F) -> Result<T, E>
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> Result<T, E>,
{
    run(None, Site::of(TRY_SCOPE), f, Result::is_ok)
}

impl Bridge {
    /// Runs many calls at once, like [`scope`](crate::scope), through this bridge.
    ///
    /// # Panics
    ///
    /// Like [`scope`](crate::scope), and where the bridge is shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    ///
    /// let bridge = Bridge::builder().build();
    /// let sum = bridge.scope(|s| {
    ///     let (one, two) = (s.spawn(async { 1 }), s.spawn(async { 2 }));
    ///     one.join() + two.join()
    /// });
    /// assert_eq!(sum, 3);
    /// ```
    #[track_caller]
    pub fn scope<'env, T, F>(&self, f: F) -> T
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
    {
        run(Some(self), Site::of(|| "Bridge::scope"), f, |_| true)
    }

    /// Runs many calls at once, like [`try_scope`](crate::try_scope), through this bridge.
    ///
    /// # Errors
    ///
    /// The error of the closure.
    ///
    /// # Panics
    ///
    /// Like [`Bridge::scope`].
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    ///
    /// let bridge = Bridge::builder().build();
    /// let sum = bridge.try_scope(|s| {
    ///     let (one, two) = (s.spawn(async { Ok(1) }), s.spawn(async { Err::<u32, _>("none") }));
    ///     Ok(one.join()? + two.join()?)
    /// });
    /// assert_eq!(sum, Err("none"));
    /// ```
    #[track_caller]
    pub fn try_scope<'env, T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> Result<T, E>,
    {
        run(Some(self), Site::of(|| "Bridge::try_scope"), f, Result::is_ok)
    }
}

/// Where calls that run at once begin. [`scope`] passes it to its closure.
///
/// `'scope` is the lifetime of the calls, and `'env` that of what they may borrow, as with [`std::thread::Scope`].
/// A scope stays on its thread.
///
/// # Examples
///
/// ```
/// use smartasync::{Scope, ScopedJoinHandle, scope};
///
/// fn sizes<'scope>(
///     s: &'scope Scope<'scope, '_>,
///     pages: &'scope [String],
/// ) -> Vec<ScopedJoinHandle<'scope, usize>> {
///     pages.iter().map(|page| s.spawn(async { page.len() })).collect()
/// }
///
/// let pages = ["one", "three"].map(String::from);
/// let sizes = scope(|s| sizes(s, &pages).into_iter().map(|size| size.join()).collect::<Vec<_>>());
/// assert_eq!(sizes, [3, 5]);
/// ```
pub struct Scope<'scope, 'env: 'scope> {
    calls: Calls<'scope>,
    env: PhantomData<&'env mut &'env ()>,
}

impl<'scope> Scope<'scope, '_> {
    /// Begins a call of anything that can be awaited, and returns its handle.
    ///
    /// The call is polled once before this returns. In async code, the next wait polls it first.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{offload, scope};
    ///
    /// let sum = scope(|s| {
    ///     let elsewhere = s.spawn(offload(|| (1..=100).sum::<u32>())); // on a blocking thread
    ///     let here: u32 = (101..=200).sum();
    ///     here + elsewhere.join()
    /// });
    /// assert_eq!(sum, 20_100);
    /// ```
    #[track_caller]
    pub fn spawn<F>(&'scope self, call: F) -> ScopedJoinHandle<'scope, F::Output>
    where
        F: IntoFuture<IntoFuture: 'scope>,
        F::Output: 'scope,
    {
        let (site, slot) = (Site::of(type_name::<F>), Slot::new());
        let call = Box::pin(Filling::new(call.into_future(), Rc::clone(&slot)));
        self.calls.begin(call, site);
        ScopedJoinHandle::new(&self.calls, slot, site)
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Runs the closure, and then the remaining calls if `waits` says so.
#[track_caller]
fn run<'env, T, F>(bridge: Option<&Bridge>, site: Site, f: F, waits: fn(&T) -> bool) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope { calls: Calls::new(bridge, site), env: PhantomData };
    let open = CloseOnDrop(&scope.calls);
    let output = f(&scope);
    if waits(&output) {
        scope.calls.finish();
    }
    drop(open);
    scope.calls.raise_lost();
    output
}

/// Closes a scope at its end, by return or by panic.
#[must_use = "the scope is closed when it is dropped"]
struct CloseOnDrop<'scope>(&'scope Calls<'scope>);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}
