//! Measures a round trip over a socket whose runtime is driven by its owner or by a driver thread.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
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

    let owner = Bridge::builder().idle_timeout(Duration::from_secs(3_600)).build();
    let mut stream = owner.block_on(connect(address));
    group.bench_function("the owner drives", |b| {
        b.iter(|| owner.block_on(round_trip(&mut stream)));
    });
    assert_eq!(owner.stats().driver_threads, 0);

    let driven = Bridge::builder().build();
    let mut stream = driven.block_on(async {
        drop(tokio::spawn(std::future::pending::<()>()));
        connect(address).await
    });
    group.bench_function("a driver thread drives", |b| {
        b.iter(|| driven.block_on(round_trip(&mut stream)));
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
