//! A client of tonic against a server of tonic in a process of its own: all kinds of calls, from all kinds of callers.

mod grpc;
mod process;
#[path = "../../../tests/support/mod.rs"]
mod support;

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::stream;
use smartasync::{Bridge, Iter, WaitErrorKind, iter, smartasync};
use smartasync_interop_clients::{Way, bridges, everywhere, recovery};
use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};

use grpc::{Item, ItemsClient, Range, Seen, Total};
use process::Server;
use support::within;

/// How many callers `everywhere` has.
const CALLERS: u64 = 8;
const CALLS: u64 = 200;
/// How many items each of the streams of a call has.
const ITEMS: u64 = 20;
const LIMIT: Duration = Duration::from_secs(240);
const SHORT: Duration = Duration::from_millis(50);

#[test]
#[ignore = "is the server of the other tests, in a process of its own"]
fn server() {
    process::serve(grpc::serve);
}

#[smartasync]
async fn connect(url: String) -> Result<Channel, tonic::transport::Error> {
    Endpoint::from_shared(url)?.connect().await
}

#[smartasync]
async fn echo(channel: Channel) -> Result<Item, Status> {
    ItemsClient::new(channel).echo(Item::new(7)).await.map(|answer| answer.into_inner())
}

#[smartasync]
async fn seen(channel: Channel) -> Result<Seen, Status> {
    ItemsClient::new(channel).seen(Range::default()).await.map(|answer| answer.into_inner())
}

#[smartasync]
async fn chat(channel: Channel, items: UnboundedReceiver<Item>) -> Result<Streaming<Item>, Status> {
    ItemsClient::new(channel).chat(items).await.map(|answer| answer.into_inner())
}

/// Makes a call of each kind, and returns how many items the server was sent and has sent.
async fn exchange(channel: Channel, first: u64) -> Result<u64, Status> {
    let mut client = ItemsClient::new(channel);
    let numbers = first..first + ITEMS;
    let items = || stream::iter(numbers.clone().map(Item::new));
    let mut count = 0;

    assert_eq!(client.echo(Item::new(first)).await?.into_inner(), Item::new(first));
    count += 2;

    let total = client.add(items()).await?.into_inner();
    assert_eq!(total, Total { count: ITEMS, sum: numbers.clone().sum() });
    count += total.count;

    let list = client.list(Range { first, count: ITEMS }).await?;
    count += count_equal(list.into_inner(), &numbers).await?;
    let chat = client.chat(items()).await?;
    count += 2 * count_equal(chat.into_inner(), &numbers).await?;
    Ok(count)
}

async fn count_equal(
    mut items: Streaming<Item>,
    numbers: &std::ops::Range<u64>,
) -> Result<u64, Status> {
    let mut count = 0;
    while let Some(item) = items.message().await? {
        assert_eq!(item, Item::new(numbers.start + count));
        count += 1;
    }
    Ok(count)
}

/// What the server is sent in one `exchange`, and what is sent both ways.
const SENT: u64 = 1 + 2 * ITEMS;
const EXCHANGED: u64 = 2 + 4 * ITEMS;

static CHANNEL: OnceLock<Channel> = OnceLock::new();

#[smartasync]
async fn exchange_in_static(first: u64) -> Result<u64, Status> {
    exchange(CHANNEL.get().unwrap().clone(), first).await
}

/// The channel's tasks live on the runtime of the thread that makes it, which ends at once.
fn channel_of_ended_thread(server: &Server) -> Channel {
    let url = server.url();
    thread::spawn(move || connect(url).wait().unwrap()).join().unwrap()
}

#[test]
fn one_channel_serves_callers_of_all_kinds() {
    within(LIMIT, |stage| {
        let server = Server::start();
        let mut sent = 0;
        stage.at("plain Tokio");
        // The server is warm the second time.
        exchange_in_plain_tokio(server.url());
        let plain = exchange_in_plain_tokio(server.url());
        sent += 2 * CALLERS * CALLS * SENT;

        CHANNEL.set(channel_of_ended_thread(&server)).unwrap();
        for (name, bridge) in bridges() {
            stage.at(name);
            let begin = Instant::now();
            let count = everywhere(&bridge, CALLS, exchange_in_static);
            let time = begin.elapsed();
            assert_eq!(count, CALLERS * CALLS * EXCHANGED);
            sent += CALLERS * CALLS * SENT;
            let seen = seen(CHANNEL.get().unwrap().clone()).on(&bridge).wait().unwrap();
            assert_eq!(seen.items, sent);
            println!(
                "tonic, {name}: {count} items in {time:.1?}, {:.2} of {CALLERS} tasks of plain Tokio ({plain:.1?})",
                time.as_secs_f64() / plain.as_secs_f64()
            );
        }
    });
}

/// Returns how long as many tasks need for as many calls.
fn exchange_in_plain_tokio(url: String) -> Duration {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let channel = connect(url).await.unwrap();
        let begin = Instant::now();
        let task = |caller| {
            let channel = channel.clone();
            tokio::spawn(async move {
                for call in 0..CALLS {
                    let count = exchange(channel.clone(), caller * CALLS + call).await.unwrap();
                    assert_eq!(count, EXCHANGED);
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

/// How many threads talk at once, and how often.
const TALKERS: u64 = 4;
const ROUNDS: u64 = 500;

#[test]
fn sync_code_reads_answers_while_it_sends() {
    within(LIMIT, |stage| {
        let server = Server::start();
        stage.at("plain Tokio");
        let runtime = Runtime::new().unwrap();
        let channel = runtime.block_on(connect(server.url())).unwrap();
        let begin = Instant::now();
        talk_at_once(|| {
            let (sender, items) = unbounded();
            let mut answers = runtime.block_on(chat(channel.clone(), items)).unwrap();
            talk(&sender, || runtime.block_on(answers.message()).unwrap());
        });
        let plain = begin.elapsed();

        let channel = channel_of_ended_thread(&server);
        for (name, bridge) in bridges() {
            stage.at(name);
            let begin = Instant::now();
            talk_at_once(|| {
                let (sender, mut answers) = start_chat(&channel, &bridge);
                talk(&sender, || answers.next().map(Result::unwrap));
                drop(sender);
                assert!(answers.next().is_none(), "the server ends its stream after the client's");
            });
            let time = begin.elapsed();
            println!(
                "tonic, {name}: {TALKERS} threads, {ROUNDS} items to and fro in {time:.1?}, {:.2} of plain Tokio ({plain:.1?})",
                time.as_secs_f64() / plain.as_secs_f64()
            );
        }
    });
}

fn talk_at_once(talk: impl Fn() + Sync) {
    thread::scope(|scope| {
        for _ in 0..TALKERS {
            scope.spawn(&talk);
        }
    });
}

fn talk(sender: &UnboundedSender<Item>, mut next: impl FnMut() -> Option<Item>) {
    for number in 0..ROUNDS {
        sender.unbounded_send(Item::new(number)).unwrap();
        assert_eq!(next(), Some(Item::new(number)));
    }
}

fn start_chat(
    channel: &Channel,
    bridge: &Bridge,
) -> (UnboundedSender<Item>, Iter<Streaming<Item>>) {
    let (sender, items) = unbounded();
    let answers = chat(channel.clone(), items).on(bridge).wait().unwrap();
    (sender, iter(answers).on(bridge))
}

#[test]
fn a_stream_waits_for_a_slow_reader_and_loses_nothing() {
    // More than the windows of a stream and of its connection.
    const COUNT: u64 = 4_000;
    #[smartasync]
    async fn list(channel: Channel) -> Result<Streaming<Item>, Status> {
        let range = Range { first: 0, count: COUNT };
        ItemsClient::new(channel).list(range).await.map(|answer| answer.into_inner())
    }

    within(LIMIT, |stage| {
        let server = Server::start();
        let channel = channel_of_ended_thread(&server);
        for (name, bridge) in bridges() {
            let mut count = 0;
            for item in iter(list(channel.clone()).on(&bridge).wait().unwrap()).on(&bridge) {
                stage.at(format!("{name}, item {count}"));
                assert_eq!(item.unwrap(), Item::new(count));
                count += 1;
                if count % 500 == 0 {
                    thread::sleep(SHORT);
                    // The connection serves others meanwhile.
                    echo(channel.clone()).on(&bridge).wait().unwrap();
                }
            }
            assert_eq!(count, COUNT);
        }
    });
}

#[test]
fn a_plain_thread_sends_what_another_waits_for() {
    const COUNT: u64 = 5_000;
    #[smartasync]
    async fn add(channel: Channel, items: UnboundedReceiver<Item>) -> Result<Total, Status> {
        ItemsClient::new(channel).add(items).await.map(|answer| answer.into_inner())
    }

    within(LIMIT, |stage| {
        let server = Server::start();
        let channel = channel_of_ended_thread(&server);
        for (name, bridge) in bridges() {
            let (sender, items) = unbounded();
            let total = thread::scope(|scope| {
                scope.spawn(move || {
                    for number in 0..COUNT {
                        stage.at(format!("{name}, item {number}"));
                        sender.unbounded_send(Item::new(number)).unwrap();
                        if number % 500 == 0 {
                            thread::sleep(SHORT);
                        }
                    }
                });
                add(channel.clone(), items).on(&bridge).wait().unwrap()
            });
            assert_eq!(total, Total { count: COUNT, sum: (0..COUNT).sum() });
        }
    });
}

/// A request that the server does not answer. `limit` is the deadline that the server is told.
#[smartasync]
async fn never(channel: Channel, limit: Option<Duration>) -> Result<Item, Status> {
    let mut request = Request::new(Item::new(0));
    if let Some(limit) = limit {
        request.set_timeout(limit);
    }
    ItemsClient::new(channel).never(request).await.map(|answer| answer.into_inner())
}

#[test]
fn a_deadline_has_the_status_that_it_has_in_plain_tokio() {
    within(LIMIT, |stage| {
        let server = Server::start();
        let runtime = Runtime::new().unwrap();
        let plain = runtime.block_on(async {
            let channel = connect(server.url()).await.unwrap();
            never(channel, Some(SHORT)).await.unwrap_err().code()
        });
        assert!(matches!(plain, Code::Cancelled | Code::DeadlineExceeded), "{plain:?}");

        let channel = channel_of_ended_thread(&server);
        for (name, bridge) in bridges() {
            stage.at(name);
            give_up(&channel, || {
                let status = never(channel.clone(), Some(SHORT)).on(&bridge).wait().unwrap_err();
                assert_eq!(status.code(), plain, "{status}");
            });
            give_up(&channel, || {
                let status = smol::block_on(never(channel.clone(), Some(SHORT))).unwrap_err();
                assert_eq!(status.code(), plain, "{status}");
            });
        }
    });
}

#[test]
fn the_server_sees_that_a_wait_has_timed_out() {
    within(LIMIT, |stage| {
        let server = Server::start();
        let channel = channel_of_ended_thread(&server);
        for (name, bridge) in bridges() {
            stage.at(name);
            give_up(&channel, || {
                let call = never(channel.clone(), None).on(&bridge);
                assert_eq!(call.wait_timeout(SHORT).unwrap_err().kind(), WaitErrorKind::TimedOut);
            });
            assert_eq!(echo(channel.clone()).on(&bridge).wait().unwrap(), Item::new(7));
        }
    });
}

/// Makes a call of `never` that ends by a timeout, until the server has seen one before that. Then it waits until the
/// server has dropped what it has begun.
fn give_up(channel: &Channel, call: impl Fn()) {
    let seen = || seen(channel.clone()).wait().unwrap();
    let before = seen().begun;
    while seen().begun == before {
        call();
    }
    loop {
        let Seen { begun, given_up, .. } = seen();
        if given_up == begun {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_stream_goes_on_after_a_timeout() {
    within(LIMIT, |stage| {
        let server = Server::start();
        let channel = channel_of_ended_thread(&server);
        for (name, bridge) in bridges() {
            let (sender, mut answers) = start_chat(&channel, &bridge);
            for number in 0..5 {
                stage.at(format!("{name}, item {number}"));
                let error = answers.try_next_timeout(SHORT).unwrap_err();
                assert_eq!(error.kind(), WaitErrorKind::TimedOut);
                sender.unbounded_send(Item::new(number)).unwrap();
                let item = answers.try_next_timeout(LIMIT).unwrap().unwrap();
                assert_eq!(item.unwrap(), Item::new(number));
            }
        }
    });
}

#[test]
fn a_server_that_is_back_is_found_again() {
    let server = Server::start();
    let mut ways: Vec<Way> = vec![("plain Tokio", way_of_plain_tokio(server.url()))];
    for (name, bridge) in bridges() {
        let (url, mut channel) = (server.url(), None);
        let call = move || {
            let channel =
                channel.get_or_insert_with(|| connect(url.clone()).on(&bridge).wait().unwrap());
            echo(channel.clone()).on(&bridge).wait().is_ok()
        };
        ways.push((name, Box::new(call)));
    }
    let channel = channel_of_ended_thread(&server);
    let call = move || echo(channel.clone()).wait().is_ok();
    ways.push(("per thread, channel of an ended thread", Box::new(call)));

    let results = recovery("tonic", ways, || server.kill(), || server.start_again());
    // Each was without its server for a while.
    assert!(results.iter().all(|(_, failed)| *failed > 0), "{results:?}");
}

fn way_of_plain_tokio(url: String) -> Box<dyn FnMut() -> bool + Send> {
    let runtime = Runtime::new().unwrap();
    let channel = runtime.block_on(connect(url)).unwrap();
    Box::new(move || runtime.block_on(echo(channel.clone())).is_ok())
}
