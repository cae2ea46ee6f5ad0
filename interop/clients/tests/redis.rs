//! Redis: one connection for callers of all kinds, pipelines, messages, and servers that are killed and come back.

#[path = "redis/messages.rs"]
mod messages;
#[path = "redis/recovery.rs"]
mod recovery;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use redis::aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::{AsyncCommands, AsyncConnectionConfig, Client, InfoDict, RedisResult, pipe};
use smartasync::{block_on, smartasync};
use smartasync_interop_clients::{Redis, bridges, everywhere};
use tokio::sync::OnceCell;

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

#[smartasync]
async fn manage(url: String) -> RedisResult<ConnectionManager> {
    Client::open(url)?.get_connection_manager_with_config(config()).await
}

/// A manager tries to connect again after 20 to 40 ms, and gives up after at most 160: the server is down for longer.
fn config() -> ConnectionManagerConfig {
    ConnectionManagerConfig::new()
        .set_min_delay(Duration::from_millis(20))
        .set_max_delay(Duration::from_millis(20))
        .set_number_of_retries(4)
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
    let (counter, values): (u64, Vec<String>) = block_on(async {
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
            let counter: u64 = block_on(MULTIPLEXED.clone().get(keys)).unwrap();
            println!(
                "redis, {keys}: {ALL} with two numbers each, the counter is {counter}, {} interrupted",
                INTERRUPTED.load(Ordering::Relaxed)
            );
            assert_eq!((counter, sum), (2 * ALL, ALL * (2 * ALL + 1)));
        }
    }
}

/// Waits until somebody adds to a list.
#[smartasync]
async fn pop(mut connection: MultiplexedConnection, list: &str) -> RedisResult<(String, u64)> {
    connection.blpop(list, 0.0).await
}

fn until_clients_are_blocked(connection: &MultiplexedConnection, clients: u64) {
    let begin = Instant::now();
    loop {
        let info = redis::cmd("INFO");
        let info: InfoDict = block_on(info.query_async(&mut connection.clone())).unwrap();
        let blocked = info.get("blocked_clients").unwrap_or(0);
        if blocked == clients {
            return;
        }
        assert!(begin.elapsed() < LIMIT, "{blocked} of {clients} clients wait");
        thread::sleep(Duration::from_millis(1));
    }
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
        until_clients_are_blocked(&MULTIPLEXED, 1);
        // The thread ends between the command and its answer.
        drop(end);
        maker.join().unwrap();
        let () = block_on(MULTIPLEXED.clone().rpush("list", 42)).unwrap();
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
