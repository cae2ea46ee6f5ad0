//! A web server whose handlers hand work to a pool of rayon's. The jobs wait for the same async functions that the handlers
//! await, over one client and one pool of connections to a database.

mod clients;
mod rows;
#[path = "../../../../tests/support/mod.rs"]
mod support;
mod web;

use std::collections::BTreeMap;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use support::within;

use clients::get;
use rows::{open, rows};
use web::{Backend, answer_to, serve};

const CLIENTS: u64 = 96;
/// The requests of each client.
const REQUESTS: u64 = 12;
/// What a handler does: each client asks for all of them in turns.
const WAYS: [&str; 6] = ["job", "job_of_tokio", "jobs", "awaited", "spawn_blocking", "wrong"];
/// How many numbers a request for `jobs` stands for.
const JOBS: u64 = 4;
const DEADLINE: Duration = Duration::from_secs(120);
const REFUSAL: &str = "use `.await` instead";

/// How many waits have panicked.
static REFUSED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn jobs_of_a_pool_blocking_jobs_and_handlers_share_a_client_and_a_database() {
    within(DEADLINE, |stage| {
        count_refusals();
        stage.at("opening the database");
        let file = open().wait().unwrap();
        let backend = Backend::start();
        let server = serve(backend.address());

        let barrier = Barrier::new(CLIENTS as usize);
        let times = Mutex::new(BTreeMap::<&str, Vec<Duration>>::new());
        let client = |client: u64| {
            barrier.wait();
            for request in 0..REQUESTS {
                let number = client * REQUESTS + request;
                let way = WAYS[((client + request) % WAYS.len() as u64) as usize];
                stage.at(format!("{way} {number}, {}", backend.progress()));
                let begin = Instant::now();
                let (status, body) = get(server, way, number);
                times.lock().unwrap().entry(way).or_default().push(begin.elapsed());
                if way == "wrong" {
                    assert_eq!(status, 500, "{body}");
                    assert_eq!(body.matches(REFUSAL).count(), 2, "{body}");
                } else {
                    assert_eq!((status, body), (200, sum_of(way, number).to_string()));
                }
            }
        };
        thread::scope(|scope| {
            for number in 0..CLIENTS {
                scope.spawn(move || client(number));
            }
        });

        stage.at("reading back");
        let mut expected = expected();
        for (way, times) in &mut *times.lock().unwrap() {
            times.sort_unstable();
            println!("{} times {way}: median {:?}", times.len(), times[times.len() / 2]);
        }
        let refused = REFUSED.load(Ordering::Relaxed);
        println!("{} requests, {} rows, {refused} refused", CLIENTS * REQUESTS, expected.len());
        assert_eq!(refused, times.lock().unwrap()["wrong"].len());
        expected.sort_unstable();
        assert_eq!(backend.asked(), expected);
        let answers = expected.iter().map(|number| (*number, answer_to(*number)));
        assert_eq!(rows().wait().unwrap(), answers.collect::<Vec<_>>());
        drop(file);
    });
}

/// Has the panics of refused waits counted, and all others printed as before.
fn count_refusals() {
    let print = panic::take_hook();
    panic::set_hook(Box::new(move |panic| match panic.payload().downcast_ref::<String>() {
        Some(message) if message.contains(REFUSAL) => {
            REFUSED.fetch_add(1, Ordering::Relaxed);
        }
        _ => print(panic),
    }));
}

/// Returns the numbers that a request stands for.
fn numbers_of(way: &str, number: u64) -> Vec<u64> {
    match way {
        "jobs" => (0..JOBS).map(|job| number + job * CLIENTS * REQUESTS).collect(),
        "wrong" => Vec::new(),
        _ => vec![number],
    }
}

fn sum_of(way: &str, number: u64) -> u64 {
    numbers_of(way, number).into_iter().map(answer_to).sum()
}

/// Returns all numbers that all requests stand for.
fn expected() -> Vec<u64> {
    let requests =
        (0..CLIENTS).flat_map(|client| (0..REQUESTS).map(move |request| (client, request)));
    let numbers = requests.flat_map(|(client, request)| {
        let way = WAYS[((client + request) % WAYS.len() as u64) as usize];
        numbers_of(way, client * REQUESTS + request)
    });
    numbers.collect()
}
