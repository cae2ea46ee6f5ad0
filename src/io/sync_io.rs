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
use crate::site::Name;
use crate::sync_driver::SyncDriver;

/// A blocking view of an asynchronous I/O object.
///
/// It is [`Read`], [`BufRead`], [`Write`] or [`Seek`] when the object is `AsyncRead`, `AsyncBufRead`, `AsyncWrite`
/// or `AsyncSeek`. Each operation waits as [`Call::wait`](crate::Call::wait) does: on a plain thread, on a
/// `spawn_blocking` thread, in `block_in_place`, with or without a current runtime. The view is `Send` when the
/// object is. An object that is not `Unpin` is passed as a `Pin<Box<_>>`.
///
/// Vectored writes are passed on; Tokio has no vectored reads. An object that was used is dropped inside a runtime,
/// like the stream of an [`Iter`](crate::Iter).
///
/// # Errors
///
/// Every operation returns the object's own errors, and an error of one of these kinds when it could not wait.
/// Nothing was read or written then, and the operation can be tried again. The error contains a
/// [`WaitError`] ([`io::Error::get_ref`]), which names the place where the view was made and says
/// what to do.
///
/// | [`io::ErrorKind`] | [`WaitErrorKind`] |
/// |---|---|
/// | [`Deadlock`](io::ErrorKind::Deadlock) | `AsyncContext`: the caller is async code. It can use the object itself, from [`get_mut`](SyncIo::get_mut) |
/// | [`TimedOut`](io::ErrorKind::TimedOut) | `TimedOut`: [a timeout](SyncIo::set_read_timeout) has passed |
/// | [`Other`](io::ErrorKind::Other) | `Runtime`, `Shutdown` |
///
/// # Examples
///
/// ```
/// use std::io::{BufRead, BufReader, Write};
/// use smartasync::io::SyncIo;
///
/// let (writer, reader) = tokio::io::duplex(64);
/// let (mut writer, reader) = (SyncIo::new(writer), SyncIo::new(reader));
/// writeln!(writer, "one")?;
/// writeln!(writer, "two")?;
/// drop(writer);
///
/// let lines = BufReader::new(reader).lines().collect::<Result<Vec<_>, _>>()?;
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
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::io::SyncIo;
    ///
    /// let reader = SyncIo::new(&b"text"[..]);
    /// assert_eq!(std::io::read_to_string(reader)?, "text");
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn new(io: T) -> SyncIo<T> {
        SyncIo { io: SyncDriver::new(io, || "SyncIo"), read_timeout: None, write_timeout: None }
    }

    /// Waits through `bridge`. Default: the bridge of calls that name none.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::Bridge;
    /// use smartasync::io::SyncIo;
    ///
    /// let bridge = Bridge::builder().build();
    /// let reader = SyncIo::new(&b"text"[..]).on(&bridge);
    /// assert_eq!(std::io::read_to_string(reader)?, "text");
    /// assert!(bridge.stats().calls_on_own_runtime > 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn on(mut self, bridge: &Bridge) -> SyncIo<T> {
        self.io.on(bridge);
        self
    }

    /// Sets for how long a read waits. Default: `None`, without a limit.
    ///
    /// A read that has no byte by then returns [`TimedOut`](io::ErrorKind::TimedOut). No byte is lost, and the next
    /// read goes on. With a limit of zero a read takes the bytes that are there. As with a `std::net::TcpStream`,
    /// the limit is for a single read; `read_exact` and the like make many.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{ErrorKind, Read, Write};
    /// use std::time::Duration;
    /// use smartasync::io::SyncIo;
    ///
    /// let (writer, reader) = tokio::io::duplex(64);
    /// let (mut writer, mut reader) = (SyncIo::new(writer), SyncIo::new(reader));
    /// reader.set_read_timeout(Some(Duration::from_millis(1)));
    /// let mut bytes = [0; 4];
    /// assert_eq!(reader.read(&mut bytes).unwrap_err().kind(), ErrorKind::TimedOut);
    ///
    /// writer.write_all(b"late")?;
    /// reader.read_exact(&mut bytes)?;
    /// assert_eq!(&bytes, b"late");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_read_timeout(&mut self, limit: Option<Duration>) {
        self.read_timeout = limit;
    }

    /// Sets for how long a write, a flush or a shutdown waits. Default: `None`, without a limit.
    ///
    /// A write that could pass on no byte by then returns [`TimedOut`](io::ErrorKind::TimedOut), and has written
    /// none.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{ErrorKind, Write};
    /// use std::time::Duration;
    /// use smartasync::io::SyncIo;
    ///
    /// let (writer, _reader) = tokio::io::duplex(4);
    /// let mut writer = SyncIo::new(writer);
    /// writer.set_write_timeout(Some(Duration::from_millis(1)));
    /// assert_eq!(writer.write(b"eleven")?, 4);
    /// assert_eq!(writer.write(b"en").unwrap_err().kind(), ErrorKind::TimedOut);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn set_write_timeout(&mut self, limit: Option<Duration>) {
        self.write_timeout = limit;
    }

    /// Returns the read timeout. `None` is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::io::SyncIo;
    ///
    /// let mut reader = SyncIo::new(tokio::io::empty());
    /// assert_eq!(reader.read_timeout(), None);
    /// reader.set_read_timeout(Some(Duration::from_secs(1)));
    /// assert_eq!(reader.read_timeout(), Some(Duration::from_secs(1)));
    /// ```
    pub fn read_timeout(&self) -> Option<Duration> {
        self.read_timeout
    }

    /// Returns the write timeout. `None` is no limit.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use smartasync::io::SyncIo;
    ///
    /// let mut writer = SyncIo::new(tokio::io::sink());
    /// assert_eq!(writer.write_timeout(), None);
    /// writer.set_write_timeout(Some(Duration::from_secs(1)));
    /// assert_eq!(writer.write_timeout(), Some(Duration::from_secs(1)));
    /// ```
    pub fn write_timeout(&self) -> Option<Duration> {
        self.write_timeout
    }

    /// Returns a reference to the object.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    /// use smartasync::io::SyncIo;
    ///
    /// let mut log = SyncIo::new(Vec::new());
    /// log.write_all(b"entry")?;
    /// assert_eq!(log.get_ref(), b"entry");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn get_ref(&self) -> &T {
        self.io.get_ref()
    }

    /// Returns a mutable reference to the object, which async code can use.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::io::SyncIo;
    /// use tokio::io::AsyncReadExt;
    ///
    /// let mut reader = SyncIo::new(&b"text"[..]);
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut text = String::new();
    /// reader.get_mut().read_to_string(&mut text).await?;
    /// assert_eq!(text, "text");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        self.io.get_mut()
    }

    /// Returns the object. The view keeps no bytes, so none are lost.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    /// use smartasync::io::SyncIo;
    ///
    /// let mut reader = SyncIo::new(&b"text"[..]);
    /// reader.read_exact(&mut [0; 2])?;
    /// assert_eq!(reader.into_inner(), b"xt");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn into_inner(self) -> T {
        self.io.into_inner()
    }

    fn wait<'a, R, F>(
        &'a mut self,
        name: Name,
        limit: Option<Duration>,
        make: impl FnOnce(&'a mut T) -> F,
    ) -> io::Result<R>
    where
        F: Future<Output = io::Result<R>>,
    {
        // The caller is often the standard library, so messages name the place where the view was made.
        let site = self.io.made.named(name);
        self.io.wait(site, limit, make).unwrap_or_else(|error| Err(not_waited(error)))
    }
}

impl<T: AsyncWrite + Unpin> SyncIo<T> {
    /// Flushes, and tells the other side that no more bytes come, like `AsyncWriteExt::shutdown`.
    ///
    /// # Errors
    ///
    /// [Those of every operation](SyncIo#errors).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    /// use smartasync::io::SyncIo;
    ///
    /// let (client, server) = tokio::io::duplex(64);
    /// let (mut client, server) = (SyncIo::new(client), SyncIo::new(server));
    /// client.write_all(b"request")?;
    /// client.shutdown()?;
    /// assert_eq!(std::io::read_to_string(server)?, "request");
    /// # std::io::Result::Ok(())
    /// ```
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.wait(
            || "SyncIo::shutdown",
            self.write_timeout,
            |io| poll_fn(move |cx| Pin::new(&mut *io).poll_shutdown(cx)),
        )
    }

    /// Returns whether the object has an efficient vectored write, like `AsyncWrite::is_write_vectored`.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::io::SyncIo;
    ///
    /// assert!(SyncIo::new(Vec::new()).is_write_vectored());
    /// ```
    pub fn is_write_vectored(&self) -> bool {
        self.get_ref().is_write_vectored()
    }
}

impl<T: AsyncRead + Unpin> Read for SyncIo<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(bytes);
        let filled = &mut buf;
        self.wait(
            || "SyncIo::read",
            self.read_timeout,
            |io| poll_fn(move |cx| Pin::new(&mut *io).poll_read(cx, filled)),
        )?;
        Ok(buf.filled().len())
    }
}

impl<T: AsyncBufRead + Unpin> BufRead for SyncIo<T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.wait(|| "SyncIo::fill_buf", self.read_timeout, |io| FillBuf(Some(io)))
    }

    fn consume(&mut self, amount: usize) {
        Pin::new(self.get_mut()).consume(amount);
    }
}

impl<T: AsyncWrite + Unpin> Write for SyncIo<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wait(
            || "SyncIo::write",
            self.write_timeout,
            |io| poll_fn(move |cx| Pin::new(&mut *io).poll_write(cx, bytes)),
        )
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.wait(
            || "SyncIo::write_vectored",
            self.write_timeout,
            |io| poll_fn(move |cx| Pin::new(&mut *io).poll_write_vectored(cx, slices)),
        )
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wait(
            || "SyncIo::flush",
            self.write_timeout,
            |io| poll_fn(move |cx| Pin::new(&mut *io).poll_flush(cx)),
        )
    }
}

impl<T: AsyncSeek + Unpin> Seek for SyncIo<T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.wait(
            || "SyncIo::seek",
            None,
            |io| async move {
                // A seek that was begun through `get_mut` must end before the next begins.
                poll_fn(|cx| Pin::new(&mut *io).poll_complete(cx)).await?;
                Pin::new(&mut *io).start_seek(to)?;
                poll_fn(|cx| Pin::new(&mut *io).poll_complete(cx)).await
            },
        )
    }
}

impl<T: fmt::Debug> fmt::Debug for SyncIo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SyncIo").field(&self.io).finish()
    }
}

/// Returns the buffer of an object, borrowed for as long as the object is.
///
/// A poll that may be pending cannot both return this borrow and keep the object, so it asks for the buffer twice.
struct FillBuf<'a, T>(Option<&'a mut T>);

impl<'a, T: AsyncBufRead + Unpin> Future for FillBuf<'a, T> {
    type Output = io::Result<&'a [u8]>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let io = self.0.as_mut().expect("it is not polled after it was ready");
        // At the end of the input it does not ask again: a terminal would wait for the next line.
        if ready!(Pin::new(io).poll_fill_buf(cx))?.is_empty() {
            return Poll::Ready(Ok(&[]));
        }
        let io = self.0.take().expect("it was there a moment ago");
        match Pin::new(io).poll_fill_buf(cx) {
            // An object with bytes should be ready. For one that is not, `std` makes the call again.
            Poll::Pending => Poll::Ready(Err(io::ErrorKind::Interrupted.into())),
            ready => ready,
        }
    }
}

#[cold]
fn not_waited(error: WaitError) -> io::Error {
    let kind = match error.kind() {
        WaitErrorKind::AsyncContext => io::ErrorKind::Deadlock,
        WaitErrorKind::TimedOut => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
