//! Callers of every kind, at once.

use std::fmt::{Debug, Write};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, Call};
use tokio::runtime::Runtime;

const KINDS: [Kind; 4] = [Kind::Thread, Kind::SpawnBlocking, Kind::Task, Kind::Foreign];
const CALLERS_OF_A_KIND: u64 = 2;
const LIMIT: Duration = Duration::from_secs(120);

/// The runtime of the program that the callers are part of.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Where a caller is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Thread,
    SpawnBlocking,
    /// A task of a multi-thread runtime of Tokio's.
    Task,
    /// A task of smol's executor.
    Foreign,
}

/// Returns the bridges that sync callers may wait through, and their names.
#[must_use]
pub fn bridges() -> [(&'static str, Bridge); 3] {
    [
        ("per thread", Bridge::per_thread()),
        ("shared", Bridge::shared()),
        ("from handle", Bridge::from_handle(RUNTIME.handle().clone())),
    ]
}

/// Runs `call` from all kinds of callers at once, each `calls` times with numbers of its own, and returns the sum of what
/// the calls return. Sync callers wait through `bridge`.
///
/// # Panics
///
/// When a call fails, and when the callers are not done in two minutes. The message says how far each of them was.
pub fn everywhere<F, E>(
    bridge: &Bridge,
    calls: u64,
    call: impl Fn(u64) -> Call<F> + Copy + Send + Sync + 'static,
) -> u64
where
    F: Future<Output = Result<u64, E>> + Send + 'static,
    E: Debug + Send + 'static,
{
    let (done, sums) = channel();
    let mut callers = Vec::new();
    for index in 0..CALLERS_OF_A_KIND * KINDS.len() as u64 {
        let kind = KINDS[index as usize % KINDS.len()];
        let caller = Caller {
            first: index * calls,
            calls,
            made: Arc::default(),
            bridge: bridge.clone(),
            done: done.clone(),
        };
        callers.push((kind, Arc::clone(&caller.made)));
        caller.start(kind, call);
    }
    drop(done);
    let sum = |_| {
        sums.recv_timeout(LIMIT).unwrap_or_else(|error| panic!("{error}: {}", progress(&callers)))
    };
    callers.iter().map(sum).sum()
}

fn progress(callers: &[(Kind, Arc<AtomicU64>)]) -> String {
    let mut said = "calls made".to_owned();
    for (kind, made) in callers {
        write!(said, ", {kind:?} {}", made.load(Ordering::Relaxed)).unwrap();
    }
    said
}

struct Caller {
    first: u64,
    calls: u64,
    made: Arc<AtomicU64>,
    bridge: Bridge,
    done: Sender<u64>,
}

impl Caller {
    fn start<F, E>(self, kind: Kind, call: impl Fn(u64) -> Call<F> + Send + 'static)
    where
        F: Future<Output = Result<u64, E>> + Send + 'static,
        E: Debug + Send + 'static,
    {
        match kind {
            Kind::Thread => drop(thread::spawn(move || self.wait(call))),
            Kind::SpawnBlocking => drop(RUNTIME.spawn_blocking(move || self.wait(call))),
            Kind::Task => drop(RUNTIME.spawn(self.r#await(call))),
            Kind::Foreign => smol::spawn(self.r#await(call)).detach(),
        }
    }

    fn wait<F, E>(self, call: impl Fn(u64) -> Call<F>)
    where
        F: Future<Output = Result<u64, E>>,
        E: Debug,
    {
        let mut sum = 0;
        for number in self.numbers() {
            sum += call(number).on(&self.bridge).wait().unwrap();
            self.made.fetch_add(1, Ordering::Relaxed);
        }
        self.done.send(sum).unwrap();
    }

    async fn r#await<F, E>(self, call: impl Fn(u64) -> Call<F>)
    where
        F: Future<Output = Result<u64, E>>,
        E: Debug,
    {
        let mut sum = 0;
        for number in self.numbers() {
            sum += call(number).await.unwrap();
            self.made.fetch_add(1, Ordering::Relaxed);
        }
        self.done.send(sum).unwrap();
    }

    fn numbers(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.calls
    }
}
