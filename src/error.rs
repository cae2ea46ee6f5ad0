//! Why a call was not run.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::site::Site;

/// The error of a wait that returned no output. That of a `try_wait` contains the call if it was not started. The other
/// waits hand no call back: see [`NoCall`].
///
/// Its message names the function and the call site, and says what to write instead. `Debug` shows the same message, for
/// errors that `main` returns or that are unwrapped; `{:#?}` shows the parts.
///
/// # Examples
///
/// ```
/// use smartasync::{WaitErrorKind, smartasync};
///
/// #[smartasync]
/// async fn answer() -> u32 { 42 }
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let error = answer().try_wait().unwrap_err();
/// assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
/// assert_eq!(error.name(), "answer");
/// assert!(error.to_string().contains(".await"));
/// # });
/// ```
pub struct WaitError<C = NoCall> {
    /// Boxed: an error is rare, and a result with room for a call is as large as the call.
    call: Option<Box<C>>,
    has_begun: bool,
    cause: Cause,
    site: Site,
}

/// The call of an error that can hold none: there is no value of this type.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::{NoCall, Wait, WaitError};
///
/// let error: WaitError = std::future::pending::<()>().wait_timeout(Duration::ZERO).unwrap_err();
/// let call: Option<NoCall> = error.into_call();
/// assert!(call.is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoCall {}

/// What kept a call from running to its end.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::{Wait, WaitErrorKind};
///
/// let error = std::future::pending::<()>().wait_timeout(Duration::ZERO).unwrap_err();
/// match error.kind() {
///     WaitErrorKind::TimedOut => println!("try again later"),
///     _ => panic!("{error}"),
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitErrorKind {
    /// The caller is async code, which must not block: await the call there.
    AsyncContext,
    /// The thread has no runtime and cannot get one, or the runtime of a call that had begun is lost because a
    /// waker panicked in its driver. [`source`](Error::source) says why.
    Runtime,
    /// The call's bridge [has been shut down](crate::Bridge::shutdown): the call was not started, or
    /// it was cancelled, and its future is dropped.
    Shutdown,
    /// [The deadline](crate::Call::wait_timeout) of the call has passed, or
    /// [the limit](crate::BridgeBuilder::timeout) of its bridge: the future is dropped.
    TimedOut,
    /// The token of a `Call::cancelled_by` or `wait_cancellable` (feature `tokio-util`) was cancelled: the call was
    /// not started, or its future is dropped.
    Cancelled,
}

impl<C> WaitError<C> {
    /// The error of a call that was not started.
    #[inline]
    pub(crate) fn new(cause: Cause, call: Box<C>, site: Site) -> WaitError<C> {
        WaitError { call: Some(call), has_begun: false, cause, site }
    }

    /// The error of a call that was not started, and is not handed back.
    pub(crate) fn refused(cause: Cause, site: Site) -> WaitError<C> {
        WaitError { call: None, has_begun: false, cause, site }
    }

    /// The error of a call that was run, but not to its end.
    #[inline]
    pub(crate) fn ended(cause: Cause, site: Site) -> WaitError<C> {
        WaitError { call: None, has_begun: true, cause, site }
    }

    /// Returns what kept the call from running to its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{WaitErrorKind, try_block_on};
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let error = try_block_on(async { 42 }).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
    /// # });
    /// ```
    pub fn kind(&self) -> WaitErrorKind {
        match self.cause {
            Cause::Async | Cause::OwnTask => WaitErrorKind::AsyncContext,
            Cause::Runtime(_) | Cause::ThreadExit(_) => WaitErrorKind::Runtime,
            Cause::Shutdown => WaitErrorKind::Shutdown,
            Cause::TimedOut { .. } => WaitErrorKind::TimedOut,
            Cause::Cancelled => WaitErrorKind::Cancelled,
        }
    }

    /// Returns whether the call had begun. If it had not, nothing has been polled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Bridge, Wait};
    ///
    /// let forever = || std::future::pending::<()>();
    /// assert!(forever().wait_timeout(Duration::ZERO).unwrap_err().has_begun());
    ///
    /// let bridge = Bridge::builder().build();
    /// bridge.shutdown(Duration::ZERO);
    /// assert!(!bridge.call(forever()).try_wait().unwrap_err().has_begun());
    /// ```
    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Returns the call if it was not started. It can still be awaited, or waited for elsewhere.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::try_block_on;
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let error = try_block_on(async { 42 }).unwrap_err();
    /// let future = error.into_call().expect("it has not started");
    /// assert_eq!(future.await, 42);
    /// # });
    /// ```
    pub fn into_call(self) -> Option<C> {
        self.call.map(|call| *call)
    }

    /// Returns the error without the call. The call may borrow what the caller has, and then an error that leaves
    /// a function, for example in a `Box<dyn Error>`, would have to outlive the arguments.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::error::Error;
    /// use std::time::Duration;
    /// use smartasync::{WaitError, smartasync};
    ///
    /// #[smartasync]
    /// async fn length(text: &str) -> usize { text.len() }
    ///
    /// fn length_in_time(text: &str) -> Result<usize, Box<dyn Error + Send + Sync>> {
    ///     let limit = Duration::from_secs(1);
    ///     Ok(length(text).within(limit).try_wait().map_err(WaitError::without_call)?)
    /// }
    ///
    /// assert_eq!(length_in_time("four").unwrap(), 4);
    /// ```
    pub fn without_call(self) -> WaitError {
        WaitError { call: None, has_begun: self.has_begun, cause: self.cause, site: self.site }
    }

    /// Maps the call that is handed back.
    pub(crate) fn map_call<D>(self, map: impl FnOnce(C) -> D) -> WaitError<D> {
        WaitError {
            call: self.call.map(|call| Box::new(map(*call))),
            has_begun: self.has_begun,
            cause: self.cause,
            site: self.site,
        }
    }

    /// Returns the name of the function that was called.
    ///
    /// # Examples
    ///
    /// ```
    /// # use smartasync::smartasync;
    /// #[smartasync]
    /// async fn answer() -> u32 { 42 }
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// assert_eq!(answer().try_wait().unwrap_err().name(), "answer");
    /// # });
    /// ```
    pub fn name(&self) -> &'static str {
        self.site.name()
    }
}

impl<C> fmt::Display for WaitError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.describe(self.site, self.has_begun, f)
    }
}

/// Shows the message, as it is what a person sees of an error that `main` returns or that is unwrapped. `{:#?}` shows
/// the parts.
impl<C> fmt::Debug for WaitError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        f.debug_struct("WaitError")
            .field("kind", &self.kind())
            .field("name", &self.site.name())
            .field("caller", &format_args!("{}", self.site.caller))
            .finish_non_exhaustive()
    }
}

impl<C> Error for WaitError<C> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Runtime(error) | Cause::ThreadExit(error) => Some(error as &io::Error),
            _ => None,
        }
    }
}

/// Why a future was not run to its end.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The caller must not block.
    Async,
    /// The caller is a task of the bridge's own runtime, and the bridge has `Nested::Park`.
    OwnTask,
    /// There is nothing to run it on.
    Runtime(io::Error),
    /// The thread is ending and has let go of its runtime.
    ThreadExit(io::Error),
    /// The bridge is shut down.
    Shutdown,
    /// Its deadline has passed, or the limit of its bridge.
    TimedOut { waited: Duration, of_bridge: bool },
    /// Its token is cancelled.
    Cancelled,
}

impl Cause {
    /// Panics with the message of the error: it is the same for all calls, and so compiled once.
    #[cold]
    #[track_caller]
    pub(crate) fn panic(self, site: Site, has_begun: bool) -> ! {
        panic!("{}", WaitError::<NoCall> { call: None, has_begun, cause: self, site })
    }

    fn describe(&self, site: Site, has_begun: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, caller) = (site.name(), site.caller);
        match self {
            Cause::Async => write!(
                f,
                "cannot wait for `{name}` at {caller}: this thread is polling a future, and blocking here would \
                 stop the executor that polls it\n\
                 in async code: use `.await` instead, or wait in a `tokio::task::spawn_blocking` closure\n\
                 in sync code that a poll calls, or that rayon runs while a poll waits for its pool: wait on a scoped \
                 thread, or in `tokio::task::block_in_place` (not in a task of a current-thread runtime)"
            ),
            Cause::OwnTask => write!(
                f,
                "cannot wait for `{name}` at {caller}: this task runs on the runtime of the call's bridge, and would \
                 block a thread that the call needs; use `.await` instead, or wait through another bridge"
            ),
            Cause::Shutdown if !has_begun => write!(
                f,
                "cannot wait for `{name}` at {caller}: its bridge has been shut down; make the call \
                 through another one, or `.await` it"
            ),
            Cause::Shutdown => write!(
                f,
                "`{name}` at {caller} was cut short: its bridge was shut down while it waited, and the \
                 grace period passed"
            ),
            Cause::TimedOut { waited, of_bridge: false } => {
                write!(f, "`{name}` at {caller} timed out after {waited:.1?}")
            }
            Cause::TimedOut { waited, of_bridge: true } => write!(
                f,
                "`{name}` at {caller} timed out after {waited:.1?}: its bridge has a limit for all calls \
                 (`BridgeBuilder::timeout`)"
            ),
            Cause::Cancelled if !has_begun => write!(
                f,
                "`{name}` at {caller} was not started: its token is cancelled; make the call with another \
                 one, or `.await` it"
            ),
            Cause::Cancelled => write!(
                f,
                "`{name}` at {caller} was cut short: its token was cancelled while it waited"
            ),
            Cause::ThreadExit(error) => write!(
                f,
                "cannot wait for `{name}` at {caller}: {error}; make the call before the thread ends (on the \
                 main thread: before `main` returns), or on a new thread"
            ),
            Cause::Runtime(error) if has_begun => write!(
                f,
                "`{name}` at {caller} was cancelled: its runtime is lost ({error}); the next call gets another \
                 one"
            ),
            Cause::Runtime(error) => write!(
                f,
                "cannot wait for `{name}` at {caller}: no runtime for this thread ({error}); try again \
                 when the cause is gone, or `.await` the call in a runtime that exists"
            ),
        }
    }
}

impl From<io::Error> for Cause {
    fn from(error: io::Error) -> Cause {
        Cause::Runtime(error)
    }
}
