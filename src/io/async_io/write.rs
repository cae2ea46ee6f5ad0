//! Writing.

use std::io::{self, IoSlice, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use super::AsyncIo;
use super::inner::Inner;
use super::wakers::Side;
use super::worker::Outcome;

impl<T: Write + Send + 'static> AsyncIo<T> {
    /// Waits until a writer may go on.
    ///
    /// # Errors
    ///
    /// The error of an earlier write too, if no writer has got it.
    fn poll_writable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_idle(Side::Write, cx))?;
        Poll::Ready(self.write_error.take().map_or(Ok(()), Err))
    }

    /// Takes at most `max_buf_size` bytes of `slices`, and starts to write them.
    fn poll_write_slices<'a>(
        &mut self,
        slices: impl Iterator<Item = &'a [u8]>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_writable(cx))?;
        let room = self.max_buf_size;
        let unwritten = &mut self.worker.idle().expect("it was idle a moment ago").unwritten;
        unwritten.clear();
        for slice in slices {
            let amount = slice.len().min(room - unwritten.len());
            unwritten.extend_from_slice(&slice[..amount]);
        }
        let amount = unwritten.len();
        if amount > 0 {
            let back = self.back();
            self.worker.start(move |inner| {
                let (result, read_ahead) = inner.at_reader(back, Inner::write);
                Outcome::Write(result, read_ahead)
            })?;
            self.is_flushed = false;
            self.is_going_back = back.is_some();
        }
        Poll::Ready(Ok(amount))
    }
}

impl<T: Write + Send + 'static> AsyncWrite for AsyncIo<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_slices(std::iter::once(bytes), cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_write_slices(slices.iter().map(|slice| &**slice), cx)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Waits for earlier writes, and flushes the object.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            ready!(this.poll_writable(cx))?;
            if this.is_flushed {
                return Poll::Ready(Ok(()));
            }
            this.worker.start(|inner| Outcome::Flush(inner.flush()))?;
        }
    }

    /// Flushes the object: in `std::io`, only the drop of a writer ends it.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
