//! What does a round trip over a socket cost, depending on who drives the socket's runtime, beside a blocking socket
//! of std and beside what people use today?

mod compare;
mod cores;
mod echo;
mod peers;
mod turns;

use std::net::{SocketAddr, TcpStream as StdStream};
use std::pin::Pin;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use async_io::Async;
use compare::Comparison;
use criterion::{Criterion, criterion_group, criterion_main};
use echo::{connect, round_trip, std_connect, std_round_trip};
use peers::ClientThread;
use smartasync::Bridge;
use tokio::net::TcpStream;

async fn async_io_connect(address: SocketAddr) -> Async<StdStream> {
    let stream = Async::<StdStream>::connect(address).await.unwrap();
    stream.get_ref().set_nodelay(true).unwrap();
    stream
}

async fn async_io_round_trip(stream: &mut Async<StdStream>) {
    futures_lite::AsyncWriteExt::write_all(stream, &[1]).await.unwrap();
    futures_lite::AsyncReadExt::read_exact(stream, &mut [0]).await.unwrap();
}

type RoundTrip = Pin<Box<dyn Future<Output = TcpStream> + Send>>;

/// A round trip in a future that owns what it uses, as one has to that is sent to another thread.
fn sent_round_trips(stream: TcpStream, run: impl Fn(RoundTrip) -> TcpStream) -> impl FnMut() {
    let mut kept = Some(stream);
    move || {
        let mut stream = kept.take().expect("the last round trip gave it back");
        kept = Some(run(Box::pin(async move {
            round_trip(&mut stream).await;
            stream
        })));
    }
}

/// Has an owner beside the calling thread, for as long as `section` runs: so the driver thread stays.
fn with_another_owner(bridge: &Bridge, section: impl FnOnce()) {
    thread::scope(|scope| {
        let (begun, has_begun) = channel();
        let (end, ended) = channel::<()>();
        scope.spawn(move || {
            bridge.block_on(async {});
            begun.send(()).unwrap();
            let _ = ended.recv();
        });
        has_begun.recv().unwrap();
        section();
        drop(end);
    });
}

/// Starts a server on one core, and keeps the calling thread on another one, or on the same.
fn beside<S: Send + 'static>(core: usize, server: fn() -> S) -> S {
    cores::keep_to(0);
    let started = thread::spawn(move || {
        cores::keep_to(core);
        server()
    });
    started.join().expect("the server starts")
}

fn bench_echo(criterion: &mut Criterion) {
    compare_echoes(criterion, "echo, the server on another core", beside(1, echo::server));
    compare_echoes(criterion, "echo, the server on the same core", beside(0, echo::server));
}

fn compare_echoes(criterion: &mut Criterion, name: &str, address: SocketAddr) {
    let owner = Bridge::builder().idle_timeout(Duration::from_secs(3_600)).build();
    let rested = Bridge::builder().build();
    let driven = Bridge::builder().max_runtimes(1).build();
    let shared = Bridge::shared();
    let client = ClientThread::new();

    let mut std_stream = std_connect(address);
    let mut of_default = smartasync::block_on(connect(address));
    let mut of_owner = owner.block_on(connect(address));
    let mut of_rested = rested.block_on(async {
        drop(tokio::spawn(std::future::pending::<()>()));
        connect(address).await
    });
    let mut of_driven = driven.block_on(connect(address));
    let mut of_shared = shared.block_on(connect(address));
    let mut of_reused = peers::reused_runtime(connect(address));
    let [mut of_handle, mut of_multi_thread, of_task] =
        [(); 3].map(|()| peers::multi_thread(connect(address)));
    let of_client = client.call(connect(address));
    let mut of_async_io = peers::async_io(async_io_connect(address));

    with_another_owner(&driven, || {
        Comparison::new(name)
            .turns(Duration::from_millis(10), 100)
            .kind("std", || std_round_trip(&mut std_stream))
            .kind("smartasync", || smartasync::block_on(round_trip(&mut of_default)))
            .kind("the owner drives", || owner.block_on(round_trip(&mut of_owner)))
            .kind("the owner drives again after a rest, beside a task", || {
                rested.block_on(round_trip(&mut of_rested));
            })
            .kind("a driver thread drives", || driven.block_on(round_trip(&mut of_driven)))
            .kind("the shared runtime drives", || shared.block_on(round_trip(&mut of_shared)))
            .kind("reused Runtime::block_on", || peers::reused_runtime(round_trip(&mut of_reused)))
            .kind("Handle::block_on", || peers::handle(round_trip(&mut of_handle)))
            .kind("multi-thread Runtime::block_on", || {
                peers::multi_thread(round_trip(&mut of_multi_thread));
            })
            .kind("a task, and a channel", sent_round_trips(of_task, peers::multi_thread_spawn))
            .kind(
                "a thread for the client",
                sent_round_trips(of_client, |future| client.call(future)),
            )
            .kind("async_io::block_on", || {
                peers::async_io(async_io_round_trip(&mut of_async_io));
            })
            .measure(criterion)
            .print_others();
    });
    assert_eq!(owner.stats().driver_threads, 0);
    assert_eq!(rested.stats().driver_threads, 1);
    assert_eq!(driven.stats().driver_threads, 1);
}

fn bench_connect(criterion: &mut Criterion) {
    let address = beside(1, echo::one_byte_server);
    let client = ClientThread::new();
    let calls = move || async move { round_trip(&mut connect(address).await).await };
    Comparison::new("connect, echo, close, the server on another core")
        .turns(Duration::from_millis(10), 100)
        .kind("std", move || std_round_trip(&mut std_connect(address)))
        .kind("smartasync", move || smartasync::block_on(calls()))
        .kind("the shared runtime drives", move || Bridge::shared().block_on(calls()))
        .kind("reused Runtime::block_on", move || peers::reused_runtime(calls()))
        .kind("Handle::block_on", move || peers::handle(calls()))
        .kind("multi-thread Runtime::block_on", move || peers::multi_thread(calls()))
        .kind("a task, and a channel", move || peers::multi_thread_spawn(calls()))
        .kind("a thread for the client", move || client.call(calls()))
        .kind("async_io::block_on", move || {
            peers::async_io(async move {
                async_io_round_trip(&mut async_io_connect(address).await).await;
            });
        })
        .kind("a runtime for each call", move || peers::runtime_a_call(calls()))
        .measure(criterion)
        .print_others();
}

criterion_group!(benches, bench_echo, bench_connect);
criterion_main!(benches);
