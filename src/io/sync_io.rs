//! Asynchronous I/O objects in sync code.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, BufRead, IoSlice, Read, Seek, SeekFrom, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

use crate::bridge::Bridge;
use crate::error::{WaitError, WaitErrorKind};
use crate::site::Site;
use crate::sync_driver::SyncDriver;

/// A blocking view of an asynchronous I/O object.
///
/// It is [`Read`], [`BufRead`], [`Write`] and [`Seek`] as the object is `AsyncRead`, `AsyncBufRead`,
/// `AsyncWrite` and `AsyncSeek`. Each operation is waited for as a call is: on a plain thread, on a
/// `spawn_blocking` thread, in `block_in_place`, with or without a current runtime. It is `Send` when the object
/// is. An object that is not `Unpin` goes in as a `Pin<Box<_>>`.
///
/// Tokio has no vectored read to pass on; vectored writes are passed on. An object that was used is dropped
/// inside a runtime, as the stream of an [`Iter`](crate::Iter) is.
///
/// # Errors
///
/// Every operation returns the object's own errors, and an error of these kinds when it could not be waited
/// for. Nothing was read or written then, and the operation can be made again. The error has a
/// [`WaitError<()>`](WaitError) in it ([`io::Error::get_ref`]), which names the place where the view was made
/// and says what to do.
///
/// | [`io::ErrorKind`] | [`WaitErrorKind`] |
/// |---|---|
/// | [`Deadlock`](io::ErrorKind::Deadlock) | `AsyncContext`: the caller is async code. [`get_mut`](SyncIo::get_mut) gives the object, to be awaited |
/// | [`TimedOut`](io::ErrorKind::TimedOut) | `TimedOut`: [a timeout](SyncIo::set_read_timeout) has passed |
/// | [`Other`](io::ErrorKind::Other) | `Runtime`, `Shutdown` |
///
/// # Examples
///
/// ```
/// use std::io::{BufRead, BufReader, Write};
/// use smartasync::io::SyncIo;
///
/// let (near, far) = tokio::io::duplex(64);
/// let (mut near, far) = (SyncIo::new(near), SyncIo::new(far));
/// writeln!(near, "one")?;
/// writeln!(near, "two")?;
/// drop(near);
///
/// let lines = BufReader::new(far).lines().collect::<Result<Vec<_>, _>>()?;
/// assert_eq!(lines, ["one", "two"]);
/// # std::io::Result::Ok(())
/// ```
pub struct SyncIo<T> {
    io: SyncDriver<T>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl<T> SyncIo<T> {
    /// Makes a blocking view of `io`.
    #[track_caller]
    pub fn new(io: T) -> SyncIo<T> {
        SyncIo { io: SyncDriver::new(io, "SyncIo"), read_timeout: None, write_timeout: None }
    }

    /// Waits through `bridge`.
    #[must_use]
    pub fn on(mut self, bridge: &Bridge) -> SyncIo<T> {
        self.io.on(bridge);
        self
    }

    /// Sets for how long a read waits; with `None`, without a limit.
    ///
    /// A read without a byte by then returns [`TimedOut`](io::ErrorKind::TimedOut), and loses none: the next
    /// one goes on. A limit of zero takes what is there. Like that of a `std::net::TcpStream` it is for each
    /// read of its own, of which `read_exact` and the like make many.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{ErrorKind, Read, Write};
    /// use std::time::Duration;
    /// use smartasync::io::SyncIo;
    ///
    /// let (near, far) = tokio::io::duplex(64);
    /// let (mut near, mut far) = (SyncIo::new(near), SyncIo::new(far));
    /// far.set_read_timeout(Some(Duration::from_millis(1)));
    /// let mut bytes = [0; 4];
    /// assert_eq!(far.read(&mut bytes).unwrap_err().kind(), ErrorKind::TimedOut);
    ///
    /// near.write_all(b"late")?;
    /// far.read_exact(&mut bytes)?;
    /// assert_eq!(&bytes, b"late");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_read_timeout(&mut self, limit: Option<Duration>) {
        self.read_timeout = limit;
    }

    /// Sets for how long a write waits, a flush and a shutdown; with `None`, without a limit.
    ///
    /// A write that could hand over no byte by then returns [`TimedOut`](io::ErrorKind::TimedOut), and has
    /// written none.
    pub fn set_write_timeout(&mut self, limit: Option<Duration>) {
        self.write_timeout = limit;
    }

    /// Returns the read timeout.
    pub fn read_timeout(&self) -> Option<Duration> {
        self.read_timeout
    }

    /// Returns the write timeout.
    pub fn write_timeout(&self) -> Option<Duration> {
        self.write_timeout
    }

    /// Returns the object.
    pub fn get_ref(&self) -> &T {
        self.io.get_ref()
    }

    /// Returns the object, which async code can use.
    pub fn get_mut(&mut self) -> &mut T {
        self.io.get_mut()
    }

    /// Returns the object, from where it is: the view keeps no bytes.
    pub fn into_inner(self) -> T {
        self.io.into_inner()
    }

    fn wait<'a, R, F>(
        &'a mut self,
        name: &'static str,
        limit: Option<Duration>,
        make: impl FnOnce(&'a mut T) -> F,
    ) -> io::Result<R>
    where
        F: Future<Output = io::Result<R>>,
    {
        // Who calls is often the standard library: messages name the place where the view was made.
        let site = Site { name, ..self.io.made };
        self.io.wait(site, limit, make).unwrap_or_else(|error| Err(not_waited(error)))
    }
}

impl<T: AsyncWrite + Unpin> SyncIo<T> {
    /// Ends the writing: flushes, and tells the other side, as `AsyncWriteExt::shutdown` does.
    ///
    /// # Errors
    ///
    /// Those of the object, and [those of every operation](SyncIo#errors).
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.wait("SyncIo::shutdown", self.write_timeout, |io| {
            poll_fn(move |cx| Pin::new(&mut *io).poll_shutdown(cx))
        })
    }

    /// Whether the object makes one write of a vectored one.
    pub fn is_write_vectored(&self) -> bool {
        self.get_ref().is_write_vectored()
    }
}

impl<T: AsyncRead + Unpin> Read for SyncIo<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(bytes);
        let filled = &mut buf;
        self.wait("SyncIo::read", self.read_timeout, |io| {
            poll_fn(move |cx| Pin::new(&mut *io).poll_read(cx, filled))
        })?;
        Ok(buf.filled().len())
    }
}

impl<T: AsyncBufRead + Unpin> BufRead for SyncIo<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.wait("SyncIo::fill_buf", self.read_timeout, |io| FillBuf(Some(io)))
    }

    fn consume(&mut self, amount: usize) {
        Pin::new(self.get_mut()).consume(amount);
    }
}

impl<T: AsyncWrite + Unpin> Write for SyncIo<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait("SyncIo::write", self.write_timeout, |io| {
            poll_fn(move |cx| Pin::new(&mut *io).poll_write(cx, bytes))
        })
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.wait("SyncIo::write_vectored", self.write_timeout, |io| {
            poll_fn(move |cx| Pin::new(&mut *io).poll_write_vectored(cx, slices))
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wait("SyncIo::flush", self.write_timeout, |io| {
            poll_fn(move |cx| Pin::new(&mut *io).poll_flush(cx))
        })
    }
}

impl<T: AsyncSeek + Unpin> Seek for SyncIo<T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.wait("SyncIo::seek", None, |io| async move {
            // A seek that somebody began must be over before the next may begin.
            poll_fn(|cx| Pin::new(&mut *io).poll_complete(cx)).await?;
            Pin::new(&mut *io).start_seek(to)?;
            poll_fn(|cx| Pin::new(&mut *io).poll_complete(cx)).await
        })
    }
}

impl<T: fmt::Debug> fmt::Debug for SyncIo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SyncIo").field(&self.io).finish()
    }
}

/// Gives the buffer of an object, borrowed for as long as the object is.
///
/// A poll that may be pending cannot return such a borrow and keep the object too, so the buffer is asked
/// for twice.
struct FillBuf<'a, T>(Option<&'a mut T>);

impl<'a, T: AsyncBufRead + Unpin> Future for FillBuf<'a, T> {
    type Output = io::Result<&'a [u8]>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let io = self.0.as_mut().expect("it is not polled after it was ready");
        // At the end a second question could be one too many: a terminal would wait for the next line.
        if ready!(Pin::new(io).poll_fill_buf(cx))?.is_empty() {
            return Poll::Ready(Ok(&[]));
        }
        let io = self.0.take().expect("it was there a moment ago");
        match Pin::new(io).poll_fill_buf(cx) {
            // What has bytes is ready. Who thinks otherwise is asked again, as `std` does then.
            Poll::Pending => Poll::Ready(Err(io::ErrorKind::Interrupted.into())),
            ready => ready,
        }
    }
}

#[cold]
fn not_waited(error: WaitError<()>) -> io::Error {
    let kind = match error.kind() {
        WaitErrorKind::AsyncContext => io::ErrorKind::Deadlock,
        WaitErrorKind::TimedOut => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
