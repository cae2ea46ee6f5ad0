//! Redis: one connection for callers of all kinds, pipelines, messages, and servers that are killed and come back.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use redis::aio::{
    ConnectionManager, ConnectionManagerConfig, MultiplexedConnection, PubSubStream, SendError,
};
use redis::{
    AsyncCommands, AsyncConnectionConfig, Client, InfoDict, Msg, PushInfo, RedisResult, pipe,
};
use smartasync::{Bridge, Iter, iter, smartasync};
use smartasync_interop_clients::{Redis, Way, bridges, everywhere, recovery};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// How many callers `everywhere` has.
const CALLERS: u64 = 8;
const CALLS: u64 = 500;
const ALL: u64 = CALLERS * CALLS;

/// A deadline against hangs. The client's own, half a second for an answer, is too short for a machine under load.
const LIMIT: Duration = Duration::from_secs(60);

static SERVER: LazyLock<Redis> = LazyLock::new(Redis::start);

/// Made on a thread that stays, and that makes no other call.
static MULTIPLEXED: LazyLock<MultiplexedConnection> = LazyLock::new(|| {
    let (tell, made) = channel();
    thread::spawn(move || {
        tell.send(connect(SERVER.url()).wait().unwrap()).unwrap();
        loop {
            thread::park();
        }
    });
    made.recv_timeout(LIMIT).expect("a connection")
});

/// One for each bridge. Whoever comes first makes it: a thread, which then ends, or a task.
static MANAGERS: [OnceCell<ConnectionManager>; 3] = [const { OnceCell::const_new() }; 3];

#[smartasync]
async fn connect(url: String) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(LIMIT))
        .set_response_timeout(Some(LIMIT));
    Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await
}

/// Returns a manager that tries to connect again every few milliseconds, so that times can be compared.
#[smartasync]
async fn manage(url: String) -> RedisResult<ConnectionManager> {
    Client::open(url)?.get_connection_manager_with_config(config()).await
}

fn config() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_min_delay(Duration::from_millis(5))
        .set_max_delay(Duration::from_millis(10))
        .set_connection_timeout(Some(LIMIT))
        .set_response_timeout(Some(LIMIT))
}

/// Names the keys of one round of a test.
fn keys(test: &str, bridge: &str) -> &'static str {
    format!("{test}, {bridge}").leak()
}

fn value(keys: &str, number: u64) -> String {
    format!("the value of {number} in {keys}")
}

/// Takes the next number of a counter, writes a value of its own and reads it back. Returns the number taken.
#[smartasync]
async fn count(
    mut connection: impl AsyncCommands,
    keys: &'static str,
    number: u64,
) -> RedisResult<u64> {
    let (key, value) = (format!("{keys}: {number}"), value(keys, number));
    let taken = connection.incr(keys, 1).await?;
    let () = connection.set(&key, &value).await?;
    let read: String = connection.get(&key).await?;
    assert_eq!(read, value);
    Ok(taken)
}

/// Checks what `calls` calls of `count` have left: their numbers, whose sum is `sum`, the counter, and all values.
fn check(mut connection: MultiplexedConnection, keys: &str, calls: u64, sum: u64) {
    let names: Vec<_> = (0..calls).map(|number| format!("{keys}: {number}")).collect();
    let (counter, values): (u64, Vec<String>) = smartasync::block_on(async {
        RedisResult::Ok((connection.get(keys).await?, connection.mget(names).await?))
    })
    .unwrap();
    let right = (0..).zip(&values).filter(|(number, read)| **read == value(keys, *number)).count();
    println!("redis, {keys}: {calls} calls, the counter is {counter}, {right} values are right");
    assert_eq!((counter, right as u64), (calls, calls));
    assert_eq!(sum, calls * (calls + 1) / 2, "each caller has its own answers");
}

#[test]
fn a_multiplexed_connection_in_a_static_is_used_by_all_kinds_of_callers() {
    for (name, bridge) in bridges() {
        let keys = keys("multiplexed", name);
        let sum = everywhere(&bridge, CALLS, |number| count(MULTIPLEXED.clone(), keys, number));
        check(MULTIPLEXED.clone(), keys, ALL, sum);
    }
}

#[smartasync]
async fn count_managed(index: usize, keys: &'static str, number: u64) -> RedisResult<u64> {
    let manager = MANAGERS[index].get_or_try_init(|| manage(SERVER.url())).await?;
    count(manager.clone(), keys, number).await
}

#[test]
fn a_manager_in_a_static_is_used_by_all_kinds_of_callers() {
    for (index, (name, bridge)) in bridges().into_iter().enumerate() {
        let keys = keys("manager", name);
        let sum = everywhere(&bridge, CALLS, move |number| count_managed(index, keys, number));
        check(MULTIPLEXED.clone(), keys, ALL, sum);
    }
}

/// How many plain pipelines another caller's command has come into.
static INTERRUPTED: AtomicU64 = AtomicU64::new(0);

/// Takes two numbers of a counter in one pipeline, and writes and reads a value between them. Returns their sum.
#[smartasync]
async fn count_twice(keys: &'static str, is_atomic: bool, number: u64) -> RedisResult<u64> {
    // The server reads such a pipeline in two parts, and serves others in between.
    let value = format!("{number:020000}");
    let key = format!("{keys}: {number}");
    let mut pipeline = pipe();
    if is_atomic {
        pipeline.atomic();
    }
    pipeline.incr(keys, 1).set(&key, &value).ignore().get(&key).incr(keys, 1);
    // Commands of one connection would not come between those of a pipeline: there are two.
    let (first, read, second): (u64, String, u64) = if number % 2 == 0 {
        pipeline.query_async(&mut MULTIPLEXED.clone()).await?
    } else {
        let manager = MANAGERS[0].get_or_try_init(|| manage(SERVER.url())).await?;
        pipeline.query_async(&mut manager.clone()).await?
    };
    assert_eq!(read, value);
    if is_atomic {
        assert_eq!(second, first + 1);
    } else {
        assert!(second > first);
        INTERRUPTED.fetch_add(u64::from(second > first + 1), Ordering::Relaxed);
    }
    Ok(first + second)
}

#[test]
fn pipelines_keep_their_order_and_transactions_their_commands_together() {
    for (name, bridge) in bridges() {
        for (is_atomic, kind) in [(false, "pipelines"), (true, "transactions")] {
            let keys = keys(kind, name);
            INTERRUPTED.store(0, Ordering::Relaxed);
            let sum =
                everywhere(&bridge, CALLS, move |number| count_twice(keys, is_atomic, number));
            let counter: u64 = smartasync::block_on(MULTIPLEXED.clone().get(keys)).unwrap();
            println!(
                "redis, {keys}: {ALL} with two numbers each, the counter is {counter}, {} interrupted",
                INTERRUPTED.load(Ordering::Relaxed)
            );
            assert_eq!((counter, sum), (2 * ALL, ALL * (2 * ALL + 1)));
        }
    }
}

#[smartasync]
async fn subscribe(channel: &str) -> RedisResult<PubSubStream> {
    let mut messages = Client::open(SERVER.url())?.get_async_pubsub().await?;
    messages.subscribe(channel).await?;
    Ok(messages.into_on_message())
}

/// Returns how many subscribers the message is sent to.
#[smartasync]
async fn publish(channel: &str, number: u64) -> RedisResult<u64> {
    MULTIPLEXED.clone().publish(channel, number).await
}

/// Reads messages up to the one that says `ALL`.
fn read(mut messages: Iter<PubSubStream>) -> Vec<u64> {
    let mut numbers = Vec::new();
    loop {
        let message = messages.try_next_timeout(LIMIT);
        let message = message.unwrap_or_else(|error| panic!("{error}: {} read", numbers.len()));
        match message.expect("the subscription goes on").get_payload().unwrap() {
            ALL => return numbers,
            number => numbers.push(number),
        }
    }
}

#[test]
fn messages_of_publishers_of_all_kinds_arrive_once_and_in_order() {
    for (name, bridge) in bridges() {
        let channel = keys("messages", name);
        let make = {
            let bridge = bridge.clone();
            move || iter(subscribe(channel).on(&bridge).wait().unwrap()).on(&bridge)
        };
        // The thread that has made the second one has ended.
        let subscribers = [make(), thread::spawn(make).join().unwrap()];
        let readers = subscribers.map(|messages| thread::spawn(move || read(messages)));
        let sent = everywhere(&bridge, CALLS, |number| publish(channel, number));
        publish(channel, ALL).wait().unwrap();
        assert_eq!(sent, 2 * ALL);
        for reader in readers {
            let numbers = reader.join().unwrap();
            println!("redis, {channel}: {} of {ALL} arrived", numbers.len());
            assert_eq!(numbers.len() as u64, ALL);
            for first in (0..ALL).step_by(CALLS as usize) {
                let own = first..first + CALLS;
                assert!(
                    numbers.iter().copied().filter(|number| own.contains(number)).eq(own.clone())
                );
            }
        }
    }
}

/// Waits until somebody adds to a list.
#[smartasync]
async fn pop(mut connection: MultiplexedConnection, list: &str) -> RedisResult<(String, u64)> {
    connection.blpop(list, 0.0).await
}

fn blocked_clients() -> u64 {
    let info = redis::cmd("INFO");
    let info: InfoDict = smartasync::block_on(info.query_async(&mut MULTIPLEXED.clone())).unwrap();
    info.get("blocked_clients").unwrap()
}

#[test]
fn a_connection_goes_on_when_the_thread_that_made_it_has_ended() {
    for (name, bridge) in bridges() {
        let keys = keys("ended", name);
        let (end, ending) = channel::<()>();
        let (tell, made) = channel();
        let maker = thread::spawn({
            let bridge = bridge.clone();
            move || {
                tell.send(connect(SERVER.url()).on(&bridge).wait().unwrap()).unwrap();
                ending.recv().unwrap_err();
            }
        });
        let connection = made.recv_timeout(LIMIT).unwrap();
        let (tell, popped) = channel();
        thread::spawn({
            let (connection, bridge) = (connection.clone(), bridge.clone());
            move || tell.send(pop(connection, "list").on(&bridge).wait())
        });
        let begin = Instant::now();
        while blocked_clients() == 0 {
            assert!(begin.elapsed() < LIMIT, "nobody waits for the list");
            thread::sleep(Duration::from_millis(1));
        }
        // The thread ends between the command and its answer.
        drop(end);
        maker.join().unwrap();
        let () = smartasync::block_on(MULTIPLEXED.clone().rpush("list", 42)).unwrap();
        let answer = popped.recv_timeout(LIMIT).expect("an answer").unwrap();
        assert_eq!(answer, ("list".to_owned(), 42));

        let connection: &'static _ = Box::leak(Box::new(connection));
        let mut sum = everywhere(&bridge, CALLS, |number| count(connection.clone(), keys, number));
        // Threads that come and go take over the runtimes of those that have ended, but not the connection's.
        for number in ALL..ALL + 100 {
            let (tell, taken) = channel();
            let call = count(connection.clone(), keys, number).on(&bridge);
            thread::spawn(move || tell.send(call.wait()));
            sum += taken.recv_timeout(LIMIT).expect("an answer").unwrap();
        }
        check(connection.clone(), keys, ALL + 100, sum);
    }
}

/// Reads a number that the server does not have.
#[smartasync]
async fn ask(mut manager: ConnectionManager) -> RedisResult<Option<u64>> {
    manager.get("nothing").await
}

/// Returns ways that make the same call: in a runtime of Tokio's, with a wait, and in a task of another executor.
fn ways(mut manager: impl FnMut(Where) -> ConnectionManager) -> Vec<Way> {
    let multi = Runtime::new().unwrap();
    let single = Builder::new_current_thread().enable_all().build().unwrap();
    let mut ways: Vec<Way> = Vec::new();
    for (name, runtime) in [("plain Tokio", multi), ("plain Tokio, one thread", single)] {
        let manager = manager(Where::Runtime(&runtime));
        let call = move || runtime.block_on(ask(manager.clone()).into_inner()).is_ok();
        ways.push((name, Box::new(call)));
    }
    for (name, bridge) in bridges() {
        let manager = manager(Where::Bridge(&bridge));
        ways.push((name, Box::new(move || ask(manager.clone()).on(&bridge).wait().is_ok())));
    }
    let ended = manager(Where::EndedThread);
    ways.push((
        "made by a thread that has ended",
        Box::new(move || ask(ended.clone()).wait().is_ok()),
    ));
    let foreign = manager(Where::Foreign);
    ways.push(("a task of smol", Box::new(move || smol::block_on(ask(foreign.clone())).is_ok())));
    ways
}

/// Where a manager is made.
enum Where<'a> {
    Runtime(&'a Runtime),
    Bridge(&'a Bridge),
    EndedThread,
    Foreign,
}

impl Where<'_> {
    fn make(self, url: String) -> ConnectionManager {
        let manager = match self {
            Where::Runtime(runtime) => runtime.block_on(manage(url).into_inner()),
            Where::Bridge(bridge) => manage(url).on(bridge).wait(),
            Where::EndedThread => thread::spawn(move || manage(url).wait()).join().unwrap(),
            Where::Foreign => smol::block_on(manage(url)),
        };
        manager.unwrap()
    }
}

#[test]
fn callers_recover_as_on_plain_tokio() {
    let server = Redis::start();
    let ways = ways(|place| place.make(server.url()));
    let results = recovery("redis", ways, || server.kill(), || server.start_again());
    assert!(results.iter().all(|(_, failed)| *failed > 0), "each way has seen the server down");
}

#[test]
fn callers_that_share_a_manager_recover_together() {
    let server = Redis::start();
    let manager = manage(server.url()).wait().unwrap();
    let ways = ways(|_| manager.clone());
    let results = recovery("redis, shared", ways, || server.kill(), || server.start_again());
    assert!(results.iter().any(|(_, failed)| *failed > 0), "somebody has seen the server down");
}

/// Returns a manager that is subscribed to `channel`, also when it has connected again, and what it receives.
#[smartasync]
async fn manage_subscription(
    url: String,
    channel: &str,
) -> RedisResult<(ConnectionManager, UnboundedReceiver<PushInfo>)> {
    let (sender, receiver) = unbounded();
    let push = move |push| sender.unbounded_send(push).map_err(|_| SendError);
    let config = config().set_push_sender(push).set_automatic_resubscription();
    let client = Client::open(format!("{url}?protocol=resp3"))?;
    let mut manager = client.get_connection_manager_with_config(config).await?;
    manager.subscribe(channel).await?;
    Ok((manager, receiver))
}

#[smartasync]
async fn publish_to(mut manager: ConnectionManager, channel: &str, number: u64) -> bool {
    manager.publish(channel, number).await == RedisResult::Ok(1)
}

fn says(push: PushInfo, number: u64) -> bool {
    Msg::from_push_info(push).is_some_and(|message| message.get_payload() == Ok(number))
}

/// After this time a message counts as lost, and the next is sent.
const PATIENCE: Duration = Duration::from_millis(200);

#[test]
fn subscribers_recover_as_on_plain_tokio() {
    let server = Redis::start();
    let runtime = Runtime::new().unwrap();
    let subscription = manage_subscription(server.url(), "plain Tokio").into_inner();
    let (manager, mut pushes) = runtime.block_on(subscription).unwrap();
    let mut number = 0;
    let plain = move || {
        number += 1;
        runtime.block_on(async {
            let arrives = async {
                while let Some(push) = pushes.next().await {
                    if says(push, number) {
                        return true;
                    }
                }
                false
            };
            publish_to(manager.clone(), "plain Tokio", number).into_inner().await
                && timeout(PATIENCE, arrives).await == Ok(true)
        })
    };
    let mut ways: Vec<Way> = vec![("plain Tokio", Box::new(plain))];
    for (name, bridge) in bridges() {
        let subscription = manage_subscription(server.url(), name).on(&bridge).wait().unwrap();
        let (manager, mut pushes) = (subscription.0, iter(subscription.1).on(&bridge));
        let mut number = 0;
        let call = move || {
            number += 1;
            if !publish_to(manager.clone(), name, number).on(&bridge).wait() {
                return false;
            }
            while let Ok(Some(push)) = pushes.try_next_timeout(PATIENCE) {
                if says(push, number) {
                    return true;
                }
            }
            false
        };
        ways.push((name, Box::new(call)));
    }
    recovery("redis, subscribers", ways, || server.kill(), || server.start_again());
}
