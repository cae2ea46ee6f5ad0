//! How long callers need until they get answers again, once their server is back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// How many answers each caller gets before the server is killed, and after it is back.
const ANSWERS: u64 = 20;
const PAUSE: Duration = Duration::from_millis(2);
const DOWN: Duration = Duration::from_millis(300);
const LIMIT: Duration = Duration::from_secs(60);

/// One way to make calls: its name, and a function that makes a call and returns whether it got an answer.
pub type Way = (&'static str, Box<dyn FnMut() -> bool + Send>);

/// Each way makes calls on a thread of its own. Once all of them get answers, the server is killed and started again.
/// Returns how long each way needs from its start until the first answer, and how many of its calls failed. Prints both.
///
/// # Panics
///
/// When a way gets no answers in a minute.
pub fn recovery(
    name: &str,
    ways: Vec<Way>,
    kill: impl FnOnce(),
    start: impl FnOnce(),
) -> Vec<(Duration, u64)> {
    let server = Arc::new(Server::default());
    let names: Vec<_> = ways.iter().map(|(name, _)| *name).collect();
    let start_caller = |(name, call): Way| {
        let (tell, result) = channel();
        let server = Arc::clone(&server);
        // Not a scoped thread: one that hangs is not waited for.
        thread::spawn(move || tell.send(server.call_again_and_again(name, call)));
        result
    };
    let results: Vec<_> = ways.into_iter().map(start_caller).collect();
    let begin = Instant::now();
    while server.warm.load(Ordering::Relaxed) < names.len() {
        assert!(begin.elapsed() < LIMIT, "{name}: {server:?} of {} ways", names.len());
        thread::sleep(PAUSE);
    }
    kill();
    thread::sleep(DOWN);
    server.started.set(Instant::now()).expect("it is started once");
    start();
    let results = names.iter().zip(results).map(|(way, result)| {
        let (needed, failed) =
            result.recv_timeout(LIMIT * 2).unwrap_or_else(|error| panic!("{name}, {way}: {error}"));
        println!(
            "{name}, {way}: an answer {needed:.1?} after the start of the server, {failed} calls failed"
        );
        (needed, failed)
    });
    results.collect()
}

/// What the callers know of their server.
#[derive(Debug, Default)]
struct Server {
    /// How many callers get answers.
    warm: AtomicUsize,
    /// When it was started again. An answer that comes later is one of the new server: the old one has ended.
    started: OnceLock<Instant>,
}

impl Server {
    /// Returns how long the first answer took from the server's start, and how many calls failed.
    fn call_again_and_again(
        &self,
        name: &str,
        mut call: Box<dyn FnMut() -> bool + Send>,
    ) -> (Duration, u64) {
        repeat(name, &mut call, ANSWERS);
        self.warm.fetch_add(1, Ordering::Relaxed);
        let mut failed = 0;
        let begin = Instant::now();
        let needed = loop {
            assert!(begin.elapsed() < LIMIT, "{name}: no answer, {failed} calls failed");
            match (call(), self.started.get()) {
                (true, Some(started)) => break started.elapsed(),
                (true, None) => {}
                (false, _) => failed += 1,
            }
            thread::sleep(PAUSE);
        };
        repeat(name, &mut call, ANSWERS);
        (needed, failed)
    }
}

fn repeat(way: &str, call: &mut dyn FnMut() -> bool, times: u64) {
    let begin = Instant::now();
    let mut done = 0;
    while done < times {
        assert!(begin.elapsed() < LIMIT, "{way}: {done} of {times} answers");
        done += u64::from(call());
        thread::sleep(PAUSE);
    }
}
