//! I/O objects across the two worlds.
//!
//! | what there is | what is wanted | the view |
//! |---|---|---|
//! | Tokio's `AsyncRead`, `AsyncBufRead`, `AsyncWrite`, `AsyncSeek` | `std::io`'s `Read`, `BufRead`, `Write`, `Seek` | [`SyncIo`] |
//! | `std::io`'s `Read`, `Write`, `Seek` | Tokio's `AsyncRead`, `AsyncBufRead`, `AsyncWrite`, `AsyncSeek` | [`AsyncIo`] |
//!
//! A library that reads and writes through `std::io` (a decompressor, a parser, an archive) works with
//! sockets that are async by the first; a device or a codec that blocks is used in async code by the second.

mod async_io;
mod sync_io;

pub use async_io::AsyncIo;
pub use sync_io::SyncIo;
