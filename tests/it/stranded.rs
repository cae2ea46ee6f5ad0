//! What a thread makes in a call is served wherever it is used, also while that thread makes no calls.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use std::{any, net, thread};

use smartasync::{block_on, smartasync};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Interval, interval};

use crate::support::{SaysGoodbye, Stage, multi_thread, within, within_a_minute};

const EVENTS: u64 = 50;
const DEADLINE: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(5);

/// Something that lives on the runtime on which it was made.
trait Source: Send + Sized + 'static {
    async fn make() -> Self;

    /// Waits for the `n`th event.
    fn event(&mut self, n: u64) -> impl Future<Output = ()> + Send;

    /// How long the `n`th event takes to come. The time beyond that is the delay in serving it.
    fn pause(n: u64) -> Duration {
        // Sometimes there is nothing to do for a while.
        Duration::from_millis(if n % 10 == 9 { 50 } else { 1 })
    }
}

/// The peer of a socket: its answer to the `n`th question.
fn answer(question: [u8; 8], n: u64) -> [u8; 16] {
    thread::sleep(TcpStream::pause(n));
    let mut answer = [0; 16];
    answer[..8].copy_from_slice(&question);
    answer[8..].copy_from_slice(&n.to_be_bytes());
    answer
}

fn check(answer: [u8; 16], n: u64) {
    assert_eq!(answer, [n.to_be_bytes(); 2].as_flattened());
}

fn answer_on(mut stream: impl Read + Write) {
    for n in 0..EVENTS {
        let mut question = [0; 8];
        stream.read_exact(&mut question).unwrap();
        stream.write_all(&answer(question, n)).unwrap();
    }
}

async fn ask_on(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), n: u64) {
    stream.write_all(&n.to_be_bytes()).await.unwrap();
    let mut answer = [0; 16];
    stream.read_exact(&mut answer).await.unwrap();
    check(answer, n);
}

impl Source for TcpStream {
    async fn make() -> TcpStream {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || answer_on(listener.accept().unwrap().0));
        TcpStream::connect(address).await.unwrap()
    }

    async fn event(&mut self, n: u64) {
        ask_on(self, n).await;
    }
}

#[cfg(unix)]
impl Source for tokio::net::UnixStream {
    async fn make() -> tokio::net::UnixStream {
        let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
        thread::spawn(move || answer_on(far));
        near.set_nonblocking(true).unwrap();
        tokio::net::UnixStream::from_std(near).unwrap()
    }

    async fn event(&mut self, n: u64) {
        ask_on(self, n).await;
    }
}

impl Source for UdpSocket {
    async fn make() -> UdpSocket {
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let peer = net::UdpSocket::bind(any_port).unwrap();
        let near = UdpSocket::bind(any_port).await.unwrap();
        near.connect(peer.local_addr().unwrap()).await.unwrap();
        thread::spawn(move || {
            for n in 0..EVENTS {
                let mut question = [0; 8];
                let (_, from) = peer.recv_from(&mut question).unwrap();
                peer.send_to(&answer(question, n), from).unwrap();
            }
        });
        near
    }

    async fn event(&mut self, n: u64) {
        self.send(&n.to_be_bytes()).await.unwrap();
        let mut answer = [0; 16];
        assert_eq!(self.recv(&mut answer).await.unwrap(), answer.len());
        check(answer, n);
    }
}

impl Source for Interval {
    async fn make() -> Interval {
        interval(TICK)
    }

    async fn event(&mut self, _n: u64) {
        self.tick().await;
    }

    fn pause(_n: u64) -> Duration {
        TICK
    }
}

#[smartasync]
async fn make<S: Source>() -> S {
    S::make().await
}

#[smartasync]
async fn event<S: Source>(mut source: S, n: u64) -> S {
    source.event(n).await;
    source
}

/// Has `serve` wait for each event in turn, and prints the largest delay.
fn events<S: Source>(stage: &Stage, mut source: S, serve: impl Fn(S, u64) -> S) {
    let mut delays = Vec::new();
    for n in 0..EVENTS {
        stage.at(format!("event {n}"));
        let start = Instant::now();
        source = serve(source, n);
        delays.push(start.elapsed().saturating_sub(S::pause(n)));
    }
    let (kind, first) = (any::type_name::<S>(), delays[0]);
    let worst = delays.into_iter().max().unwrap_or_default();
    println!("{kind}: {first:?} for the first event, {worst:?} at the worst");
    stage.at("the end");
}

fn beside_its_parked_thread<S: Source>(stage: &Stage) {
    stage.at("the making");
    let (give, take) = channel();
    let (release, parked) = channel::<()>();
    let maker = thread::spawn(move || {
        give.send(make::<S>().wait()).unwrap();
        parked.recv().unwrap_err();
    });
    events(stage, take.recv().unwrap(), |source, n| event(source, n).wait());
    drop(release);
    maker.join().unwrap();
}

fn in_tasks<S: Source>(stage: &Stage) {
    stage.at("the making");
    let source = make::<S>().wait();
    let runtime = multi_thread();
    events(stage, source, |source, n| {
        let task = runtime.spawn(event(source, n).into_future());
        runtime.block_on(task).unwrap()
    });
}

fn after_its_thread<S: Source>(stage: &Stage) {
    stage.at("the making");
    let source = thread::spawn(|| make::<S>().wait()).join().unwrap();
    events(stage, source, |source, n| event(source, n).wait());
}

macro_rules! each_use_of {
    ($module:ident, $source:ty) => {
        mod $module {
            use super::*;

            #[test]
            fn made_in_a_call_is_served_in_calls_of_another_thread_while_its_own_is_parked() {
                within(DEADLINE, beside_its_parked_thread::<$source>);
            }

            #[test]
            fn made_in_a_synchronous_start_up_is_served_in_tasks() {
                within(DEADLINE, in_tasks::<$source>);
            }

            #[test]
            fn made_in_a_call_is_served_after_its_thread_has_ended() {
                within(DEADLINE, after_its_thread::<$source>);
            }
        }
    };
}

each_use_of!(a_tcp_stream, TcpStream);
#[cfg(unix)]
each_use_of!(a_unix_stream, tokio::net::UnixStream);
each_use_of!(a_udp_socket, UdpSocket);
each_use_of!(an_interval, Interval);

/// Starts a task that counts ticks, on the runtime that polls this future.
async fn ticker() -> Arc<AtomicU64> {
    let ticks = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&ticks);
    tokio::spawn(async move {
        let mut interval = interval(TICK);
        loop {
            interval.tick().await;
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    ticks
}

#[test]
fn a_task_spawned_in_a_call_ticks_on_between_calls() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let (ours, theirs) = (block_on(ticker()), runtime.block_on(ticker()));
        thread::sleep(Duration::from_secs(1));
        let (ours, theirs) = (ours.load(Ordering::Relaxed), theirs.load(Ordering::Relaxed));
        println!("{ours} ticks on the thread's runtime, {theirs} on a multi-thread runtime");
        assert!(ours * 5 >= theirs * 4, "{ours} ticks, and {theirs} on a multi-thread runtime");
    });
}

#[test]
fn what_an_object_spawns_as_it_is_dropped_in_a_call_runs() {
    within_a_minute(|stage| {
        let (told, runs) = channel();
        let object = SaysGoodbye(told.clone());
        block_on(async move { drop(object) });
        stage.at("the goodbye");
        runs.recv().unwrap();

        // The object is made on a plain thread outside a call: this is the case that panics, and a call is the
        // solution.
        let object = SaysGoodbye(told);
        let payload = catch_unwind(AssertUnwindSafe(|| drop(object))).unwrap_err();
        let message = payload.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| payload.downcast_ref().copied()).unwrap();
        assert!(message.contains("no reactor running"), "{message}");
    });
}
