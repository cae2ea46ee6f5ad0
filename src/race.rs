//! The first of two calls.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::call::Call;

/// Makes one call from two. It returns the output of the one that is done first, and drops the other.
///
/// The two run concurrently on the thread or the task that waits for the call. The loser is dropped inside the
/// runtime as soon as the other is done. If both are ready when the call begins, it returns the output of `one`;
/// later it may return either.
///
/// It is a [`Call`] like that of a decorated function: wait for it in sync code, with a limit or on a
/// [bridge](Call::on), or await it. If the outputs of the two have different types, `async` blocks can give them
/// one.
///
/// # Panics
///
/// The call panics with a panic of either, unchanged, and drops the other.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use smartasync::{race, smartasync};
/// use tokio::time::sleep;
///
/// #[smartasync]
/// async fn read(mirror: &str, millis: u64) -> String {
///     sleep(Duration::from_millis(millis)).await;
///     format!("from {mirror}")
/// }
///
/// assert_eq!(race(read("far", 60_000), read("near", 1)).wait(), "from near");
///
/// # let stopped = || sleep(Duration::from_millis(1));
/// let answer = race(
///     async { Some(read("far", 60_000).await) },
///     async { stopped().await; None },
/// );
/// assert_eq!(answer.wait_timeout(Duration::from_secs(9)).unwrap(), None);
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// assert_eq!(race(read("near", 1), read("far", 60_000)).await, "from near");
/// # });
/// ```
pub fn race<A, B>(one: A, other: B) -> Call<Race<A::IntoFuture, B::IntoFuture>>
where
    A: IntoFuture,
    B: IntoFuture<Output = A::Output>,
{
    let (one, other) = (one.into_future(), other.into_future());
    Call::new(|| "smartasync::race", Race { one, other, other_is_next: false })
}

pin_project! {
    /// The future of the call that [`race`] makes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::future::{Ready, ready};
    /// use smartasync::{Call, Race, race};
    ///
    /// let call: Call<Race<Ready<u32>, Ready<u32>>> = race(ready(1), ready(2));
    /// assert_eq!(call.wait(), 1);
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct Race<A, B> {
        #[pin]
        one: A,
        #[pin]
        other: B,
        // Which of the two is polled first in the next poll. They take turns: the first may use up Tokio's budget,
        // which leaves nothing for the second, even if that is a timer.
        other_is_next: bool,
    }
}

impl<A: Future, B: Future<Output = A::Output>> Future for Race<A, B> {
    type Output = A::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A::Output> {
        let race = self.project();
        let other_first = *race.other_is_next;
        *race.other_is_next = !other_first;
        if other_first {
            first_of(race.other, race.one, cx)
        } else {
            first_of(race.one, race.other, cx)
        }
    }
}

fn first_of<A: Future, B: Future<Output = A::Output>>(
    one: Pin<&mut A>,
    other: Pin<&mut B>,
    cx: &mut Context<'_>,
) -> Poll<A::Output> {
    match one.poll(cx) {
        Poll::Ready(output) => Poll::Ready(output),
        Poll::Pending => other.poll(cx),
    }
}

impl<A, B> fmt::Debug for Race<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Race").finish_non_exhaustive()
    }
}
