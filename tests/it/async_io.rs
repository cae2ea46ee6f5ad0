//! A blocking I/O object in async code: no byte and no error is lost, on any executor, whatever is dropped.

#![cfg(feature = "io")]

use std::io::{self, BufWriter, Cursor, ErrorKind, IoSlice, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use smartasync::block_on;
use smartasync::io::{AsyncIo, SyncIo};
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt,
};
use tokio::task::{self, LocalSet};
use tokio::time::{sleep, timeout};

use crate::support::{current_thread, multi_thread, poll_once, unnamed_file, within_a_minute};

/// A read waits until something is sent, and returns it.
struct Pipe(Receiver<io::Result<Vec<u8>>>);

fn pipe() -> (Sender<io::Result<Vec<u8>>>, AsyncIo<Pipe>) {
    let (sender, receiver) = channel();
    (sender, AsyncIo::new(Pipe(receiver)))
}

impl Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = self.0.recv().unwrap_or_else(|_| Ok(Vec::new()))?;
        buf[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

/// Keeps what is written, so that the test can read it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn file_round_trip() {
    let mut file = AsyncIo::seekable(unnamed_file());
    file.write_all(b"one\ntwo\nthree").await.unwrap();
    assert_eq!(file.seek(SeekFrom::Start(4)).await.unwrap(), 4);
    let mut line = String::new();
    file.read_line(&mut line).await.unwrap();
    assert_eq!(line, "two\n");
    file.write_all(b"T").await.unwrap();
    assert_eq!(file.seek(SeekFrom::Current(-1)).await.unwrap(), 8);
    line.clear();
    file.read_line(&mut line).await.unwrap();
    assert_eq!(line, "Three");
    file.with_mut(|file| file.sync_all()).await.unwrap().unwrap();
    assert_eq!(file.stream_position().await.unwrap(), 13);
}

#[test]
fn a_file_is_read_written_and_sought_on_any_executor() {
    within_a_minute(|stage| {
        for runtime in [current_thread(), multi_thread()] {
            stage.at(format!("{runtime:?}"));
            runtime.block_on(file_round_trip());
            runtime.block_on(async { task::spawn(file_round_trip()).await.unwrap() });
            LocalSet::new().block_on(&runtime, async {
                task::spawn_local(file_round_trip()).await.unwrap();
            });
            runtime.block_on(async {
                task::spawn_blocking(|| block_on(file_round_trip())).await.unwrap();
            });
            let _guard = runtime.enter();
            block_on(file_round_trip());
        }
        stage.at("a call");
        block_on(file_round_trip());
        stage.at("executors that know no Tokio");
        futures_lite::future::block_on(file_round_trip());
        pollster::block_on(file_round_trip());
    });
}

#[test]
fn it_can_be_begun_on_one_executor_and_gone_on_with_on_another() {
    within_a_minute(|_| {
        let (sender, mut io) = pipe();
        let mut buf = [0; 2];
        multi_thread().block_on(async {
            let read = timeout(Duration::from_millis(2), io.read(&mut buf)).await;
            assert!(read.is_err(), "nothing was sent");
            sender.send(Ok(b"ab".to_vec())).unwrap();
        });
        let count = futures_lite::future::block_on(io.read(&mut buf)).unwrap();
        assert_eq!(&buf[..count], b"ab");
    });
}

#[test]
fn a_read_that_is_dropped_leaves_its_bytes_its_error_and_its_end_to_the_next() {
    within_a_minute(|stage| {
        multi_thread().block_on(async {
            let (sender, mut io) = pipe();
            let mut buf = [0; 3];
            assert!(poll_once(io.read(&mut buf)).is_none());
            sender.send(Ok(b"abc".to_vec())).unwrap();
            stage.at("the bytes, with less room");
            assert_eq!(io.read(&mut buf[..2]).await.unwrap(), 2);
            assert_eq!(&buf[..2], b"ab");
            assert_eq!(poll_once(io.read(&mut buf)).unwrap().unwrap(), 1);
            assert_eq!(buf[0], b'c');

            stage.at("the error");
            assert!(poll_once(io.read(&mut buf)).is_none());
            sender.send(Err(io::Error::other("torn"))).unwrap();
            assert_eq!(io.read(&mut buf).await.unwrap_err().to_string(), "torn");

            stage.at("the end");
            assert!(poll_once(io.read(&mut buf)).is_none());
            sender.send(Ok(Vec::new())).unwrap();
            assert_eq!(io.read(&mut buf).await.unwrap(), 0);
            stage.at("more after the end, as on a terminal");
            sender.send(Ok(b"d".to_vec())).unwrap();
            assert_eq!(io.read(&mut buf).await.unwrap(), 1);
        });
    });
}

#[test]
fn nothing_is_read_that_nobody_asked_for() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            let mut io = AsyncIo::new(Cursor::new(b"0123456789"));
            let mut buf = [0; 4];
            io.read_exact(&mut buf).await.unwrap();
            let (cursor, ahead) = io.into_parts().await.unwrap();
            assert_eq!((cursor.position(), ahead), (4, vec![]));

            let mut io = AsyncIo::new(cursor);
            assert_eq!(io.fill_buf().await.unwrap(), b"456789");
            io.consume(1);
            let (mut cursor, ahead) = io.into_parts().await.unwrap();
            assert_eq!((cursor.position(), ahead), (10, b"56789".to_vec()));

            cursor.set_position(4);
            let mut io = AsyncIo::seekable(cursor);
            io.fill_buf().await.unwrap();
            io.consume(1);
            let (cursor, ahead) = io.into_parts().await.unwrap();
            assert_eq!((cursor.position(), ahead), (5, vec![]));
        });
    });
}

/// Fails each operation for which there is an error in the list.
#[derive(Default)]
struct Failing {
    writes: Vec<Option<&'static str>>,
    flushes: Vec<Option<&'static str>>,
}

fn next(errors: &mut Vec<Option<&'static str>>) -> io::Result<()> {
    errors.pop().flatten().map_or(Ok(()), |text| Err(io::Error::new(ErrorKind::StorageFull, text)))
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        next(&mut self.writes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        next(&mut self.flushes)
    }
}

#[test]
fn the_error_of_an_earlier_write_is_told_once_by_the_next_write_flush_or_shutdown() {
    within_a_minute(|stage| {
        multi_thread().block_on(async {
            for next in ["write", "flush", "shutdown", "into_parts"] {
                stage.at(next);
                let writes = vec![Some("full")];
                let mut io = AsyncIo::new(Failing { writes, ..Default::default() });
                assert_eq!(io.write(b"taken").await.unwrap(), 5);
                let result = match next {
                    "write" => io.write(b"refused").await.map(drop),
                    "flush" => io.flush().await,
                    "shutdown" => io.shutdown().await,
                    _ => {
                        let error = io.into_parts().await.err().unwrap();
                        assert_eq!(error.to_string(), "full");
                        continue;
                    }
                };
                let error = result.unwrap_err();
                assert_eq!(
                    (error.kind(), error.to_string()),
                    (ErrorKind::StorageFull, "full".into())
                );
                io.flush().await.unwrap();
            }
        });
    });
}

#[test]
fn a_flush_that_failed_can_be_made_again_and_one_that_was_dropped_is_made() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            // The last element is used first.
            let flushes = vec![Some("third"), None, Some("first"), None];
            let mut io = AsyncIo::new(Failing { flushes, ..Default::default() });
            io.flush().await.unwrap();
            io.write_all(b"a").await.unwrap();
            assert_eq!(io.flush().await.unwrap_err().to_string(), "first");
            io.flush().await.unwrap();
            io.flush().await.unwrap();
            io.write_all(b"b").await.unwrap();
            while poll_once(io.flush()).is_none_or(|result| result.is_ok()) {
                task::yield_now().await;
            }
            let (failing, _) = io.into_parts().await.unwrap();
            assert!(failing.flushes.is_empty());
        });
    });
}

/// Panics when it is told to, and reports its drop.
struct Panicking(Sender<()>);

impl Read for Panicking {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("a panic that the test wants");
    }
}

impl Write for Panicking {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        panic!("a panic that the test wants");
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Panicking {
    fn drop(&mut self) {
        self.0.send(()).unwrap();
    }
}

#[test]
fn a_panic_of_the_object_reaches_the_caller_and_later_operations_fail() {
    within_a_minute(|stage| {
        let runtime = multi_thread();
        let (sender, dropped) = channel();
        let assert_panics = |future: Pin<Box<dyn Future<Output = io::Result<()>>>>| {
            let payload = catch_unwind(AssertUnwindSafe(|| runtime.block_on(future))).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"a panic that the test wants"));
        };
        for at in ["read", "flush after a write"] {
            stage.at(at);
            let io = Arc::new(tokio::sync::Mutex::new(AsyncIo::new(Panicking(sender.clone()))));
            let shared = Arc::clone(&io);
            assert_panics(Box::pin(async move {
                let mut io = shared.lock().await;
                if at == "read" {
                    return io.read_u8().await.map(drop);
                }
                io.write_all(b"a").await?;
                io.flush().await
            }));
            dropped.recv().unwrap();
            runtime.block_on(async {
                let mut io = io.lock().await;
                for error in [io.read_u8().await.unwrap_err(), io.flush().await.unwrap_err()] {
                    assert!(error.to_string().contains("panicked"), "{error}");
                }
            });
        }
    });
}

/// Returns from reads what is sent to it, and writes at once.
struct Device {
    pipe: Pipe,
    log: Log,
}

impl Read for Device {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Read::read(&mut self.pipe, buf)
    }
}

impl Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut self.log, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn halves_in_two_tasks_wake_each_other() {
    // The writer asks while a read is under way: two tasks wait for one operation.
    within_a_minute(|stage| {
        for runtime in [current_thread(), multi_thread()] {
            for round in 0..200 {
                stage.at(format!("round {round} on {runtime:?}"));
                let (sender, receiver) = channel();
                let log = Log::default();
                let io = AsyncIo::new(Device { pipe: Pipe(receiver), log: log.clone() });
                let (mut reader, mut writer) = tokio::io::split(io);
                runtime.block_on(async {
                    let reads = task::spawn(async move { reader.read_u8().await.unwrap() });
                    task::yield_now().await;
                    let writes = task::spawn(async move {
                        writer.write_all(b"w").await.unwrap();
                        writer.flush().await.unwrap();
                    });
                    task::yield_now().await;
                    sender.send(Ok(b"r".to_vec())).unwrap();
                    assert_eq!(reads.await.unwrap(), b'r');
                    writes.await.unwrap();
                });
                assert_eq!(log.text(), "w");
            }
        }
    });
}

#[test]
fn an_operation_that_has_ended_keeps_no_waker() {
    struct Nobody;

    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }

    within_a_minute(|_| {
        current_thread().block_on(async {
            let mut io = AsyncIo::new(Cursor::new(Vec::new()));
            let nobody = Arc::new(Nobody);
            let waker = Waker::from(Arc::clone(&nobody));
            let mut cx = Context::from_waker(&waker);
            while Pin::new(&mut io).poll_flush(&mut cx).is_pending() {
                sleep(Duration::from_millis(1)).await;
            }
            drop(waker);
            assert_eq!(Arc::strong_count(&nobody), 1);
        });
    });
}

#[test]
fn what_was_read_can_be_taken_while_a_write_is_under_way() {
    within_a_minute(|_| {
        struct Slow(Receiver<()>);

        impl Write for Slow {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.recv().map_err(io::Error::other)?;
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        impl Read for Slow {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                Read::read(&mut &b"abc"[..], buf)
            }
        }

        multi_thread().block_on(async {
            let (release, released) = channel();
            let mut io = AsyncIo::new(Slow(released));
            assert_eq!(io.fill_buf().await.unwrap(), b"abc");
            io.write_all(b"w").await.unwrap();
            io.consume(1);
            assert_eq!(io.fill_buf().await.unwrap(), b"bc");
            release.send(()).unwrap();
            io.flush().await.unwrap();
        });
    });
}

#[test]
fn the_executor_goes_on_while_the_object_blocks() {
    within_a_minute(|_| {
        current_thread().block_on(async {
            let (sender, mut io) = pipe();
            let ticks = async {
                for _ in 0..5 {
                    sleep(Duration::from_millis(1)).await;
                }
                sender.send(Ok(b"a".to_vec())).unwrap();
            };
            let (byte, ()) = tokio::join!(io.read_u8(), ticks);
            assert_eq!(byte.unwrap(), b'a');
        });
    });
}

/// Reports the thread on which it is dropped, after it has written what it held.
struct Gone(Sender<ThreadId>, Log);

impl Write for Gone {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        thread::sleep(Duration::from_millis(5));
        Write::write(&mut self.1, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.send(thread::current().id()).unwrap();
    }
}

#[test]
fn a_view_that_is_dropped_loses_no_write_and_blocks_nobody() {
    within_a_minute(|stage| {
        current_thread().block_on(async {
            let (sender, gone) = channel();
            let log = Log::default();
            let open = || BufWriter::new(Gone(sender.clone(), log.clone()));
            let here = thread::current().id();

            stage.at("a write that is under way");
            let mut io = AsyncIo::new(open());
            io.write_all(b"a").await.unwrap();
            drop(io);
            assert_ne!(gone.recv().unwrap(), here);
            assert_eq!(log.text(), "a");

            stage.at("bytes in the object's own buffer");
            let mut io = AsyncIo::new(open());
            io.write_all(b"b").await.unwrap();
            io.with_mut(|_| ()).await.unwrap();
            assert_eq!(log.text(), "a");
            drop(io);
            assert_ne!(gone.recv().unwrap(), here);
            assert_eq!(log.text(), "ab");

            stage.at("all flushed");
            let mut io = AsyncIo::new(open());
            io.write_all(b"c").await.unwrap();
            io.shutdown().await.unwrap();
            assert_eq!(log.text(), "abc");
            assert_eq!(io.write(b"").await.unwrap(), 0);
            drop(io);
            assert_eq!(gone.try_recv().unwrap(), here, "nothing was left to do");
        });
    });
}

#[test]
fn what_the_object_has_at_first_or_gets_in_with_mut_is_flushed_or_dropped_on_the_pool() {
    within_a_minute(|stage| {
        current_thread().block_on(async {
            let (sender, gone) = channel();
            let here = thread::current().id();
            for through in ["flush", "shutdown", "drop"] {
                let log = Log::default();
                let mut writer = BufWriter::new(Gone(sender.clone(), log.clone()));
                writer.write_all(b"before").unwrap();
                let mut io = AsyncIo::new(writer);
                if through != "drop" {
                    stage.at(format!("{through}, bytes from before"));
                    flush_or_shut_down(&mut io, through).await;
                    assert_eq!(log.text(), "before");
                }
                stage.at(format!("{through}, bytes of `with_mut`"));
                let write = io.with_mut(|writer| writer.write_all(b" after")).await;
                write.unwrap().unwrap();
                if through != "drop" {
                    flush_or_shut_down(&mut io, through).await;
                    assert_eq!(log.text(), "before after");
                }
                drop(io);
                let dropped_on = gone.recv().unwrap();
                assert_eq!(dropped_on == here, through != "drop", "nothing was left to do");
                assert_eq!(log.text(), "before after");
            }
        });
    });

    async fn flush_or_shut_down(io: &mut (impl AsyncWrite + Unpin), through: &str) {
        match through {
            "flush" => io.flush().await.unwrap(),
            _ => io.shutdown().await.unwrap(),
        }
    }
}

#[test]
fn a_view_that_was_never_flushed_drops_its_object_on_the_pool() {
    within_a_minute(|stage| {
        current_thread().block_on(async {
            let (sender, gone) = channel();
            let log = Log::default();
            let open = |bytes: &[u8]| {
                let mut writer = BufWriter::new(Gone(sender.clone(), log.clone()));
                writer.write_all(bytes).unwrap();
                AsyncIo::new(writer)
            };
            let here = thread::current().id();

            stage.at("no operation");
            drop(open(b"a"));
            assert_ne!(gone.recv().unwrap(), here);
            assert_eq!(log.text(), "a");

            stage.at("an operation that has ended, and nobody knows");
            let mut io = open(b"b");
            io.write_all(b"c").await.unwrap();
            thread::sleep(Duration::from_millis(50));
            drop(io);
            assert_ne!(gone.recv().unwrap(), here);
            assert_eq!(log.text(), "abc");
        });
    });
}

#[test]
fn large_writes_and_vectored_ones_go_in_pieces_of_the_limit() {
    /// Keeps each write as a piece of its own.
    #[derive(Default)]
    struct Pieces(Vec<Vec<u8>>);

    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    within_a_minute(|_| {
        multi_thread().block_on(async {
            let mut io = AsyncIo::new(Pieces::default()).max_buf_size(4);
            assert!(io.is_write_vectored());
            let slices = ["ab", "cde"].map(|text| IoSlice::new(text.as_bytes()));
            assert_eq!(io.write_vectored(&slices).await.unwrap(), 4);
            io.write_all(b"efghi").await.unwrap();
            assert_eq!(io.write(b"").await.unwrap(), 0);
            let (pieces, _) = io.into_parts().await.unwrap();
            assert_eq!(pieces.0, [&b"abcd"[..], b"efgh", b"i"]);
        });
    });
    catch_unwind(|| AsyncIo::new(()).max_buf_size(0)).unwrap_err();
}

#[test]
fn a_runtime_that_is_shut_down_causes_an_error_that_says_so() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let mut io = AsyncIo::new(&b"abc"[..]);
        let read = async {
            let _entered = handle.enter();
            io.read_u8().await
        };
        let error = futures_lite::future::block_on(read).unwrap_err();
        assert!(error.to_string().contains("shut down"), "{error}");
        let error = futures_lite::future::block_on(io.read_u8()).unwrap_err();
        assert!(error.to_string().contains("lost"), "{error}");
    });
}

#[test]
fn a_seek_that_fails_changes_nothing() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            let mut io = AsyncIo::seekable(Cursor::new(b"0123456789".to_vec()));
            assert_eq!(io.fill_buf().await.unwrap().len(), 10);
            io.consume(3);
            for offset in [-4, i64::MIN, i64::MIN + 3] {
                let error = io.seek(SeekFrom::Current(offset)).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
            }
            assert_eq!(io.read_u8().await.unwrap(), b'3');
            assert_eq!(io.seek(SeekFrom::Current(1)).await.unwrap(), 5);
            assert_eq!(io.read_u8().await.unwrap(), b'5');
        });
    });
}

/// A file whose position cannot be moved.
struct Stuck(Cursor<Vec<u8>>);

impl Read for Stuck {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Read::read(&mut self.0, buf)
    }
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut self.0, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Stuck {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::Error::other("stuck"))
    }
}

#[test]
fn what_was_read_ahead_is_kept_when_the_object_cannot_go_back_to_it() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            let mut io = AsyncIo::seekable(Stuck(Cursor::new(b"0123456789".to_vec())));
            assert_eq!(io.fill_buf().await.unwrap().len(), 10);
            assert_eq!(io.read_u8().await.unwrap(), b'0');
            io.write_all(b"x").await.unwrap();
            assert_eq!(io.read_u8().await.unwrap(), b'1');
            assert_eq!(io.flush().await.unwrap_err().to_string(), "stuck");
            assert_eq!(io.read_u8().await.unwrap(), b'2');
            assert_eq!(io.with_mut(|_| ()).await.unwrap_err().to_string(), "stuck");
            assert_eq!(io.read_u8().await.unwrap(), b'3');
            assert_eq!(io.fill_buf().await.unwrap(), b"456789");
        });
    });
}

#[test]
fn a_second_seek_before_the_first_has_ended_is_refused() {
    let mut io = AsyncIo::seekable(Cursor::new([0; 4]));
    Pin::new(&mut io).start_seek(SeekFrom::Start(1)).unwrap();
    Pin::new(&mut io).start_seek(SeekFrom::Start(2)).unwrap_err();
    assert_eq!(block_on(io.stream_position()).unwrap(), 1);
}

/// Sockets of `std`, one view for each direction, copied by Tokio.
#[test]
fn std_sockets_carry_what_tokio_copies() {
    fn views(socket: StdTcpStream) -> (AsyncIo<StdTcpStream>, AsyncIo<StdTcpStream>) {
        (AsyncIo::new(socket.try_clone().unwrap()), AsyncIo::new(socket))
    }

    within_a_minute(|stage| {
        let listener = StdTcpListener::bind("127.0.0.1:0").unwrap();
        let client = StdTcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let sent: Vec<u8> = (0..1_u32 << 20).map(|number| (number % 251) as u8).collect();
        stage.at("the copies");
        let received = current_thread().block_on(async {
            let (mut from_client, mut to_client) = views(server);
            let echo = task::spawn(async move {
                tokio::io::copy(&mut from_client, &mut to_client).await.unwrap();
                to_client.shutdown().await.unwrap();
                to_client.with_mut(|socket| socket.shutdown(std::net::Shutdown::Write)).await
            });
            let (mut from_server, mut to_server) = views(client);
            let write = async {
                tokio::io::copy(&mut &sent[..], &mut to_server).await.unwrap();
                to_server.flush().await.unwrap();
                to_server.with_mut(|socket| socket.shutdown(std::net::Shutdown::Write)).await
            };
            let mut received = Vec::new();
            let (read, written) = tokio::join!(from_server.read_to_end(&mut received), write);
            read.unwrap();
            written.unwrap().unwrap();
            echo.await.unwrap().unwrap().unwrap();
            received
        });
        assert!(received == sent, "what came back is not what was sent");
    });
}

#[test]
fn a_decompressor_of_std_is_read_in_async_code() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            let text = "a line of text\n".repeat(10_000);
            let packed = GzEncoder::new(Cursor::new(text.clone()), Compression::fast());
            let mut lines = AsyncIo::new(GzDecoder::new(packed)).lines();
            let mut count = 0;
            while let Some(line) = lines.next_line().await.unwrap() {
                assert_eq!(line, "a line of text");
                count += 1;
            }
            assert_eq!(count, 10_000);
        });
    });
}

#[test]
fn a_view_of_a_view_reads_and_writes() {
    within_a_minute(|_| {
        let mut file = SyncIo::new(AsyncIo::seekable(unnamed_file()));
        Write::write_all(&mut file, b"round trip").unwrap();
        assert_eq!(Seek::seek(&mut file, SeekFrom::Current(-4)).unwrap(), 6);
        assert_eq!(io::read_to_string(file).unwrap(), "trip");

        let (near, far) = tokio::io::duplex(4);
        let (mut near, mut far) = (AsyncIo::new(SyncIo::new(near)), AsyncIo::new(SyncIo::new(far)));
        multi_thread().block_on(async {
            let writes = async {
                near.write_all(b"there and back").await.unwrap();
                near.shutdown().await.unwrap();
                drop(near);
            };
            let mut text = String::new();
            let (read, ()) = tokio::join!(far.read_to_string(&mut text), writes);
            assert_eq!((read.unwrap(), &*text), (14, "there and back"));
        });
    });
}

#[test]
fn it_is_send_and_unpin_when_the_object_is_send() {
    fn assert_traits<T: AsyncBufRead + AsyncWrite + AsyncSeek + Send + Sync + Unpin>(_: T) {}

    assert_traits(AsyncIo::seekable(Cursor::new(Vec::new())));
}

#[test]
fn an_end_that_was_met_is_forgotten_when_the_object_is_moved() {
    within_a_minute(|_| {
        current_thread().block_on(async {
            let mut io = AsyncIo::new(Cursor::new(b"text".to_vec()));
            let mut text = String::new();
            io.read_to_string(&mut text).await.unwrap();
            // A read that meets the end again, and is dropped before it returns that.
            let mut byte = [0];
            while poll_once(io.read(&mut byte)).is_some() {}
            io.with_mut(|cursor| cursor.set_position(0)).await.unwrap();
            assert_eq!(io.read(&mut byte).await.unwrap(), 1);
            assert_eq!(&byte, b"t");
        });
    });
}
