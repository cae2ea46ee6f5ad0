//! Reading.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::AsyncIo;
use super::wakers::Side;
use super::worker::Outcome;

/// The bytes that `AsyncBufRead` reads ahead.
const AHEAD: usize = 64 * 1024;

impl<T: Read + Send + 'static> AsyncIo<T> {
    /// Waits until there are bytes to take, or the input has ended. Reads at most `wanted` bytes if there are none.
    fn poll_unread(&mut self, wanted: usize, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let limit = wanted.min(self.max_buf_size);
        // Bytes that are here can be taken while a write runs, unless the write goes back to before them.
        while self.unread.is_empty() || self.seek_request.is_some() || self.is_going_back {
            ready!(self.poll_idle(Side::Read, cx))?;
            if !self.unread.is_empty() {
                break;
            }
            if let Some(end) = self.read_end.take() {
                return Poll::Ready(end);
            }
            let mut bytes = self.unread.take_space();
            self.worker.start(move |inner| {
                let count = inner.read(&mut bytes, limit);
                Outcome::Read(count, bytes)
            })?;
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: Read + Send + 'static> AsyncRead for AsyncIo<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let this = self.get_mut();
        ready!(this.poll_unread(buf.remaining(), cx))?;
        let rest = this.unread.rest();
        let amount = rest.len().min(buf.remaining());
        buf.put_slice(&rest[..amount]);
        this.unread.consume(amount);
        Poll::Ready(Ok(()))
    }
}

impl<T: Read + Send + 'static> AsyncBufRead for AsyncIo<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        ready!(this.poll_unread(AHEAD, cx))?;
        Poll::Ready(Ok(this.unread.rest()))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().unread.consume(amount);
    }
}
