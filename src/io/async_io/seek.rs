//! Seeking.

use std::io::{self, Seek, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncSeek;

use super::AsyncIo;
use super::wakers::Side;

impl<T: Seek + Send + 'static> AsyncSeek for AsyncIo<T> {
    /// Asks for a seek, which takes place before the next operation.
    fn start_seek(self: Pin<&mut Self>, to: SeekFrom) -> io::Result<()> {
        let this = self.get_mut();
        if this.seek_request.is_some() {
            return Err(io::Error::other(
                "another seek has not ended yet; poll it to its end first",
            ));
        }
        this.seek_request = Some((to, T::seek));
        this.seek_result = None;
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = self.get_mut();
        ready!(this.poll_idle(Side::Read, cx))?;
        Poll::Ready(this.seek_result.take().unwrap_or(Ok(this.position)))
    }
}
