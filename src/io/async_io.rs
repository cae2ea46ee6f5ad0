//! Blocking I/O objects in async code.

mod inner;
mod read;
mod seek;
mod unread;
mod wakers;
mod worker;
mod write;

use std::fmt;
use std::future::poll_fn;
use std::io::{self, Seek, SeekFrom};
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;

use inner::{Back, Inner, ReadAhead, SeekBy};
use unread::Unread;
use wakers::Side;
use worker::{Outcome, Worker};

/// An asynchronous view of a blocking I/O object.
///
/// It is Tokio's `AsyncRead` and `AsyncBufRead` when the object is [`Read`](io::Read), `AsyncWrite` when it is
/// [`Write`](io::Write), and `AsyncSeek` when it is [`Seek`]. The operations run one after another on a blocking
/// pool, like [offloaded calls](crate::offload()): on the pool of the current Tokio runtime, or of
/// [the shared one](crate::Bridge::shared) where there is none.
///
/// - *Reading.* A read asks the object for no more bytes than the caller has room for. Only `AsyncBufRead` reads
///   ahead.
/// - *Writing.* A write takes the bytes and returns, and the pool writes them. If that fails, the next write,
///   flush or shutdown returns the error, once. So flush after the last write.
/// - *Flushing.* A flush or a shutdown flushes the object, unless it has only been read and sought since the last
///   flush.
/// - *Seeking.* `SeekFrom::Current` is relative to what the reader has taken, whatever was read ahead.
/// - *One at a time.* A read that waits for bytes makes a write wait. To use both directions of a socket at the
///   same time, clone it (`try_clone`) and make two views.
///
/// If the view is dropped while an operation runs, the pool runs it to its end and drops the object. Any other
/// object is dropped on the pool too, as its drop may block. Only one that has been flushed, and has only been read
/// and sought since, is dropped at once. Bytes that are not yet written when the runtime is shut down or the process
/// ends may be lost.
///
/// # Errors
///
/// Every operation returns
///
/// - the object's own errors;
/// - an error when there is no pool, because there is no current runtime and the shared one cannot be started. The
///   object stays usable;
/// - an error when the object is lost, because an earlier operation panicked, or the runtime was shut down before
///   an operation had begun.
///
/// # Panics
///
/// An operation panics with a panic of the object, unchanged.
///
/// # Cancel safety
///
/// An operation that has begun runs to its end, awaited or not, before the next one begins.
///
/// - A read that is dropped loses nothing: the next read gets its bytes, the end of the input, or its error.
/// - A write that is dropped while it waits for its turn has written nothing. A write that was ready is written.
/// - A seek that is dropped after its first poll takes place before the next operation.
///
/// # Examples
///
/// ```
/// use std::io::Cursor;
/// use smartasync::io::AsyncIo;
/// use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let mut lines = AsyncIo::new(&b"one\ntwo\n"[..]).lines();
/// assert_eq!(lines.next_line().await?.as_deref(), Some("one"));
///
/// let mut log = AsyncIo::new(Vec::new());
/// log.write_all(b"three").await?;
/// log.flush().await?;
/// assert_eq!(log.into_parts().await?.0, b"three");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct AsyncIo<T> {
    worker: Worker<T>,
    max_buf_size: usize,
    /// How to seek, if reads and writes share a position.
    shared_position: Option<SeekBy<T>>,
    unread: Unread,
    /// The operation that runs goes back to before `unread` first.
    is_going_back: bool,
    /// The end of the input or an error of a read, until a reader gets it.
    read_end: Option<io::Result<()>>,
    /// The error of an earlier write or flush, until a writer gets it.
    write_error: Option<io::Error>,
    /// Nothing but reads and seeks have begun since the last flush. False at first: the object may come with bytes.
    is_flushed: bool,
    /// A seek that takes place before the next operation.
    seek_request: Option<(SeekFrom, SeekBy<T>)>,
    /// The result of a seek, until somebody asks for it.
    seek_result: Option<io::Result<u64>>,
    /// The position after the last seek.
    position: u64,
}

/// Tokio's value for files.
const MAX_BUF_SIZE: usize = 2 * 1024 * 1024;

impl<T: Send + 'static> AsyncIo<T> {
    /// Makes an asynchronous view of an object without a position that reads and writes share: a pipe, a socket, a
    /// codec.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::io::AsyncIo;
    /// use tokio::io::AsyncReadExt;
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut text = String::new();
    /// AsyncIo::new(&b"text"[..]).read_to_string(&mut text).await?;
    /// assert_eq!(text, "text");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn new(io: T) -> AsyncIo<T> {
        AsyncIo::of(io, None)
    }

    /// Makes an asynchronous view of an object that reads and writes at one position, like a file.
    ///
    /// A write begins where the reader is: it first seeks back over the bytes that were read ahead.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Cursor;
    /// use smartasync::io::AsyncIo;
    /// use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut file = AsyncIo::seekable(Cursor::new(b"one\ntwo\n".to_vec()));
    /// file.read_line(&mut String::new()).await?;
    /// file.write_all(b"six\n").await?;
    /// file.flush().await?;
    /// assert_eq!(file.into_parts().await?.0.into_inner(), b"one\nsix\n");
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub fn seekable(io: T) -> AsyncIo<T>
    where
        T: Seek,
    {
        AsyncIo::of(io, Some(T::seek))
    }

    /// Limits the bytes of one operation on the pool. Default: 2 MiB.
    ///
    /// # Panics
    ///
    /// When `bytes` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::io::AsyncIo;
    /// use tokio::io::AsyncWriteExt;
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut log = AsyncIo::new(Vec::new()).max_buf_size(4);
    /// assert_eq!(log.write(b"eleven").await?, 4);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[must_use]
    #[track_caller]
    pub fn max_buf_size(mut self, bytes: usize) -> AsyncIo<T> {
        assert!(bytes > 0, "a buffer of no bytes can pass none on");
        self.max_buf_size = bytes;
        self
    }

    fn of(io: T, shared_position: Option<SeekBy<T>>) -> AsyncIo<T> {
        AsyncIo {
            worker: Worker::new(Inner::new(io)),
            max_buf_size: MAX_BUF_SIZE,
            shared_position,
            unread: Unread::default(),
            is_going_back: false,
            read_end: None,
            write_error: None,
            is_flushed: false,
            seek_request: None,
            seek_result: None,
            position: 0,
        }
    }

    /// Runs `function` on the object, on the blocking pool, after the operations that have begun.
    ///
    /// # Errors
    ///
    /// [Those of every operation](AsyncIo#errors). If the error is one of the object's own, `function` has not run.
    ///
    /// # Panics
    ///
    /// With a panic of `function`. The object is lost then.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before the turn of `function` has come, `function` never runs. Otherwise it runs to
    /// its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::io::AsyncIo;
    /// use tokio::io::AsyncWriteExt;
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut log = AsyncIo::new(Vec::new());
    /// log.write_all(b"entry").await?;
    /// assert_eq!(log.with_mut(|log| log.len()).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn with_mut<R: Send + 'static>(
        &mut self,
        function: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> io::Result<R> {
        poll_fn(|cx| self.poll_idle(Side::Write, cx)).await?;
        let (sender, mut receiver) = oneshot::channel();
        let back = self.back();
        self.worker.start(move |inner| {
            let (result, read_ahead) = inner.at_reader(back, |inner| Ok(function(&mut inner.io)));
            // This fails if the future was dropped.
            let _ = sender.send(result);
            Outcome::Other(read_ahead)
        })?;
        self.is_flushed = false;
        self.is_going_back = back.is_some();
        poll_fn(|cx| self.poll_idle(Side::Write, cx)).await?;
        receiver.try_recv().expect("the function has run")
    }

    /// Returns the object, and the bytes that were read ahead and not taken. A [seekable](AsyncIo::seekable) object
    /// comes without bytes, at the position of the reader.
    ///
    /// It waits for the operations that have begun, and does not flush the object.
    ///
    /// # Errors
    ///
    /// [Those of every operation](AsyncIo#errors), and the error of an earlier write if no operation has returned
    /// it. The object is dropped then; to keep it, flush first.
    ///
    /// # Panics
    ///
    /// With a panic of the object, unchanged.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, so is the view.
    ///
    /// # Examples
    ///
    /// ```
    /// use smartasync::io::AsyncIo;
    /// use tokio::io::AsyncBufReadExt;
    ///
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let mut lines = AsyncIo::new(&b"one\ntwo\n"[..]);
    /// lines.read_line(&mut String::new()).await?;
    /// let (rest, read_ahead) = lines.into_parts().await?;
    /// assert_eq!((rest, &*read_ahead), (&b""[..], &b"two\n"[..]));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn into_parts(mut self) -> io::Result<(T, Vec<u8>)> {
        self.with_mut(|_| ()).await?;
        if let Some(error) = self.write_error.take() {
            return Err(error);
        }
        let inner = self.worker.take().expect("no operation is under way");
        Ok((inner.io, self.unread.rest().to_vec()))
    }

    /// Waits until no operation runs, and a seek that was asked for has taken place.
    fn poll_idle(&mut self, side: Side, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(outcome) = ready!(self.worker.poll_outcome(side, cx))? {
                self.note(outcome);
            } else if let Some((to, by)) = self.seek_request {
                let ahead = self.unread.rest().len();
                self.worker.start(move |inner| Outcome::Seek(inner.seek(to, ahead, by)))?;
            } else {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<T> AsyncIo<T> {
    /// Keeps the outcome of an operation for the side that it concerns, which may be another than the caller's.
    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Read(result, bytes) => self.note_read(result, bytes),
            Outcome::Flush(Ok(())) => self.is_flushed = true,
            Outcome::Flush(Err(error)) => self.write_error = Some(error),
            Outcome::Seek(result) => self.note_seek(result),
            Outcome::Write(result, read_ahead) => {
                self.note_read_ahead(read_ahead);
                if let Err(error) = result {
                    self.write_error = Some(error);
                }
            }
            Outcome::Other(read_ahead) => {
                self.note_read_ahead(read_ahead);
                // The function may have moved the object away from its end.
                self.read_end.take_if(|end| end.is_ok());
            }
        }
    }

    fn note_read(&mut self, result: io::Result<usize>, bytes: Vec<u8>) {
        let count = *result.as_ref().unwrap_or(&0);
        if count == 0 {
            self.read_end = Some(result.map(drop));
        }
        self.unread = Unread::new(bytes, count);
    }

    fn note_seek(&mut self, result: io::Result<u64>) {
        if let Ok(position) = result {
            self.position = position;
            self.read_end = None;
            self.unread.clear();
        }
        self.seek_request = None;
        self.seek_result = Some(result);
    }

    /// How to move an object with one position to where the reader is, if it is not there.
    fn back(&self) -> Back<T> {
        let by = self.shared_position?;
        (!self.unread.is_empty()).then(|| (by, self.unread.rest().len()))
    }

    /// Notes what an operation that may go back has done with the bytes that were read ahead.
    fn note_read_ahead(&mut self, read_ahead: ReadAhead) {
        self.is_going_back = false;
        if read_ahead == ReadAhead::Discarded {
            self.unread.clear();
        }
    }
}

impl<T> Drop for AsyncIo<T> {
    fn drop(&mut self) {
        if !self.is_flushed {
            self.worker.drop_on_pool();
        }
    }
}

impl<T> fmt::Debug for AsyncIo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncIo").field("max_buf_size", &self.max_buf_size).finish_non_exhaustive()
    }
}
