//! An asynchronous I/O object in sync code is a `std::io` object: it works in each row of the context table, and
//! loses nothing.

#![cfg(feature = "io")]

use std::error::Error;
use std::io::{self, BufRead, BufReader, ErrorKind, IoSlice, Read, Seek, SeekFrom, Write};
use std::net::{Shutdown, SocketAddr, TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::pin::Pin;
use std::sync::mpsc::channel;
use std::task::{Context as TaskContext, Poll};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use smartasync::io::SyncIo;
use smartasync::{Bridge, Context, WaitError, WaitErrorKind, block_on, context};
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task;

use crate::rows;
use crate::support::{SaysGoodbye, current_thread, multi_thread, unnamed_file, within_a_minute};

/// Echoes to one client, on a thread that does not use Tokio.
fn echo_server() -> SocketAddr {
    let listener = StdTcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        io::copy(&mut &socket, &mut &socket).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
    });
    address
}

/// More than the buffers between two sockets hold.
fn megabytes() -> Vec<u8> {
    (0_u32..2 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn a_socket_reads_and_writes_wherever_sync_code_may_block() {
    fn row() {
        let mut socket = SyncIo::new(block_on(TcpStream::connect(echo_server())).unwrap());
        for word in ["ping", "pong"] {
            socket.write_all(word.as_bytes()).unwrap();
            let mut answer = [0; 4];
            socket.read_exact(&mut answer).unwrap();
            assert_eq!(answer, word.as_bytes());
        }
        socket.shutdown().unwrap();
        assert_eq!(socket.read_to_end(&mut Vec::new()).unwrap(), 0);
    }

    within_a_minute(|stage| rows::where_it_may_block(stage, row));
}

#[track_caller]
fn assert_refused<T>(name: &str, result: io::Result<T>) {
    let error = result.err().expect("async code was allowed to block");
    assert_eq!(error.kind(), ErrorKind::Deadlock);
    let message = error.to_string();
    for part in [name, file!(), "spawn_blocking"] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    let wait = error.get_ref().unwrap().downcast_ref::<WaitError>().unwrap();
    assert_eq!(wait.kind(), WaitErrorKind::AsyncContext);
}

#[test]
fn it_is_refused_in_async_code_and_loses_nothing() {
    fn row() {
        assert_eq!(context(), Context::Async);
        let (near, far) = tokio::io::duplex(8);
        let mut near = SyncIo::new(near);
        let mut far = SyncIo::new(tokio::io::BufReader::new(far));
        let writes = thread::spawn(move || {
            near.write_all(b"one\n").unwrap();
            near
        });
        let mut near = writes.join().unwrap();
        assert_refused("SyncIo::write", near.write(b"lost\n"));
        assert_refused("SyncIo::write_vectored", near.write_vectored(&[IoSlice::new(b"lost")]));
        assert_refused("SyncIo::flush", near.flush());
        assert_refused("SyncIo::shutdown", near.shutdown());
        assert_refused("SyncIo::read", far.read(&mut [0; 8]));
        assert_refused("SyncIo::fill_buf", far.fill_buf());
        far.set_read_timeout(Some(Duration::from_secs(9)));
        assert_refused("SyncIo::read", far.read(&mut [0; 8]));
        let reads = thread::spawn(move || {
            near.write_all(b"two\n").unwrap();
            drop(near);
            far.lines().collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(reads.join().unwrap().unwrap(), ["one", "two"]);
    }

    within_a_minute(|stage| rows::where_it_must_not(stage, row));
}

#[test]
fn async_code_uses_the_object_inside() {
    within_a_minute(|_| {
        let mut socket = SyncIo::new(block_on(TcpStream::connect(echo_server())).unwrap());
        socket.write_all(b"ab").unwrap();
        multi_thread().block_on(async {
            let mut answer = [0; 2];
            socket.get_mut().read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"ab");
        });
    });
}

#[test]
fn std_copies_between_sockets_more_than_their_buffers_hold() {
    within_a_minute(|stage| {
        let sent = megabytes();
        let socket = block_on(TcpStream::connect(echo_server())).unwrap();
        let (reader, writer) = socket.into_split();
        let received = thread::scope(|scope| {
            scope.spawn(|| {
                let mut writer = SyncIo::new(writer);
                io::copy(&mut &sent[..], &mut writer).unwrap();
                writer.shutdown().unwrap();
            });
            stage.at("reading");
            let mut received = Vec::new();
            io::copy(&mut SyncIo::new(reader), &mut received).unwrap();
            received
        });
        assert!(received == sent, "what came back is not what was sent");
    });
}

#[test]
fn a_file_is_read_written_and_sought() {
    within_a_minute(|_| {
        let file = tokio::fs::File::from_std(unnamed_file());
        let mut file = SyncIo::new(file);
        write!(file, "one-{}", 2).unwrap();
        file.flush().unwrap();
        assert_eq!(file.stream_position().unwrap(), 5);
        assert_eq!(file.seek(SeekFrom::End(-2)).unwrap(), 3);
        file.write_all(b"+").unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one+2");
        assert!(file.seek(SeekFrom::Current(-9)).is_err());
        assert_eq!(file.seek(SeekFrom::Current(-1)).unwrap(), 4);
    });
}

#[test]
fn lines_come_from_an_async_buffer_and_from_one_of_std() {
    within_a_minute(|_| {
        let text = "first\nsecond\n\nlast without an end";
        let open = || {
            let socket = block_on(TcpStream::connect(echo_server())).unwrap();
            let mut socket = SyncIo::new(socket);
            socket.write_all(text.as_bytes()).unwrap();
            socket.shutdown().unwrap();
            socket
        };
        // The buffer is smaller than a line.
        let buffered = tokio::io::BufReader::with_capacity(4, open().into_inner());
        let asynchronous = SyncIo::new(buffered).lines().collect::<Result<Vec<_>, _>>();
        let standard = BufReader::with_capacity(4, open()).lines().collect::<Result<Vec<_>, _>>();
        assert!(asynchronous.unwrap().iter().eq(text.lines()));
        assert!(standard.unwrap().iter().eq(text.lines()));
    });
}

/// A decompressor that knows only `std::io` reads from a socket of the surrounding runtime.
#[test]
fn gzip_goes_through_sockets_on_blocking_threads_of_both_flavours() {
    async fn round_trip() -> Vec<u8> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let packs = task::spawn_blocking(move || {
            let socket = block_on(TcpStream::connect(address)).unwrap();
            let mut encoder = GzEncoder::new(SyncIo::new(socket), Compression::fast());
            encoder.write_all(&megabytes()).unwrap();
            encoder.finish().unwrap().shutdown().unwrap();
        });
        let (socket, _) = listener.accept().await.unwrap();
        let unpacks = task::spawn_blocking(move || {
            let mut unpacked = Vec::new();
            GzDecoder::new(SyncIo::new(socket)).read_to_end(&mut unpacked).unwrap();
            unpacked
        });
        packs.await.unwrap();
        unpacks.await.unwrap()
    }

    within_a_minute(|stage| {
        for runtime in [current_thread(), multi_thread()] {
            stage.at(format!("{runtime:?}"));
            assert!(runtime.block_on(round_trip()) == megabytes());
        }
    });
}

#[test]
fn after_a_timeout_nothing_is_lost() {
    within_a_minute(|stage| {
        let (near, far) = tokio::io::duplex(4);
        let mut near = SyncIo::new(near);
        let mut far = SyncIo::new(tokio::io::BufReader::new(far));
        assert_eq!((far.read_timeout(), near.write_timeout()), (None, None));
        let limit = Some(Duration::from_millis(2));
        far.set_read_timeout(limit);
        near.set_write_timeout(limit);
        assert_eq!((far.read_timeout(), near.write_timeout()), (limit, limit));

        let error = far.read(&mut [0; 4]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let wait = error.get_ref().unwrap().downcast_ref::<WaitError>().unwrap();
        assert_eq!((wait.kind(), wait.name()), (WaitErrorKind::TimedOut, "SyncIo::read"));
        assert_eq!(far.fill_buf().unwrap_err().kind(), ErrorKind::TimedOut);

        stage.at("a full buffer");
        assert_eq!(near.write(b"abcdef").unwrap(), 4);
        assert_eq!(near.write(b"ef").unwrap_err().kind(), ErrorKind::TimedOut);
        let mut start = [0; 3];
        far.read_exact(&mut start).unwrap();
        near.write_all(b"ef").unwrap();
        drop(near);
        stage.at("the rest");
        far.set_read_timeout(None);
        let mut rest = String::new();
        far.read_to_string(&mut rest).unwrap();
        assert_eq!((&start, &*rest), (b"abc", "def"));
    });
}

#[test]
fn a_timeout_of_zero_takes_what_is_there() {
    within_a_minute(|_| {
        let (near, far) = tokio::io::duplex(4);
        let (mut near, mut far) = (SyncIo::new(near), SyncIo::new(far));
        far.set_read_timeout(Some(Duration::ZERO));
        let mut bytes = [0; 4];
        assert_eq!(far.read(&mut bytes).unwrap_err().kind(), ErrorKind::TimedOut);
        near.write_all(b"ab").unwrap();
        assert_eq!(far.read(&mut bytes).unwrap(), 2);
    });
}

/// Takes vectored writes as a whole, and others one byte at a time.
#[derive(Debug, Default)]
struct Vectored {
    is_vectored: bool,
    written: Vec<Vec<u8>>,
}

impl AsyncWrite for Vectored {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.written.push(bytes[..1].to_vec());
        Poll::Ready(Ok(1))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let amount = bytes.len();
        self.written.push(bytes);
        Poll::Ready(Ok(amount))
    }

    fn is_write_vectored(&self) -> bool {
        self.is_vectored
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn vectored_writes_are_passed_on() {
    assert!(!SyncIo::new(Vectored::default()).is_write_vectored());
    let mut io = SyncIo::new(Vectored { is_vectored: true, ..Default::default() });
    assert!(io.is_write_vectored());
    let slices = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
    assert_eq!(io.write_vectored(&slices).unwrap(), 3);
    io.write_all(b"de").unwrap();
    assert_eq!(io.into_inner().written, [&b"abc"[..], b"d", b"e"]);
}

/// Returns lines, and then the end, as often as it is read. Two of five polls are pending. One of these comes when
/// the buffer has just been seen, and wakes itself, like a reader whose budget is used up.
#[derive(Default)]
struct Terminal {
    lines: Vec<&'static [u8]>,
    polls: usize,
    ends: usize,
}

impl Terminal {
    fn poll_turn(&mut self, cx: &TaskContext<'_>) -> Poll<()> {
        let poll = self.polls % 5;
        self.polls += 1;
        if poll == 0 || poll == 2 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Terminal {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = std::task::ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = bytes.len().min(buf.remaining());
        buf.put_slice(&bytes[..amount]);
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for Terminal {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        std::task::ready!(this.poll_turn(cx));
        this.ends += usize::from(this.lines.is_empty());
        Poll::Ready(Ok(this.lines.last().copied().unwrap_or_default()))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        if let Some(mut line) = self.lines.pop() {
            line = &line[amount..];
            if !line.is_empty() {
                self.lines.push(line);
            }
        }
    }
}

#[test]
fn a_buffer_that_is_ready_only_at_times_gives_its_lines_and_one_end() {
    within_a_minute(|_| {
        let mut terminal =
            SyncIo::new(Terminal { lines: vec![b"two\n", b"one\n"], ..Default::default() });
        let mut lines = String::new();
        // `read_line` repeats the call where the object asks for that.
        while terminal.read_line(&mut lines).unwrap() > 0 {}
        assert_eq!(lines, "one\ntwo\n");
        assert_eq!(terminal.get_ref().ends, 1);
    });
}

/// Ends its connection in a task that its destructor spawns.
struct EndsWithGoodbye(#[expect(dead_code, reason = "it is there to be dropped")] SaysGoodbye);

impl AsyncRead for EndsWithGoodbye {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn an_object_that_was_used_is_dropped_inside_a_runtime() {
    within_a_minute(|_| {
        let (dropped, tasks) = channel();
        let mut io = SyncIo::new(EndsWithGoodbye(SaysGoodbye(dropped)));
        assert_eq!(io.read(&mut [0]).unwrap(), 0);
        drop(io);
        assert_eq!(tasks.recv().unwrap().id(), block_on(async { Handle::current().id() }));
    });
}

#[test]
fn it_runs_through_the_bridge_that_it_is_given() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let (near, far) = tokio::io::duplex(4);
        let (mut near, mut far) = (SyncIo::new(near).on(&bridge), SyncIo::new(far).on(&bridge));
        near.write_all(b"ab").unwrap();
        assert_eq!(bridge.stats().calls_on_own_runtime, 1);
        assert!(bridge.shutdown(Duration::from_secs(9)).calls_ended);
        let error = far.read(&mut [0; 2]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(error.to_string().contains("shut down"), "{error}");
        assert!(error.source().is_none() && error.get_ref().is_some());
        let mut bytes = [0; 2];
        SyncIo::new(far.into_inner()).read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"ab");
    });
}

#[test]
fn a_server_in_async_code_and_a_client_in_std_talk() {
    // The client is a plain thread with a plain socket. The server serves each connection in sync code on the
    // blocking pool.
    within_a_minute(|_| {
        current_thread().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = thread::spawn(move || {
                let mut socket = StdTcpStream::connect(address).unwrap();
                socket.write_all(b"HELLO\nworld\n").unwrap();
                let mut answers = BufReader::new(socket).lines();
                [(); 2].map(|()| answers.next().unwrap().unwrap())
            });
            let (mut socket, _) = listener.accept().await.unwrap();
            task::spawn_blocking(move || {
                let (reader, writer) = socket.split();
                let mut writer = SyncIo::new(writer);
                for line in BufReader::new(SyncIo::new(reader)).lines().take(2) {
                    writeln!(writer, "{}", line.unwrap().to_lowercase()).unwrap();
                }
            })
            .await
            .unwrap();
            assert_eq!(client.join().unwrap(), ["hello", "world"]);
        });
    });
}

#[test]
fn an_error_of_the_object_comes_as_it_is() {
    within_a_minute(|_| {
        let mut socket = SyncIo::new(block_on(TcpStream::connect(echo_server())).unwrap());
        socket.shutdown().unwrap();
        let error = socket.write_all(b"late").unwrap_err();
        if cfg!(windows) {
            // WSAESHUTDOWN, which has no kind.
            assert_eq!(error.raw_os_error(), Some(10058));
        } else {
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        }
    });
}
