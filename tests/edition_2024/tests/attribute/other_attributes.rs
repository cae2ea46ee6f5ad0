//! Other attributes in combination with `#[smartasync]`, in either order.

use std::future::Future;

use smartasync::{Call, smartasync};
use tracing::subscriber::with_default;

/// Returns the name of the span in which the body runs, after it was suspended once.
async fn current_span() -> Option<&'static str> {
    tokio::task::yield_now().await;
    tracing::Span::current().metadata().map(|metadata| metadata.name())
}

#[tracing::instrument]
#[smartasync]
async fn above() -> Option<&'static str> {
    current_span().await
}

#[smartasync]
#[tracing::instrument(skip_all, fields(number))]
async fn below(number: u32, text: &str) -> Option<&'static str> {
    assert_eq!(number.to_string(), text);
    current_span().await
}

#[derive(Debug)]
struct Client;

#[derive(Debug)]
struct Text;

#[smartasync]
impl Client {
    #[tracing::instrument]
    async fn method(&self) -> Option<&'static str> {
        current_span().await
    }

    #[smartasync(boxed)]
    #[tracing::instrument(name = "named", skip(self))]
    async fn boxed(&self, left: u32) -> Option<&'static str> {
        if left == 0 { current_span().await } else { self.boxed(left - 1).await }
    }
}

#[smartasync(boxed)]
trait Traced<T: Sync>: Sync {
    #[tracing::instrument(skip_all)]
    async fn default_body(&self, text: &T) -> Option<&'static str> {
        let _held = text;
        current_span().await
    }

    async fn implemented(&self, text: &T) -> Option<&'static str>;
}

#[smartasync(boxed)]
impl<T: Sync> Traced<T> for Client {
    #[tracing::instrument(skip_all)]
    async fn implemented(&self, text: &T) -> Option<&'static str> {
        self.default_body(text).await.and(current_span().await)
    }
}

#[smartasync]
trait TracedOpaque {
    #[smartasync(crate = ::smartasync)]
    #[tracing::instrument(skip_all)]
    async fn opaque(&self) -> Option<&'static str> {
        current_span().await
    }
}

impl TracedOpaque for Client {}

#[test]
fn a_span_covers_the_whole_call() {
    fn is_send<F: Future + Send>(call: Call<F>) -> Call<F> {
        call
    }

    with_default(tracing_subscriber::registry(), || {
        assert_eq!(crate::support::current_thread().block_on(current_span()), None);
        assert_eq!(above().wait(), Some("above"));
        assert_eq!(below(1, "1").wait(), Some("below"));
        assert_eq!(Client.method().wait(), Some("method"));
        assert_eq!(Client.boxed(2).wait(), Some("named"));
        let object: &dyn Traced<Text> = &Client;
        assert_eq!(object.default_body(&Text).wait(), Some("default_body"));
        assert_eq!(object.implemented(&Text).wait(), Some("implemented"));
        assert_eq!(is_send(Client.opaque()).wait(), Some("opaque"));
        assert_eq!(Client.opaque().name(), "opaque");
    });
}

/// A test of another macro may be decorated: that macro makes it sync.
#[smartasync]
#[tokio::test]
async fn a_test_of_tokio() {
    assert_eq!(arguments(1, 2, 3, 4).await, 5);
}

/// Documented.
#[doc = "More."]
#[deprecated = "old"]
#[inline(always)]
#[must_use = "for a reason"]
#[track_caller]
#[cold]
#[smartasync]
#[allow(unused_variables, clippy::inline_always)]
async fn inert(unused: u32, #[allow(unused_mut)] mut owned: u32) -> u32 {
    #![expect(unused_assignments)]
    let mut number = 0;
    number = 2;
    number + owned
}

#[smartasync]
#[must_use]
async fn arguments(
    #[expect(unused_variables)] unused: u32,
    #[expect(unused_mut)] mut owned: u32,
    #[cfg(any())] absent: Unknown,
    #[cfg(not(any()))] present: u32,
    #[cfg_attr(not(any()), expect(unused_variables))] conditional: u32,
) -> u32 {
    owned + present
}

#[test]
fn inert_attributes_stay() {
    #[expect(deprecated)]
    let call = inert(1, 2);
    assert_eq!(call.wait(), 4);
    assert_eq!(arguments(1, 2, 3, 4).wait(), 5);
}
