//! `COPY` as `Write` and `Read`.

use std::fmt;
use std::io::{self, BufRead, Write};
use std::marker::PhantomData;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, TryStreamExt};
use smartasync::Wait;
use smartasync::io::SyncIo;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CopyInSink, CopyOutStream, binary_copy};
use tokio_util::io::StreamReader;

use crate::Result;

/// How many bytes are sent at once.
const CHUNK: usize = 4096;

/// Writes the data of a `COPY FROM STDIN`, which is undone if it is dropped before [`finish`](CopyIn::finish).
pub struct CopyIn<'a> {
    sink: Pin<Box<CopyInSink<Bytes>>>,
    chunk: BytesMut,
    client: PhantomData<&'a mut ()>,
}

impl CopyIn<'_> {
    pub(crate) fn new(sink: CopyInSink<Bytes>) -> Self {
        CopyIn { sink: Box::pin(sink), chunk: BytesMut::new(), client: PhantomData }
    }

    /// Ends the copy, and returns the number of its rows.
    ///
    /// # Errors
    ///
    /// Those of the server.
    pub fn finish(mut self) -> Result<u64> {
        self.send()?;
        self.sink.as_mut().finish().wait()
    }

    fn send(&mut self) -> Result<()> {
        match self.chunk.is_empty() {
            true => Ok(()),
            false => self.sink.send(self.chunk.split().freeze()).wait(),
        }
    }
}

impl Write for CopyIn<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.chunk.extend_from_slice(data);
        if self.chunk.len() > CHUNK {
            self.send().map_err(io::Error::other)?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send().map_err(io::Error::other)
    }
}

impl fmt::Debug for CopyIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyIn").finish_non_exhaustive()
    }
}

/// Writes the rows of a `COPY FROM STDIN BINARY`.
pub struct BinaryCopyIn<'a> {
    writer: Pin<Box<binary_copy::BinaryCopyInWriter>>,
    client: PhantomData<&'a mut ()>,
}

impl BinaryCopyIn<'_> {
    pub(crate) fn new(sink: CopyInSink<Bytes>, types: &[Type]) -> Self {
        let writer = Box::pin(binary_copy::BinaryCopyInWriter::new(sink, types));
        BinaryCopyIn { writer, client: PhantomData }
    }

    /// Writes a row.
    ///
    /// # Errors
    ///
    /// Those of the values and of the server.
    pub fn write(&mut self, values: &[&(dyn ToSql + Sync)]) -> Result<()> {
        self.writer.as_mut().write(values).wait()
    }

    /// Ends the copy, and returns the number of its rows.
    ///
    /// # Errors
    ///
    /// Those of the server.
    pub fn finish(mut self) -> Result<u64> {
        self.writer.as_mut().finish().wait()
    }
}

impl fmt::Debug for BinaryCopyIn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinaryCopyIn").finish_non_exhaustive()
    }
}

/// Reads the data of a `COPY TO STDOUT`.
pub(crate) fn reader(stream: CopyOutStream) -> impl BufRead {
    SyncIo::new(StreamReader::new(Box::pin(stream.map_err(io::Error::other))))
}
