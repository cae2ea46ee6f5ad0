//! The object and the bytes to write, which go to the blocking pool and come back.

use std::io::{self, ErrorKind, Read, SeekFrom, Write};

/// How to seek in an object, for code without the bound `Seek`.
pub(super) type SeekBy<T> = fn(&mut T, SeekFrom) -> io::Result<u64>;

/// How to move an object back to where its reader is, and by how many bytes.
pub(super) type Back<T> = Option<(SeekBy<T>, usize)>;

/// Whether the bytes that were read ahead still come next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadAhead {
    Valid,
    /// The object went back to before them.
    Discarded,
}

pub(super) struct Inner<T> {
    pub(super) io: T,
    pub(super) unwritten: Vec<u8>,
}

impl<T> Inner<T> {
    pub(super) fn new(io: T) -> Inner<T> {
        Inner { io, unwritten: Vec::new() }
    }

    /// Seeks for a reader that is `ahead` bytes behind the object.
    pub(super) fn seek(&mut self, to: SeekFrom, ahead: usize, by: SeekBy<T>) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Current(offset) => SeekFrom::Current(less(offset, ahead)?),
            fixed => fixed,
        };
        retry(|| by(&mut self.io, to))
    }

    /// Moves the object to where the reader is, and runs `operation` there. If the object cannot be moved,
    /// `operation` does not run.
    pub(super) fn at_reader<R>(
        &mut self,
        back: Back<T>,
        operation: impl FnOnce(&mut Inner<T>) -> io::Result<R>,
    ) -> (io::Result<R>, ReadAhead) {
        match self.go_back(back) {
            Ok(read_ahead) => (operation(self), read_ahead),
            Err(error) => (Err(error), ReadAhead::Valid),
        }
    }

    fn go_back(&mut self, back: Back<T>) -> io::Result<ReadAhead> {
        let Some((by, ahead)) = back else { return Ok(ReadAhead::Valid) };
        self.seek(SeekFrom::Current(0), ahead, by)?;
        Ok(ReadAhead::Discarded)
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
