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
/// [`Write`](io::Write), `AsyncSeek` when it is [`Seek`]. The operations are made one after another on the
/// blocking pool, like [offloaded calls](crate::offload()): that of the current Tokio runtime, or of
/// [the shared one](crate::Bridge::shared) where none is.
///
/// - *Reading.* No more is read than the caller has room for. Only `AsyncBufRead` reads ahead.
/// - *Writing.* A write takes the bytes and returns; they are written meanwhile. Should that fail, the next
///   write, flush or shutdown returns the error, once. So flush after the last write.
/// - *Seeking.* What was read ahead does not count: `SeekFrom::Current` is relative to what the reader has
///   seen.
/// - *One at a time.* A read that waits for bytes keeps a write waiting. A socket whose both directions are
///   used at once is cloned (`try_clone`) into two views.
///
/// Dropped while an operation is under way, the view leaves it to the pool, which makes it to its end and
/// drops the object. An object with bytes that were not flushed is dropped there too, as that may block.
/// Otherwise the object is dropped at once. What is still to be written when the runtime is shut down, or
/// the process ends, may be lost.
///
/// # Errors
///
/// Every operation returns the object's own errors; the error of a pool that cannot be had, with the object
/// unharmed; and an error when the object is lost, by an earlier panic of its own, or since the runtime was
/// shut down before an operation on it had begun.
///
/// # Panics
///
/// An operation panics with a panic of the object, unchanged.
///
/// # Cancel safety
///
/// An operation that has begun is made to its end, awaited or not, before the next one begins.
///
/// - A read that is dropped loses nothing: its bytes, its end or its error are for the next read.
/// - A write that is dropped while it waits for its turn has written nothing. One that was ready is written.
/// - A seek that is dropped once it was polled takes place before the next operation.
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
    /// Where reads and writes share a position.
    shared_position: Option<SeekBy<T>>,
    unread: Unread,
    /// Under way is an operation that first goes back to before `unread`.
    is_going_back: bool,
    /// The end of the input, or an error, that a read has met and no reader has been told.
    read_end: Option<io::Result<()>>,
    /// What became of an earlier write or flush, if no writer has been told.
    write_error: Option<io::Error>,
    /// Something was written that was not flushed. The object is then dropped by this.
    unflushed: Option<fn(Box<Inner<T>>)>,
    /// Comes before the next operation, and is here until it is made.
    seek_request: Option<(SeekFrom, SeekBy<T>)>,
    /// What became of a seek, if nobody has been told.
    seek_result: Option<io::Result<u64>>,
    /// Where the last seek has come to.
    position: u64,
}

/// Tokio's for files.
const MAX_BUF_SIZE: usize = 2 * 1024 * 1024;

impl<T> AsyncIo<T> {
    /// Makes an asynchronous view of an object that reads and writes independently, or does but one of them:
    /// a pipe, a socket, a codec.
    pub fn new(io: T) -> AsyncIo<T> {
        AsyncIo::of(io, None)
    }

    /// Makes an asynchronous view of an object that reads and writes at one position, like a file.
    ///
    /// A write then begins where the reader is: what was read ahead is stepped back over before.
    pub fn seekable(io: T) -> AsyncIo<T>
    where
        T: Seek,
    {
        AsyncIo::of(io, Some(T::seek))
    }

    /// Limits how many bytes go to the pool, or come from it, at a time: 2 MiB unless told.
    ///
    /// # Panics
    ///
    /// When it is zero.
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
            unflushed: None,
            seek_request: None,
            seek_result: None,
            position: 0,
        }
    }
}

impl<T: Send + 'static> AsyncIo<T> {
    /// Runs `function` on the object, on the blocking pool, after the operations that have begun.
    ///
    /// # Errors
    ///
    /// [Those of every operation](AsyncIo#errors); with one of the object's the function has not run.
    ///
    /// # Panics
    ///
    /// With a panic of the function. The object is lost then.
    ///
    /// # Cancel safety
    ///
    /// Dropped after its turn has come, the function is run to its end all the same.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use smartasync::io::AsyncIo;
    /// use tokio::io::AsyncWriteExt;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let mut file = AsyncIo::seekable(File::create("log")?);
    /// file.write_all(b"entry").await?;
    /// file.with_mut(|file| file.sync_all()).await??;
    /// # Ok(())
    /// # }
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
            // Nobody takes it when the future was dropped.
            let _ = sender.send(result);
            Outcome::Other(read_ahead)
        })?;
        self.is_going_back = back.is_some();
        poll_fn(|cx| self.poll_idle(Side::Write, cx)).await?;
        receiver.try_recv().expect("the function has run")
    }

    /// Returns the object, and what was read ahead and not taken; nothing in the case of a
    /// [seekable](AsyncIo::seekable) one, which is back at where the reader was.
    ///
    /// It waits for the operations that have begun, and does not flush the object.
    ///
    /// # Errors
    ///
    /// [Those of every operation](AsyncIo#errors), and that of a write which nobody was told of. The object
    /// is dropped then; to keep it, flush before.
    pub async fn into_parts(mut self) -> io::Result<(T, Vec<u8>)> {
        self.with_mut(|_| ()).await?;
        if let Some(error) = self.write_error.take() {
            return Err(error);
        }
        self.unflushed = None;
        let inner = self.worker.take().expect("no operation is under way");
        Ok((inner.io, self.unread.rest().to_vec()))
    }

    /// Waits until the object is back, with everything done that was asked for.
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
    /// Keeps what became of an operation for whom it concerns, who may not be the one that asks now.
    fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Read(result, bytes) => self.note_read(result, bytes),
            Outcome::Flush(Ok(())) => self.unflushed = None,
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
                // The object may have been moved away from its end.
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

    /// How an object with one position gets to where the reader is, if it is not there.
    fn back(&self) -> Back<T> {
        let by = self.shared_position?;
        (!self.unread.is_empty()).then(|| (by, self.unread.rest().len()))
    }

    /// After an operation has begun which goes back.
    fn note_read_ahead(&mut self, read_ahead: ReadAhead) {
        self.is_going_back = false;
        if read_ahead == ReadAhead::GivenUp {
            self.unread.clear();
        }
    }
}

impl<T> Drop for AsyncIo<T> {
    fn drop(&mut self) {
        if let (Some(drop_elsewhere), Some(inner)) = (self.unflushed, self.worker.take()) {
            drop_elsewhere(inner);
        }
    }
}

impl<T> fmt::Debug for AsyncIo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncIo").field("max_buf_size", &self.max_buf_size).finish_non_exhaustive()
    }
}
