//! Blocking views of asynchronous I/O objects, and asynchronous views of blocking ones.
//!
//! | the object is | the view | the view is |
//! |---|---|---|
//! | Tokio's `AsyncRead`, `AsyncBufRead`, `AsyncWrite`, `AsyncSeek` | [`SyncIo`] | `std::io`'s `Read`, `BufRead`, `Write`, `Seek` |
//! | `std::io`'s `Read`, `Write`, `Seek` | [`AsyncIo`] | Tokio's `AsyncRead`, `AsyncBufRead`, `AsyncWrite`, `AsyncSeek` |
//!
//! With [`SyncIo`], a library that reads and writes through `std::io` (a decompressor, a parser, an archive) works
//! on an async socket. With [`AsyncIo`], async code uses a device or a codec that blocks.
//!
//! # Examples
//!
//! ```
//! use std::io;
//! use smartasync::io::{AsyncIo, SyncIo};
//!
//! // Blocking bytes as an asynchronous reader, and that as a blocking one.
//! let reader = AsyncIo::new(&b"text"[..]);
//! assert_eq!(io::read_to_string(SyncIo::new(reader))?, "text");
//! # io::Result::Ok(())
//! ```

mod async_io;
mod sync_io;

pub use async_io::AsyncIo;
pub use sync_io::SyncIo;
