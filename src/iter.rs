//! Streams in sync code.

use std::fmt;
use std::future::poll_fn;
use std::iter::FusedIterator;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;

use crate::bridge::Bridge;
use crate::error::WaitError;
use crate::site::Site;
use crate::sync_driver::SyncDriver;

/// Makes a blocking iterator over the items of `stream`.
///
/// # Examples
///
/// ```
/// use smartasync::{iter, smartasync};
/// use tokio_stream::{Stream, StreamExt};
///
/// #[smartasync]
/// async fn squares(last: u32) -> impl Stream<Item = u32> {
///     tokio_stream::iter(1..=last).map(|number| number * number)
/// }
///
/// // A plain thread, a worker pool, a `spawn_blocking` thread.
/// assert_eq!(iter(squares(3).wait()).sum::<u32>(), 14);
///
/// // Any task.
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// assert_eq!(squares(3).await.collect::<Vec<_>>().await, [1, 4, 9]);
/// # });
/// ```
#[track_caller]
pub fn iter<S: Stream>(stream: S) -> Iter<S> {
    Iter { stream: SyncDriver::new(Box::pin(stream), || "smartasync::iter"), has_ended: false }
}

/// A blocking iterator over a stream, returned by [`iter`].
///
/// It waits for each item as [`Call::wait`](crate::Call::wait) does: on a plain thread, on a `spawn_blocking`
/// thread, in `block_in_place`, and never in async code. After its end the stream is not polled again. The
/// iterator is `Send` when the stream is, and each thread polls the stream on its own runtime.
///
/// A stream that was polled is dropped inside a runtime: that of the thread if the thread may block, otherwise
/// that of the async code in which the iterator is dropped.
///
/// # Examples
///
/// ```
/// use smartasync::{Iter, iter};
/// use tokio_stream::Stream;
///
/// fn longest(lines: Iter<impl Stream<Item = &'static str>>) -> Option<&'static str> {
///     lines.max_by_key(|line| line.len())
/// }
///
/// let lines = tokio_stream::iter(["one", "three", "two"]);
/// assert_eq!(longest(iter(lines)), Some("three"));
/// ```
#[must_use = "iterators are lazy and do nothing unless consumed"]
pub struct Iter<S> {
    stream: SyncDriver<Pin<Box<S>>>,
    has_ended: bool,
}

impl<S: Stream> Iter<S> {
    /// Waits for the next item. Returns `None` at the end of the stream.
    ///
    /// # Errors
    ///
    /// The errors of [`Call::try_wait`](crate::Call::try_wait). No item is lost. Inside async code,
    /// [`into_inner`](Iter::into_inner) returns the stream, whose items can be awaited.
    ///
    /// # Panics
    ///
    /// With a panic of the stream, unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{WaitErrorKind, iter};
    ///
    /// let mut numbers = iter(tokio_stream::iter([1, 2]));
    /// assert_eq!(numbers.try_next().unwrap(), Some(1));
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let error = numbers.try_next().unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
    /// # });
    /// assert_eq!(numbers.try_next().unwrap(), Some(2));
    /// assert_eq!(numbers.try_next().unwrap(), None);
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_next(&mut self) -> Result<Option<S::Item>, WaitError> {
        self.advance(Site::of(|| "Iter::try_next"), None)
    }

    /// Waits for the next item until `limit` has passed. Returns `None` at the end of the stream.
    ///
    /// After a timeout the stream stays as it is, and the next call goes on waiting. The stream is polled at
    /// least once, even if `limit` is zero.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](crate::WaitErrorKind::TimedOut), and those of [`try_next`](Iter::try_next).
    ///
    /// # Panics
    ///
    /// With a panic of the stream, unchanged.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{WaitErrorKind, iter};
    /// use tokio_stream::wrappers::ReceiverStream;
    ///
    /// let (sender, receiver) = tokio::sync::mpsc::channel(1);
    /// let mut numbers = iter(ReceiverStream::new(receiver));
    /// let error = numbers.try_next_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(error.kind(), WaitErrorKind::TimedOut);
    /// sender.try_send(7).unwrap();
    /// assert_eq!(numbers.try_next_timeout(Duration::from_secs(1)).unwrap(), Some(7));
    /// ```
    #[track_caller]
    pub fn try_next_timeout(&mut self, limit: Duration) -> Result<Option<S::Item>, WaitError> {
        let site = Site::of(|| "Iter::try_next_timeout");
        self.advance(site, Some(limit))
    }

    /// Waits for the items through `bridge`. Default: the bridge of calls that name none.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::{Bridge, iter};
    ///
    /// let bridge = Bridge::builder().build();
    /// assert_eq!(iter(tokio_stream::iter([1, 2])).on(&bridge).count(), 2);
    /// ```
    pub fn on(mut self, bridge: &Bridge) -> Iter<S> {
        self.stream.on(bridge);
        self
    }

    /// Lends the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::iter;
    /// use tokio_stream::Stream;
    ///
    /// let numbers = iter(tokio_stream::iter([1, 2]));
    /// assert_eq!(numbers.get_ref().size_hint(), (2, Some(2)));
    /// ```
    pub fn get_ref(&self) -> &S {
        self.stream.get_ref()
    }

    /// Returns the stream, without the items that the iterator has returned.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::iter;
    /// use tokio_stream::StreamExt;
    ///
    /// let mut numbers = iter(tokio_stream::iter([1, 2]));
    /// assert_eq!(numbers.next(), Some(1));
    /// let mut rest = numbers.into_inner();
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// assert_eq!(rest.next().await, Some(2));
    /// # });
    /// ```
    pub fn into_inner(self) -> Pin<Box<S>> {
        self.stream.into_inner()
    }

    #[inline]
    fn advance(
        &mut self,
        site: Site,
        limit: Option<Duration>,
    ) -> Result<Option<S::Item>, WaitError> {
        if self.has_ended {
            return Ok(None);
        }
        let item = self
            .stream
            .wait(site, limit, |stream| poll_fn(move |cx| stream.as_mut().poll_next(cx)))?;
        self.has_ended = item.is_none();
        Ok(item)
    }
}

impl<S: Stream> Iterator for Iter<S> {
    type Item = S::Item;

    /// Waits for the next item.
    ///
    /// # Panics
    ///
    /// Where [`try_next`](Iter::try_next) returns an error, and with a panic of the stream, unchanged. The
    /// message names the place where [`iter`] was called. The location of the panic is that of the caller: the
    /// `for` loop, or the standard library where one of its adapters calls `next`.
    #[inline]
    #[track_caller]
    fn next(&mut self) -> Option<S::Item> {
        match self.advance(self.stream.made, None) {
            Ok(item) => item,
            Err(error) => panic!("{error}"),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        if self.has_ended { (0, Some(0)) } else { self.stream.get_ref().size_hint() }
    }
}

impl<S: Stream> FusedIterator for Iter<S> {}

impl<S> fmt::Debug for Iter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("has_ended", &self.has_ended).finish_non_exhaustive()
    }
}
