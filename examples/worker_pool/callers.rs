//! The kinds of callers.

use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use async_executor::Executor;
use futures_lite::future::{self, FutureExt};
use tokio::runtime::Runtime;

use crate::ways::{Client, Way};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Thread,
    SpawnBlocking,
    Task,
    OtherExecutor,
    /// A plain thread waits for async code, which calls sync code.
    Nested,
}

impl Kind {
    pub(crate) const ALL: [Kind; 5] =
        [Kind::Thread, Kind::SpawnBlocking, Kind::Task, Kind::OtherExecutor, Kind::Nested];
}

pub(crate) struct Load {
    pub(crate) callers: usize,
    pub(crate) requests: usize,
    pub(crate) limit: Duration,
}

/// How one call ended, and how long it took.
#[derive(Clone, Copy)]
enum Ended {
    Right(Duration),
    Wrong,
    Panicked,
}

/// How all calls of a kind ended.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) wrong: usize,
    pub(crate) panicked: usize,
    pub(crate) hung: usize,
    /// The right ones, sorted.
    pub(crate) latencies: Vec<Duration>,
    pub(crate) elapsed: Duration,
}

/// Runs the callers of one kind, until all have ended or the limit is over.
pub(crate) fn run(way: Way, kind: Kind, url: &str, load: &Load) -> Outcomes {
    let client = Client::new(way, url);
    let runtime = Runtime::new().expect("a runtime");
    let (tell, ended) = channel();
    let begin = Instant::now();
    let executor: &'static Executor<'static> = Box::leak(Box::default());
    for _ in 0..load.callers {
        let caller = Caller { client: client.clone(), requests: load.requests, tell: tell.clone() };
        match kind {
            Kind::Thread => drop(thread::spawn(move || caller.call(Client::call))),
            Kind::Nested => drop(thread::spawn(move || caller.call(Client::call_nested))),
            Kind::SpawnBlocking => drop(runtime.spawn_blocking(move || caller.call(Client::call))),
            Kind::Task => drop(runtime.spawn(caller.call_in_async_code())),
            Kind::OtherExecutor => executor.spawn(caller.call_in_async_code()).detach(),
        }
    }
    if kind == Kind::OtherExecutor {
        for _ in 0..2 {
            thread::spawn(|| future::block_on(executor.run(future::pending::<()>())));
        }
    }
    drop(tell);
    let mut outcomes = Outcomes::default();
    let all = load.callers * load.requests;
    for count in 0..all {
        let left = load.limit.saturating_sub(begin.elapsed());
        match ended.recv_timeout(left) {
            Ok(Ended::Right(latency)) => outcomes.latencies.push(latency),
            Ok(Ended::Wrong) => outcomes.wrong += 1,
            Ok(Ended::Panicked) => outcomes.panicked += 1,
            Err(_) => {
                outcomes.hung = all - count;
                break;
            }
        }
    }
    outcomes.elapsed = begin.elapsed();
    outcomes.latencies.sort_unstable();
    // What hangs on it would keep it from being dropped. The process ends soon.
    forget((runtime, client));
    outcomes
}

struct Caller {
    client: Client,
    requests: usize,
    tell: Sender<Ended>,
}

impl Caller {
    fn call(self, call: fn(&Client, usize) -> Option<String>) {
        for number in 0..self.requests {
            let begin = Instant::now();
            let answer = catch_unwind(AssertUnwindSafe(|| call(&self.client, number)));
            self.judge(number, answer, begin);
        }
    }

    async fn call_in_async_code(self) {
        for number in 0..self.requests {
            let begin = Instant::now();
            let call = AssertUnwindSafe(self.client.call_in_async_code(number));
            let answer = call.catch_unwind().await;
            self.judge(number, answer, begin);
        }
    }

    fn judge(&self, number: usize, answer: thread::Result<Option<String>>, begin: Instant) {
        let right = (number * number).to_string();
        let ended = match answer {
            Ok(answer) if answer.as_ref() == Some(&right) => Ended::Right(begin.elapsed()),
            Ok(_) => Ended::Wrong,
            Err(_) => Ended::Panicked,
        };
        // Nobody listens any more after the limit.
        let _ = self.tell.send(ended);
    }
}
