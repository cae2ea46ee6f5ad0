//! The object and what it is to write, which go to the blocking pool and come back.

use std::io::{self, ErrorKind, Read, SeekFrom, Write};

/// How to seek in an object of which no more is known.
pub(super) type SeekBy<T> = fn(&mut T, SeekFrom) -> io::Result<u64>;

/// How to take an object back to where its reader is, and by how many bytes.
pub(super) type Back<T> = Option<(SeekBy<T>, usize)>;

/// What became of the bytes that were read ahead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadAhead {
    CachedLease,
    /// The object has gone back to before them.
    GivenUp,
}

pub(super) struct Inner<T> {
    pub(super) io: T,
    pub(super) unwritten: Vec<u8>,
}

impl<T> Inner<T> {
    pub(super) fn new(io: T) -> Inner<T> {
        Inner { io, unwritten: Vec::new() }
    }

    /// Seeks as a reader means it from whom the object is `ahead`.
    pub(super) fn seek(&mut self, to: SeekFrom, ahead: usize, by: SeekBy<T>) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Current(offset) => SeekFrom::Current(less(offset, ahead)?),
            fixed => fixed,
        };
        retry(|| by(&mut self.io, to))
    }

    /// Runs `operation` where the reader is, or not at all.
    pub(super) fn at_reader<R>(
        &mut self,
        back: Back<T>,
        operation: impl FnOnce(&mut Inner<T>) -> io::Result<R>,
    ) -> (io::Result<R>, ReadAhead) {
        match self.go_back(back) {
            Ok(read_ahead) => (operation(self), read_ahead),
            Err(error) => (Err(error), ReadAhead::CachedLease),
        }
    }

    fn go_back(&mut self, back: Back<T>) -> io::Result<ReadAhead> {
        let Some((by, ahead)) = back else { return Ok(ReadAhead::CachedLease) };
        self.seek(SeekFrom::Current(0), ahead, by)?;
        Ok(ReadAhead::GivenUp)
    }
}

impl<T: Read> Inner<T> {
    /// Reads once, at most `limit` bytes.
    pub(super) fn read(&mut self, bytes: &mut Vec<u8>, limit: usize) -> io::Result<usize> {
        if bytes.len() < limit {
            bytes.resize(limit, 0);
        }
        let count = retry(|| self.io.read(&mut bytes[..limit]))?;
        assert!(count <= limit, "a reader says that it has read more than there was room for");
        Ok(count)
    }
}

impl<T: Write> Inner<T> {
    pub(super) fn write(&mut self) -> io::Result<()> {
        self.io.write_all(&self.unwritten)
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        retry(|| self.io.flush())
    }
}

fn less(offset: i64, ahead: usize) -> io::Result<i64> {
    let less = i64::try_from(ahead).ok().and_then(|ahead| offset.checked_sub(ahead));
    less.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "a seek to before all positions"))
}

fn retry<R>(mut operation: impl FnMut() -> io::Result<R>) -> io::Result<R> {
    loop {
        match operation() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
