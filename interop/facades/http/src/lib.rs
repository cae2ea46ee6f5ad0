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

/// One thread in the background drives the connections: all threads that use a client share them.
static BRIDGE: LazyLock<Bridge> =
    LazyLock::new(|| Bridge::builder().name("http").shared_threads(1).build());
