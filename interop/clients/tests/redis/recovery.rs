//! Callers of a server that is killed, and started again.

use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use redis::aio::{ConnectionManager, SendError};
use redis::{AsyncCommands, Client, Msg, PushInfo, RedisResult};
use smartasync::{Bridge, iter, smartasync};
use smartasync_interop_clients::{Redis, Way, bridges, recovery};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::{LIMIT, config, connect, manage, pop, until_clients_are_blocked};

const ROUNDS: usize = 5;

/// After this time a message counts as lost, and the next one is sent.
const PATIENCE: Duration = Duration::from_millis(200);

/// Kills a server again and again, each time under new ways, and prints how long each needs from the start of the server
/// until its first answer. Returns how many of its calls failed in each round.
fn rounds(name: &str, ways: impl Fn(&Redis) -> Vec<Way>) -> Vec<Vec<u64>> {
    let server = Redis::start();
    let names: Vec<_> = ways(&server).iter().map(|(name, _)| *name).collect();
    let mut times = vec![Vec::new(); names.len()];
    let mut failed = vec![Vec::new(); names.len()];
    for _ in 0..ROUNDS {
        let results = recovery(name, ways(&server), || server.kill(), || server.start_again());
        for (way, (time, failures)) in results.into_iter().enumerate() {
            times[way].push(time);
            failed[way].push(failures);
        }
    }
    for (way, times) in names.iter().zip(&mut times) {
        times.sort_unstable();
        println!("{name}, {way}: from the start of the server to an answer {times:.1?}");
    }
    failed
}

/// Where a manager is made.
enum Place<'a> {
    Runtime(&'a Runtime),
    Bridge(&'a Bridge),
    EndedThread,
    Smol,
}

impl Place<'_> {
    fn make(self, url: String) -> ConnectionManager {
        let manager = match self {
            Place::Runtime(runtime) => runtime.block_on(manage(url).into_inner()),
            Place::Bridge(bridge) => manage(url).on(bridge).wait(),
            Place::EndedThread => thread::spawn(move || manage(url).wait()).join().unwrap(),
            Place::Smol => smol::block_on(manage(url)),
        };
        manager.unwrap()
    }
}

#[smartasync]
async fn ask(mut manager: ConnectionManager) -> RedisResult<Option<u64>> {
    manager.get("nothing").await
}

/// Returns ways of making one call: on runtimes of Tokio's, with a wait, and on another executor.
fn ways(manager: impl Fn(Place<'_>) -> ConnectionManager) -> Vec<Way> {
    let multi_thread = Runtime::new().unwrap();
    let current_thread = Builder::new_current_thread().enable_all().build().unwrap();
    let mut ways: Vec<Way> = Vec::new();
    for (name, runtime) in
        [("plain Tokio", multi_thread), ("plain Tokio, current-thread", current_thread)]
    {
        let manager = manager(Place::Runtime(&runtime));
        let call = move || runtime.block_on(ask(manager.clone()).into_inner()).is_ok();
        ways.push((name, Box::new(call)));
    }
    for (name, bridge) in bridges() {
        let manager = manager(Place::Bridge(&bridge));
        ways.push((name, Box::new(move || ask(manager.clone()).on(&bridge).wait().is_ok())));
    }
    let ended = manager(Place::EndedThread);
    let call = move || ask(ended.clone()).wait().is_ok();
    ways.push(("per thread, its maker has ended", Box::new(call)));
    let foreign = manager(Place::Smol);
    ways.push(("smol", Box::new(move || smol::block_on(ask(foreign.clone())).is_ok())));
    ways
}

#[test]
fn callers_recover_as_on_plain_tokio() {
    let failed = rounds("redis", |server| ways(|place| place.make(server.url())));
    assert!(failed.iter().flatten().all(|failed| *failed > 0), "each has seen the server down");
}

#[test]
fn callers_that_share_a_manager_recover_together() {
    let failed = rounds("redis, one manager", |server| {
        let manager = manage(server.url()).wait().unwrap();
        ways(|_| manager.clone())
    });
    for round in 0..ROUNDS {
        assert!(failed.iter().any(|failed| failed[round] > 0), "nobody has seen the server down");
    }
}

/// Returns a manager that keeps its subscription when it connects again, and what it receives.
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

/// Returns whether the message was sent to the one subscriber.
#[smartasync]
async fn publish(mut manager: ConnectionManager, channel: &str, number: u64) -> bool {
    manager.publish(channel, number).await == RedisResult::Ok(1)
}

fn says(push: PushInfo, number: u64) -> bool {
    Msg::from_push_info(push).is_some_and(|message| message.get_payload() == Ok(number))
}

/// Each call sends a message to itself.
fn plain_subscriber(url: String) -> Way {
    let name = "plain Tokio";
    let runtime = Runtime::new().unwrap();
    let subscription = manage_subscription(url, name).into_inner();
    let (manager, mut pushes) = runtime.block_on(subscription).unwrap();
    let mut number = 0;
    let call = move || {
        number += 1;
        runtime.block_on(async {
            if !publish(manager.clone(), name, number).into_inner().await {
                return false;
            }
            while let Ok(Some(push)) = timeout(PATIENCE, pushes.next()).await {
                if says(push, number) {
                    return true;
                }
            }
            false
        })
    };
    (name, Box::new(call))
}

/// Each call sends a message to itself.
fn subscriber(name: &'static str, bridge: Bridge, url: String) -> Way {
    let subscription = manage_subscription(url, name).on(&bridge).wait();
    let (manager, pushes) = subscription.unwrap();
    let mut pushes = iter(pushes).on(&bridge);
    let mut number = 0;
    let call = move || {
        number += 1;
        if !publish(manager.clone(), name, number).on(&bridge).wait() {
            return false;
        }
        while let Ok(Some(push)) = pushes.try_next_timeout(PATIENCE) {
            if says(push, number) {
                return true;
            }
        }
        false
    };
    (name, Box::new(call))
}

#[test]
fn subscribers_recover_as_on_plain_tokio() {
    let failed = rounds("redis, subscribers", |server| {
        let mut ways = vec![plain_subscriber(server.url())];
        ways.extend(bridges().map(|(name, bridge)| subscriber(name, bridge, server.url())));
        ways
    });
    assert!(failed.iter().flatten().any(|failed| *failed > 0), "nobody has seen the server down");
}

#[test]
fn callers_that_wait_when_the_server_is_killed_get_errors() {
    let server = Redis::start();
    let (tell, results) = channel();
    for (name, bridge) in bridges() {
        let connection = connect(server.url()).on(&bridge).wait().unwrap();
        let tell = tell.clone();
        thread::spawn(move || tell.send((name, pop(connection, "list").on(&bridge).wait())));
    }
    let connection = connect(server.url()).wait().unwrap();
    smol::spawn(async move { tell.send(("smol", pop(connection, "list").await)) }).detach();
    until_clients_are_blocked(&connect(server.url()).wait().unwrap(), 4);
    server.kill();
    for _ in 0..4 {
        let (name, result) = results.recv_timeout(LIMIT).expect("an error");
        let error = result.expect_err("nobody has added to the list");
        println!("redis, killed while a caller waits, {name}: {error}");
        assert!(error.is_unrecoverable_error());
    }
    // Only a server that runs removes its folder at the end.
    server.start_again();
}
