//! Messages: subscribers in sync code, publishers of all kinds.

use std::thread;

use redis::aio::PubSubStream;
use redis::{AsyncCommands, Client, RedisResult};
use smartasync::{Iter, iter, smartasync};
use smartasync_interop_clients::{bridges, everywhere};

use crate::{ALL, CALLS, LIMIT, MULTIPLEXED, SERVER, keys};

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
            move || {
                let messages = subscribe(channel).on(&bridge).wait_timeout(LIMIT).unwrap();
                iter(messages.unwrap()).on(&bridge)
            }
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
