//! Measures a round trip over a socket whose runtime is driven by its owner, by a driver thread or in the background,
//! beside a blocking socket of std.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use smartasync::Bridge;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Echoes each byte.
fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || {
                let mut byte = [0];
                while stream.read_exact(&mut byte).is_ok() && stream.write_all(&byte).is_ok() {}
            });
        }
    });
    address
}

async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

async fn round_trip(stream: &mut TcpStream) {
    stream.write_u8(1).await.unwrap();
    stream.read_u8().await.unwrap();
}

fn bench(criterion: &mut Criterion) {
    let address = echo_server();
    let mut group = criterion.benchmark_group("echo");

    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    group.bench_function("std", |b| {
        b.iter(|| {
            stream.write_all(&[1]).unwrap();
            stream.read_exact(&mut [0]).unwrap();
        });
    });

    let owner = Bridge::builder().idle_timeout(Duration::from_secs(3_600)).build();
    let mut stream = owner.block_on(connect(address));
    group.bench_function("the owner drives", |b| {
        b.iter(|| owner.block_on(round_trip(&mut stream)));
    });
    assert_eq!(owner.stats().driver_threads, 0);

    let rested = Bridge::builder().build();
    let mut stream = rested.block_on(async {
        drop(tokio::spawn(std::future::pending::<()>()));
        connect(address).await
    });
    group.bench_function("the owner drives again after a rest, beside a task", |b| {
        b.iter(|| rested.block_on(round_trip(&mut stream)));
    });
    assert_eq!(rested.stats().driver_threads, 1);

    let driven = Bridge::builder().max_runtimes(1).build();
    let mut stream = driven.block_on(connect(address));
    thread::scope(|scope| {
        // A second owner, so that the driver thread stays.
        let (begun, has_begun) = channel();
        let (end, ended) = channel::<()>();
        let driven = &driven;
        scope.spawn(move || {
            driven.block_on(async {});
            begun.send(()).unwrap();
            let _ = ended.recv();
        });
        has_begun.recv().unwrap();
        group.bench_function("a driver thread drives", |b| {
            b.iter(|| driven.block_on(round_trip(&mut stream)));
        });
        drop(end);
    });
    assert_eq!(driven.stats().driver_threads, 1);

    let shared = Bridge::shared();
    let mut stream = shared.block_on(connect(address));
    group.bench_function("the shared runtime drives", |b| {
        b.iter(|| shared.block_on(round_trip(&mut stream)));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
