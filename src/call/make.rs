//! Calls that no decorated function makes, and calls of one type.

use std::future::{Ready, ready};
use std::pin::Pin;

use super::{Call, Through, make_call};
use crate::site::type_name;

/// A call whose future is on the heap: the type of what a decorated function returns with
/// `#[smartasync(boxed)]`, and of [`Call::boxed`].
///
/// # Examples
///
/// ```
/// use smartasync::{BoxCall, Call, smartasync};
///
/// #[smartasync]
/// async fn answer() -> u32 { 42 }
///
/// let calls: [BoxCall<'_, u32>; 2] = [answer().boxed(), Call::ready(7).boxed()];
/// assert_eq!(calls.map(|call| call.wait()), [42, 7]);
/// ```
pub type BoxCall<'a, T> = Call<Pin<Box<dyn Future<Output = T> + Send + 'a>>>;

impl<T> Call<Ready<T>> {
    /// Makes a call that is done: for mocks, and for what is in a cache.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Call;
    ///
    /// assert_eq!(Call::ready(42).wait(), 42);
    /// ```
    pub fn ready(value: T) -> Call<Ready<T>> {
        make_call!(|| "Call::ready", Through::NONE, ready(value))
    }
}

impl<F: Future> Call<F> {
    /// Makes a call of any future, for where a call is wanted. Errors name the type of the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Call;
    ///
    /// assert_eq!(Call::from_future(async { 42 }).wait(), 42);
    /// ```
    pub fn from_future(future: F) -> Call<F> {
        make_call!(type_name::<F>, Through::NONE, future)
    }

    /// Moves the future to the heap. Calls of different functions have one type then, and can be moved after they have
    /// begun.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::{Wait, smartasync};
    ///
    /// #[smartasync]
    /// async fn slow() -> u32 {
    ///     tokio::time::sleep(Duration::from_millis(500)).await;
    ///     42
    /// }
    ///
    /// let mut call = slow().boxed();
    /// // By reference: a call that timed out is kept, and goes on.
    /// (&mut call).wait_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(call.wait(), 42);
    /// ```
    pub fn boxed<'a>(self) -> BoxCall<'a, F::Output>
    where
        F: Send + 'a,
    {
        let (name, through) = (self.name_of(), self.through().copied());
        make_call!(name, through, Box::pin(self.take_future()) as _)
    }
}
