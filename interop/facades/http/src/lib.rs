//! What `reqwest::blocking` offers, made of twins of reqwest's async types.
//!
//! # Examples
//!
//! ```no_run
//! let client = smartasync_facade_http::Client::new();
//! let body = client.get("https://example.com").send()?.error_for_status()?.text()?;
//! # Ok::<(), reqwest::Error>(())
//! ```

mod body;
mod client;
mod request;
mod response;

use std::sync::LazyLock;

use smartasync::Bridge;

pub use body::reader;
pub use client::{Client, ClientBuilder, get};
pub use request::RequestBuilder;
pub use response::Response;

/// All threads share the connections of a client. A thread that has a runtime to itself drives it while it waits, and
/// nothing switches threads; several that share one have a thread in the background, which serves them together.
static BRIDGE: LazyLock<Bridge> =
    LazyLock::new(|| Bridge::builder().name("http").max_runtimes(2).build());
