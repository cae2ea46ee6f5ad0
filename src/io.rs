//! I/O objects across the two worlds.
//!
//! | what there is | what is wanted | the view |
//! |---|---|---|
//! | Tokio's `AsyncRead`, `AsyncBufRead`, `AsyncWrite`, `AsyncSeek` | `std::io`'s `Read`, `BufRead`, `Write`, `Seek` | [`SyncIo`] |
//!
//! A library that reads and writes through `std::io` (a decompressor, a parser, an archive) works with
//! sockets that are async.

mod sync_io;

pub use sync_io::SyncIo;
