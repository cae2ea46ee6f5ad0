//! The answers of many calls, some at a time, in sync code.

use std::fmt;
use std::future::poll_fn;
use std::iter::{Fuse, FusedIterator};
use std::panic::resume_unwind;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use futures_util::stream::{FuturesOrdered, FuturesUnordered, StreamExt};

use crate::bridge::Bridge;
use crate::caught::Caught;
use crate::error::WaitError;
use crate::site::{Name, Site};
use crate::sync_driver::SyncDriver;

/// Makes a blocking iterator over the answers of `calls`, in their order. It runs up to `limit` calls at a time.
///
/// The calls come from an iterator, for example a `map` over their arguments. They are taken from it when there is
/// room: `limit` calls at first, then one call for each answer that is taken. An answer that arrives before its
/// turn takes up room until then. See [`Answers`].
///
/// # Panics
///
/// When `limit` is zero.
///
/// # Examples
///
/// ```
/// use smartasync::{buffered, smartasync};
///
/// #[smartasync]
/// async fn size(page: &str) -> usize { page.len() }
///
/// let pages = ["one", "three", "fifteen"].map(String::from);
/// let sizes = buffered(pages.iter().map(|page| size(page)), 2);
/// assert_eq!(sizes.collect::<Vec<_>>(), [3, 5, 7]);
/// ```
#[track_caller]
pub fn buffered<C>(calls: C, limit: usize) -> Answers<C::IntoIter>
where
    C: IntoIterator<Item: IntoFuture>,
{
    Answers::new(
        calls.into_iter(),
        limit,
        Calls::InOrder(FuturesOrdered::new()),
        || "smartasync::buffered",
    )
}

/// Makes a blocking iterator over the answers of `calls`, as they come. It runs up to `limit` calls at a time.
///
/// Apart from the order it is like [`buffered`].
///
/// # Panics
///
/// When `limit` is zero.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::{buffer_unordered, smartasync};
///
/// #[smartasync]
/// async fn after(millis: u64) -> u64 {
///     tokio::time::sleep(Duration::from_millis(millis)).await;
///     millis
/// }
///
/// let answers = buffer_unordered([200, 1, 100].map(after), 3);
/// assert_eq!(answers.collect::<Vec<_>>(), [1, 100, 200]);
/// ```
#[track_caller]
pub fn buffer_unordered<C>(calls: C, limit: usize) -> Answers<C::IntoIter>
where
    C: IntoIterator<Item: IntoFuture>,
{
    Answers::new(
        calls.into_iter(),
        limit,
        Calls::AsTheyCome(FuturesUnordered::new()),
        || "smartasync::buffer_unordered",
    )
}

/// A blocking iterator over the answers of many calls, returned by [`buffered`] and [`buffer_unordered`].
///
/// It waits for each answer as [`Call::wait`](crate::Call::wait) does: where the thread may block, and never in
/// async code. During a wait, all calls that have begun run concurrently on the calling thread; between two
/// answers they stand still. The iterator of the calls is sync code and may wait, so one `Answers` can be made
/// from another.
///
/// The iterator is `Send` if the calls are. Calls that are not done when it is dropped are dropped inside a
/// runtime.
///
/// # Examples
///
/// ```
/// use smartasync::{Answers, buffered};
///
/// async fn double(number: u32) -> u32 { number * 2 }
/// async fn add_one(number: u32) -> u32 { number + 1 }
///
/// let doubled = buffered((1..=3).map(double), 2);
/// let answers: Answers<_> = buffered(doubled.map(add_one), 2);
/// assert_eq!(answers.collect::<Vec<_>>(), [3, 5, 7]);
/// ```
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Answers<I: Iterator<Item: IntoFuture>> {
    /// The calls that have not begun.
    calls: Fuse<I>,
    begun: SyncDriver<Calls<<I::Item as IntoFuture>::IntoFuture>>,
    limit: usize,
}

impl<I: Iterator<Item: IntoFuture>> Answers<I> {
    /// Waits for the next answer. Returns `None` if there are no more calls.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::try_wait`](crate::Call::try_wait). No answer is lost.
    ///
    /// # Panics
    ///
    /// With the panic of the call whose answer would be next, unchanged. The other calls go on with the next
    /// answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{WaitErrorKind, buffered};
    ///
    /// let mut answers = buffered([async { 42 }], 1);
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let error = answers.try_next().unwrap_err(); // in async code
    /// assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
    /// # });
    /// assert_eq!(answers.try_next().unwrap(), Some(42));
    /// assert_eq!(answers.try_next().unwrap(), None);
    /// ```
    #[track_caller]
    pub fn try_next(&mut self) -> Result<Option<Output<I>>, WaitError> {
        self.advance(Site::of(|| "Answers::try_next"), None)
    }

    /// Waits for the next answer until `limit` has passed. Returns `None` if there are no more calls.
    ///
    /// After a timeout all calls stay as they are, and the next call of a method waits for the same answer.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::WaitErrorKind::TimedOut), and those of [`try_next`](Answers::try_next).
    ///
    /// # Panics
    ///
    /// Like [`try_next`](Answers::try_next).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{WaitErrorKind, buffered};
    ///
    /// let (sender, receiver) = tokio::sync::oneshot::channel();
    /// let mut answers = buffered([receiver], 1);
    /// let error = answers.try_next_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// sender.send(42).unwrap();
    /// assert_eq!(answers.try_next_timeout(Duration::from_secs(9)).unwrap(), Some(Ok(42)));
    /// ```
    #[track_caller]
    pub fn try_next_timeout(&mut self, limit: Duration) -> Result<Option<Output<I>>, WaitError> {
        self.advance(Site::of(|| "Answers::try_next_timeout"), Some(limit))
    }

    /// Waits for the answers through `bridge`. Default: the bridge of calls that name none.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{Bridge, buffered};
    ///
    /// let bridge = Bridge::builder().build();
    /// assert_eq!(buffered([async { 1 }], 1).on(&bridge).count(), 1);
    /// ```
    pub fn on(mut self, bridge: &Bridge) -> Answers<I> {
        self.begun.on(bridge);
        self
    }

    #[track_caller]
    fn new(
        calls: I,
        limit: usize,
        begun: Calls<<I::Item as IntoFuture>::IntoFuture>,
        name: Name,
    ) -> Answers<I> {
        assert!(limit > 0, "`{}` with a limit of zero would begin no call", name());
        Answers { calls: calls.fuse(), begun: SyncDriver::new(begun, name), limit }
    }

    fn advance(
        &mut self,
        site: Site,
        limit: Option<Duration>,
    ) -> Result<Option<Output<I>>, WaitError> {
        // Not in a poll: the iterator that makes the calls is sync code, which may wait.
        while self.begun.get_ref().len() < self.limit {
            let Some(call) = self.calls.next() else { break };
            self.begun.get_mut().push(call.into_future());
        }
        if self.begun.get_ref().len() == 0 {
            return Ok(None);
        }
        let answer = self.begun.wait(site, limit, |begun| poll_fn(|cx| begun.poll_next(cx)))?;
        Ok(answer.map(|answer| answer.unwrap_or_else(|payload| resume_unwind(payload))))
    }
}

impl<I: Iterator<Item: IntoFuture>> Iterator for Answers<I> {
    type Item = Output<I>;

    /// Waits for the next answer.
    ///
    /// # Panics
    ///
    /// Where [`try_next`](Answers::try_next) returns an error or panics. The message names the place where the iterator
    /// was made.
    #[track_caller]
    fn next(&mut self) -> Option<Output<I>> {
        match self.advance(self.begun.made, None) {
            Ok(answer) => answer,
            Err(error) => panic!("{error}"),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let ((low, high), begun) = (self.calls.size_hint(), self.begun.get_ref().len());
        (low.saturating_add(begun), high.and_then(|high| high.checked_add(begun)))
    }
}

impl<I: Iterator<Item: IntoFuture>> FusedIterator for Answers<I> {}

impl<I: Iterator<Item: IntoFuture>> fmt::Debug for Answers<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers")
            .field("begun", &self.begun.get_ref().len())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

type Output<I> = <<I as Iterator>::Item as IntoFuture>::Output;

/// The calls that have begun.
enum Calls<F: Future> {
    InOrder(FuturesOrdered<Caught<F>>),
    AsTheyCome(FuturesUnordered<Caught<F>>),
}

impl<F: Future> Calls<F> {
    /// Includes those whose answers have arrived.
    fn len(&self) -> usize {
        match self {
            Calls::InOrder(calls) => calls.len(),
            Calls::AsTheyCome(calls) => calls.len(),
        }
    }

    fn push(&mut self, call: F) {
        match self {
            Calls::InOrder(calls) => calls.push_back(Caught::new(call)),
            Calls::AsTheyCome(calls) => calls.push(Caught::new(call)),
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<thread::Result<F::Output>>> {
        match self {
            Calls::InOrder(calls) => calls.poll_next_unpin(cx),
            Calls::AsTheyCome(calls) => calls.poll_next_unpin(cx),
        }
    }
}
