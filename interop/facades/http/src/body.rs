//! Bodies that are read while they are sent.

use std::io::Read;

use reqwest::Body;
use smartasync::io::AsyncIo;
use tokio_util::io::ReaderStream;

/// Makes a body of a blocking `reader`, which is read on a blocking thread while the body is sent.
pub fn reader<R: Read + Send + 'static>(reader: R) -> Body {
    Body::wrap_stream(ReaderStream::new(AsyncIo::new(reader)))
}
