//! A client of reqwest against a server of axum in a process of its own, over HTTP/1.1 and HTTP/2, from all kinds of
//! callers. Bodies are read and written by blocking code.

mod process;
#[path = "../../../tests/support/mod.rs"]
mod support;
mod web;

use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::TryStreamExt;
use futures::stream::{self, BoxStream};
use reqwest::{Body, Client, ClientBuilder, Response};
use smartasync::io::{AsyncIo, SyncIo};
use smartasync::{Bridge, WaitErrorKind, smartasync};
use smartasync_interop_clients::{Way, bridges, everywhere, recovery};
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::{Handle, Runtime};
use tokio::time::timeout;
use tokio_util::io::{ReaderStream, StreamReader, SyncIoBridge};

use process::Server;
use support::within;
use web::{Digest, Pattern};

/// How many callers `everywhere` has.
const CALLERS: u64 = 8;
const CALLS: u64 = 250;
const LIMIT: Duration = Duration::from_secs(240);
const SHORT: Duration = Duration::from_millis(100);

#[test]
#[ignore = "is the server of the other tests, in a process of its own"]
fn server() {
    process::serve(web::serve);
}

/// A version of HTTP, and what makes clients that speak it.
type Http = (&'static str, fn() -> ClientBuilder);

// A proxy that the environment names is not used for loopback.
const VERSIONS: [Http; 2] = [
    ("HTTP/1.1", || Client::builder().no_proxy().http1_only()),
    ("HTTP/2.0", || Client::builder().no_proxy().http2_prior_knowledge()),
];

/// One client for each version, whose pools all tests share.
static CLIENTS: LazyLock<[Client; 2]> =
    LazyLock::new(|| VERSIONS.map(|(_, builder)| builder().build().unwrap()));

fn clients() -> impl Iterator<Item = (&'static str, &'static Client)> {
    VERSIONS.iter().zip(&*CLIENTS).map(|((version, _), client)| (*version, client))
}

/// Returns the number, if the server answers with it in this version.
#[smartasync]
async fn number(client: Client, url: &str, version: &str, number: u64) -> reqwest::Result<u64> {
    let response = client.get(format!("{url}/number/{number}")).send().await?;
    let text = response.error_for_status()?.text().await?;
    assert_eq!(text, format!("{number} {version}"));
    Ok(number)
}

/// Returns what the server has seen: the numbers, and the requests that it never answers and of these the ones that were
/// given up.
#[smartasync]
async fn seen(client: &Client, url: &str) -> reqwest::Result<[u64; 3]> {
    let text = client.get(format!("{url}/seen")).send().await?.text().await?;
    let mut counts = text.split(' ').map(|count| count.parse().unwrap());
    Ok(std::array::from_fn(|_| counts.next().unwrap()))
}

#[test]
fn one_client_serves_callers_of_all_kinds() {
    within(LIMIT, |stage| {
        let server = Server::start();
        let url: &'static str = server.url().leak();
        let mut requests = 0;
        for (version, client) in clients() {
            stage.at(format!("plain Tokio, {version}"));
            // The server is warm the second time.
            numbers_in_plain_tokio(url, version);
            let plain = numbers_in_plain_tokio(url, version);
            requests += 2 * CALLERS * CALLS;
            for (name, bridge) in bridges() {
                stage.at(format!("{name}, {version}"));
                let begin = Instant::now();
                let call = move |index| number(client.clone(), url, version, index);
                let sum = everywhere(&bridge, CALLS, call);
                let time = begin.elapsed();
                assert_eq!(sum, (0..CALLERS * CALLS).sum::<u64>());
                requests += CALLERS * CALLS;
                assert_eq!(seen(client, url).on(&bridge).wait().unwrap()[0], requests);
                println!(
                    "reqwest, {version}, {name}: {} requests in {time:.1?}, {:.2} of {CALLERS} tasks of plain Tokio ({plain:.1?})",
                    CALLERS * CALLS,
                    ratio(time, plain)
                );
            }
        }
    });
}

/// Returns how long as many tasks need for as many requests.
fn numbers_in_plain_tokio(url: &'static str, version: &'static str) -> Duration {
    let client = new_client(version);
    Runtime::new().unwrap().block_on(async {
        let begin = Instant::now();
        let task = |caller| {
            let client = client.clone();
            tokio::spawn(async move {
                for index in caller * CALLS..(caller + 1) * CALLS {
                    number(client.clone(), url, version, index).await.unwrap();
                }
            })
        };
        let tasks: Vec<_> = (0..CALLERS).map(task).collect();
        for task in tasks {
            task.await.unwrap();
        }
        begin.elapsed()
    })
}

fn new_client(version: &str) -> Client {
    let (_, builder) = VERSIONS.iter().find(|(name, _)| *name == version).unwrap();
    builder().build().unwrap()
}

fn ratio(ours: Duration, plain: Duration) -> f64 {
    ours.as_secs_f64() / plain.as_secs_f64()
}

/// How many threads stream bodies at once, and how many bytes each body has.
const STREAMERS: usize = 4;
const BYTES: u64 = 4_000_001;

#[smartasync]
async fn post(client: &Client, url: String, body: Body) -> reqwest::Result<Response> {
    client.post(url).body(body).send().await?.error_for_status()
}

#[smartasync]
async fn get(client: &Client, url: String) -> reqwest::Result<Response> {
    client.get(url).send().await?.error_for_status()
}

#[smartasync]
async fn text(response: Response) -> reqwest::Result<String> {
    response.text().await
}

/// A body that is read by blocking code, on a blocking pool.
fn upload() -> Body {
    Body::wrap_stream(ReaderStream::new(AsyncIo::new(Pattern::new(BYTES))))
}

type BodyReader = StreamReader<BoxStream<'static, io::Result<Bytes>>, Bytes>;

fn body_reader(response: Response) -> BodyReader {
    StreamReader::new(Box::pin(response.bytes_stream().map_err(io::Error::other)))
}

#[test]
fn blocking_code_reads_and_writes_bodies() {
    within(LIMIT, |stage| {
        let server = Server::start();
        let url = &server.url();
        let digest = &Digest::of(Pattern::new(BYTES)).unwrap();
        for (version, client) in clients() {
            stage.at(format!("plain Tokio, {version}"));
            // The server is warm the second time.
            stream_in_plain_tokio(url, version, digest);
            let plain = stream_in_plain_tokio(url, version, digest);
            for (name, bridge) in bridges() {
                stage.at(format!("{name}, {version}"));
                let begin = Instant::now();
                at_once(|| stream_bodies(client, url, &bridge, digest));
                let time = begin.elapsed();
                println!(
                    "reqwest, {version}, {name}: {STREAMERS} threads, {BYTES} bytes up, down, and both in {time:.1?}, {:.2} of plain Tokio ({plain:.1?})",
                    ratio(time, plain)
                );
            }
        }
    });
}

fn at_once(work: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..STREAMERS {
            scope.spawn(&work);
        }
    });
}

/// Sends a body, receives one, and does both at once.
fn stream_bodies(client: &Client, url: &str, bridge: &Bridge, digest: &str) {
    let received = post(client, format!("{url}/digest"), upload()).on(bridge).wait().unwrap();
    assert_eq!(text(received).on(bridge).wait().unwrap(), digest);

    let sent = get(client, format!("{url}/pattern/{BYTES}")).on(bridge).wait().unwrap();
    assert_eq!(Digest::of(SyncIo::new(body_reader(sent)).on(bridge)).unwrap(), digest);

    let echo = post(client, format!("{url}/echo"), upload()).on(bridge).wait().unwrap();
    assert_eq!(Digest::of(SyncIo::new(body_reader(echo)).on(bridge)).unwrap(), digest);
}

/// Returns how long as many threads need for the same with a channel, and with the bridge of `tokio-util`.
fn stream_in_plain_tokio(url: &str, version: &str, digest: &str) -> Duration {
    let (client, runtime) = (&new_client(version), Runtime::new().unwrap());
    let handle = runtime.handle();
    let begin = Instant::now();
    at_once(|| {
        let upload = || channel_body(handle);
        let received = handle.block_on(post(client, format!("{url}/digest"), upload())).unwrap();
        assert_eq!(handle.block_on(text(received)).unwrap(), digest);
        let digest_of = |response| {
            let reader = SyncIoBridge::new_with_handle(body_reader(response), handle.clone());
            Digest::of(reader).unwrap()
        };
        let sent = handle.block_on(get(client, format!("{url}/pattern/{BYTES}"))).unwrap();
        assert_eq!(digest_of(sent), digest);
        let echo = handle.block_on(post(client, format!("{url}/echo"), upload())).unwrap();
        assert_eq!(digest_of(echo), digest);
    });
    begin.elapsed()
}

/// A body that a thread of the blocking pool reads and sends into a channel.
fn channel_body(handle: &Handle) -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    handle.spawn_blocking(move || {
        let mut pattern = Pattern::new(BYTES);
        // The size of what `ReaderStream` reads.
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = pattern.read(&mut buffer) {
            let bytes = Bytes::copy_from_slice(&buffer[..count]);
            if sender.blocking_send(io::Result::Ok(bytes)).is_err() {
                return;
            }
        }
    });
    let next = async |mut receiver: tokio::sync::mpsc::Receiver<_>| {
        receiver.recv().await.map(|bytes| (bytes, receiver))
    };
    Body::wrap_stream(stream::unfold(receiver, next))
}

#[test]
fn a_body_goes_on_after_a_timeout_of_its_reader() {
    within(LIMIT, |stage| {
        let server = Server::start();
        for (version, client) in clients() {
            for (name, bridge) in bridges() {
                stage.at(format!("{name}, {version}"));
                let url = server.url();
                let response = get(client, format!("{url}/halves")).on(&bridge).wait().unwrap();
                let mut reader = SyncIo::new(body_reader(response)).on(&bridge);
                let mut half = [0; 4];
                reader.read_exact(&mut half).unwrap();
                assert_eq!(&half, b"half");
                reader.set_read_timeout(Some(SHORT));
                assert_eq!(reader.read(&mut half).unwrap_err().kind(), ErrorKind::TimedOut);
                reader.set_read_timeout(None);
                get(client, format!("{url}/second_half")).on(&bridge).wait().unwrap();
                assert_eq!(io::read_to_string(reader).unwrap(), "half");
            }
        }
    });
}

/// A request that the server does not answer. `limit` is reqwest's own.
#[smartasync]
async fn never(client: &Client, url: &str, limit: Option<Duration>) -> reqwest::Result<Response> {
    let request = client.get(format!("{url}/never"));
    match limit {
        Some(limit) => request.timeout(limit).send().await,
        None => request.send().await,
    }
}

#[test]
fn a_request_that_has_timed_out_is_given_up() {
    within(LIMIT, |stage| {
        let server = Server::start();
        let url = &server.url();
        for (version, client) in clients() {
            for (name, bridge) in bridges() {
                stage.at(format!("{name}, {version}, reqwest's timeout"));
                let is_timeout = |error: reqwest::Error| error.is_timeout() && !error.is_connect();
                give_up(client, url, || {
                    let error = never(client, url, Some(SHORT)).on(&bridge).wait().unwrap_err();
                    assert!(is_timeout(error));
                });
                give_up(client, url, || {
                    let error = smol::block_on(never(client, url, Some(SHORT))).unwrap_err();
                    assert!(is_timeout(error));
                });
                stage.at(format!("{name}, {version}, the timeout of a wait"));
                give_up(client, url, || {
                    let call = never(client, url, None).on(&bridge);
                    let error = call.wait_timeout(SHORT).unwrap_err();
                    assert_eq!(error.kind(), WaitErrorKind::TimedOut);
                });
            }
        }
    });
}

/// Sends a request that ends by a timeout, until the server has seen one before that. Then it waits until the server has
/// dropped what it has begun.
fn give_up(client: &Client, url: &str, request: impl Fn()) {
    let seen = || seen(client, url).wait().unwrap();
    let [_, before, _] = seen();
    while seen()[1] == before {
        request();
    }
    loop {
        let [_, begun, given_up] = seen();
        if given_up == begun {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_connection_that_is_refused_is_an_error_of_the_connection() {
    within(LIMIT, |stage| {
        let server = Server::start();
        let url = &server.url();
        server.kill();
        for (version, client) in clients() {
            for (name, bridge) in bridges() {
                stage.at(format!("{name}, {version}"));
                let error = seen(client, url).on(&bridge).wait().unwrap_err();
                assert!(error.is_connect() && !error.is_timeout(), "{error:?}");
                let error = smol::block_on(seen(client, url)).unwrap_err();
                assert!(error.is_connect() && !error.is_timeout(), "{error:?}");
            }
        }
    });
}

/// Linux does not answer when the queue of a listener is full.
#[cfg(target_os = "linux")]
#[test]
fn a_connection_that_is_not_accepted_times_out() {
    #[smartasync]
    async fn fill_queue() -> io::Result<(SocketAddr, tokio::net::TcpListener, Vec<TcpStream>)> {
        let socket = TcpSocket::new_v4()?;
        socket.bind("127.0.0.1:0".parse().unwrap())?;
        let listener = socket.listen(0)?;
        let address = listener.local_addr()?;
        let mut connections = Vec::new();
        while let Ok(connection) = timeout(SHORT * 5, TcpStream::connect(address)).await {
            connections.push(connection?);
        }
        Ok((address, listener, connections))
    }

    within(LIMIT, |stage| {
        let (address, _listener, _connections) = fill_queue().wait().unwrap();
        let url = &format!("http://{address}");
        for (version, builder) in VERSIONS {
            let client = &builder().connect_timeout(SHORT).build().unwrap();
            for (name, bridge) in bridges() {
                stage.at(format!("{name}, {version}"));
                let error = seen(client, url).on(&bridge).wait().unwrap_err();
                assert!(error.is_connect() && error.is_timeout(), "{error:?}");
            }
        }
    });
}

#[test]
fn a_server_that_is_back_is_found_again() {
    for (version, builder) in VERSIONS {
        let server = Server::start();
        let url: &'static str = server.url().leak();
        let (runtime, client) = (Runtime::new().unwrap(), builder().build().unwrap());
        let plain = move || runtime.block_on(number(client.clone(), url, version, 7)).is_ok();
        let mut ways: Vec<Way> = vec![("plain Tokio", Box::new(plain))];
        for (name, bridge) in bridges() {
            let client = builder().build().unwrap();
            let call = move || number(client.clone(), url, version, 7).on(&bridge).wait().is_ok();
            ways.push((name, Box::new(call)));
        }
        let (kill, start) = (|| server.kill(), || server.start_again());
        let results = recovery(&format!("reqwest, {version}"), ways, kill, start);
        // Each was without its server for a while.
        assert!(results.iter().all(|(_, failed)| *failed > 0), "{results:?}");
    }
}
