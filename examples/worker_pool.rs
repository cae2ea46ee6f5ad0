//! One decorated method, called by plain threads, by tasks and by blocking workers at the same
//! time.
//!
//! Starts an HTTP server on loopback, sends it the same load twice, once through `smartasync` and
//! once through the naive design, checks every body, and prints how each kind of caller fared. The
//! exit status is 1 if `smartasync` gave a wrong answer or an error.
//!
//! Run with: `cargo run --release --example worker_pool -- --threads 4 --tasks 8 --requests 500`

#[path = "../benches/naive/mod.rs"]
mod naive;

use std::fmt;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use smartasync::smartasync;
use tokio::runtime::Runtime;

#[derive(Debug, Parser)]
#[command(about = "One decorated method, called by threads, tasks and blocking workers at once")]
struct Args {
    /// The URL that the load is sent to, by GET. All bodies must be the same as the first one. Default: a server
    /// on loopback that this program starts.
    #[arg(long)]
    url: Option<String>,
    /// Plain threads that call `.wait()`.
    #[arg(long, default_value_t = 4)]
    threads: usize,
    /// Tasks on a multi-thread runtime that call `.await`. Half as many `spawn_blocking` workers, at least one,
    /// call `.wait()` at the same time.
    #[arg(long, default_value_t = 8)]
    tasks: usize,
    /// Requests that each caller makes.
    #[arg(long, default_value_t = 500)]
    requests: usize,
}

/// The client that all callers use: its method is written once.
#[derive(Clone, Debug)]
struct Client {
    http: reqwest::Client,
    target: Arc<Target>,
}

impl Client {
    fn new(target: &Arc<Target>) -> Client {
        Client { http: reqwest::Client::new(), target: Arc::clone(target) }
    }

    #[smartasync]
    async fn fetch(&self, item: usize) -> reqwest::Result<String> {
        let response = self.http.get(self.target.url(item)).send().await?;
        response.error_for_status()?.text().await
    }

    /// The same method in the naive design.
    fn naive_fetch(
        &self,
        item: usize,
    ) -> naive::Answer<impl Future<Output = reqwest::Result<String>>> {
        static METHOD: naive::Method = naive::Method::new();
        METHOD.call(self.fetch(item).into_inner())
    }
}

/// Where the load goes, and what comes back from there.
#[derive(Debug)]
enum Target {
    Loopback(SocketAddr),
    Other { url: String, body: String },
}

impl Target {
    fn url(&self, item: usize) -> String {
        match self {
            Target::Loopback(address) => format!("http://{address}/square/{item}"),
            Target::Other { url, .. } => url.clone(),
        }
    }

    fn check(&self, item: usize, body: &str) -> Outcome {
        let right = match self {
            Target::Loopback(_) => body == (item * item).to_string(),
            Target::Other { body: first, .. } => body == first,
        };
        if right { Outcome::Right } else { Outcome::Wrong }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Design {
    Smartasync,
    Naive,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Thread,
    Task,
    Blocking,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    Right,
    Wrong,
    Error,
}

/// What one caller does: a fixed number of requests, one after the other.
#[derive(Clone)]
struct Caller {
    design: Design,
    client: Client,
    requests: usize,
    progress: ProgressBar,
}

impl Caller {
    fn call_sync(self) -> Vec<(Outcome, Duration)> {
        let call = |item| {
            let start = Instant::now();
            let answer = match self.design {
                Design::Smartasync => Some(self.client.fetch(item).wait()),
                Design::Naive => self.client.naive_fetch(item).value(),
            };
            self.judge(item, answer, start)
        };
        (0..self.requests).map(call).collect()
    }

    async fn call_async(self) -> Vec<(Outcome, Duration)> {
        let mut outcomes = Vec::with_capacity(self.requests);
        for item in 0..self.requests {
            let start = Instant::now();
            let answer = match self.design {
                Design::Smartasync => Some(self.client.fetch(item).await),
                Design::Naive => match self.client.naive_fetch(item).coroutine() {
                    Some(coroutine) => Some(coroutine.await),
                    None => None,
                },
            };
            outcomes.push(self.judge(item, answer, start));
        }
        outcomes
    }

    /// A missing answer is a wrong one: the caller was given a coroutine where it needs a value.
    fn judge(
        &self,
        item: usize,
        answer: Option<reqwest::Result<String>>,
        start: Instant,
    ) -> (Outcome, Duration) {
        let latency = start.elapsed();
        self.progress.inc(1);
        let outcome = match answer {
            None => Outcome::Wrong,
            Some(Ok(body)) => self.client.target.check(item, &body),
            Some(Err(error)) => {
                self.progress.println(format!("{:?}: {error:?}", self.design));
                Outcome::Error
            }
        };
        (outcome, latency)
    }
}

/// A row of the table: one kind of caller in one design.
struct Row {
    design: Design,
    kind: Kind,
    outcomes: Vec<(Outcome, Duration)>,
    elapsed: Duration,
}

impl Row {
    fn count(&self, outcome: Outcome) -> usize {
        self.outcomes.iter().filter(|(found, _)| *found == outcome).count()
    }

    fn median(&self) -> Duration {
        let mut latencies: Vec<_> = self.outcomes.iter().map(|(_, latency)| *latency).collect();
        latencies.sort_unstable();
        latencies.get(latencies.len() / 2).copied().unwrap_or_default()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Thread => "threads, .wait()",
            Kind::Task => "tasks, .await",
            Kind::Blocking => "spawn_blocking, .wait()",
        };
        write!(
            f,
            "{:<11} {kind:<24} {:>7} {:>7} {:>7} {:>10.0} {:>9.1?}",
            format!("{:?}", self.design).to_lowercase(),
            self.outcomes.len(),
            self.count(Outcome::Wrong),
            self.count(Outcome::Error),
            self.outcomes.len() as f64 / self.elapsed.as_secs_f64(),
            self.median(),
        )
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let server = Runtime::new().expect("a runtime for the server");
    let target = Arc::new(match args.url.clone() {
        Some(url) => other_server(url),
        None => Target::Loopback(server.block_on(serve())),
    });
    let rows: Vec<Row> = [Design::Smartasync, Design::Naive]
        .into_iter()
        .flat_map(|design| run(design, &args, &target))
        .collect();

    let header = ["design", "callers", "calls", "wrong", "errors", "calls/s", "median"];
    let [design, callers, calls, wrong, errors, rate, median] = header;
    println!("{design:<11} {callers:<24} {calls:>7} {wrong:>7} {errors:>7} {rate:>10} {median:>9}");
    rows.iter().for_each(|row| println!("{row}"));
    let (ours, naive): (Vec<_>, Vec<_>) =
        rows.iter().partition(|row| row.design == Design::Smartasync);
    let bad = |rows: &[&Row], outcome| rows.iter().map(|row| row.count(outcome)).sum::<usize>();
    let (wrong, errors) = (bad(&ours, Outcome::Wrong), bad(&ours, Outcome::Error));
    println!("\nwrong answers: smartasync {wrong}, naive design {}", bad(&naive, Outcome::Wrong));
    ExitCode::from(u8::from(wrong + errors > 0))
}

/// Starts the server on loopback, in the background of the calling runtime.
async fn serve() -> SocketAddr {
    let square = async |Path(item): Path<usize>| (item * item).to_string();
    let router = Router::new().route("/square/{item}", get(square));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a free port on loopback");
    let address = listener.local_addr().expect("a bound listener has an address");
    tokio::spawn(async { axum::serve(listener, router).await });
    address
}

fn other_server(url: String) -> Target {
    let get = async { reqwest::get(&url).await?.error_for_status()?.text().await };
    let body =
        smartasync::block_on(get).unwrap_or_else(|error| panic!("no body from {url}: {error}"));
    Target::Other { url, body }
}

/// Runs all kinds of callers at the same time.
fn run(design: Design, args: &Args, target: &Arc<Target>) -> Vec<Row> {
    let blocking = (args.tasks / 2).max(1);
    let callers = args.threads + args.tasks + blocking;
    let progress = ProgressBar::new((callers * args.requests) as u64).with_style(
        ProgressStyle::with_template("{msg:<11} {wide_bar} {pos}/{len} {per_sec}")
            .expect("a valid template"),
    );
    progress.set_message(format!("{design:?}").to_lowercase());
    // One client for all callers: any thread may use any of its connections next.
    let client = Client::new(target);
    let caller = || Caller {
        design,
        client: client.clone(),
        requests: args.requests,
        progress: progress.clone(),
    };
    let runtime = Runtime::new().expect("a runtime for the tasks");
    let rows = thread::scope(|scope| {
        let threads = scope.spawn(|| {
            let row = Timer::start(design, Kind::Thread);
            let workers = (0..args.threads).map(|_| caller());
            let workers: Vec<_> =
                workers.map(|caller| scope.spawn(|| caller.call_sync())).collect();
            row.stop(workers.into_iter().map(|worker| worker.join().expect("no caller panics")))
        });
        let blocking = scope.spawn(|| {
            let row = Timer::start(design, Kind::Blocking);
            let workers = (0..blocking).map(|_| caller());
            let workers: Vec<_> =
                workers.map(|caller| runtime.spawn_blocking(|| caller.call_sync())).collect();
            row.stop(
                workers
                    .into_iter()
                    .map(|worker| smartasync::block_on(worker).expect("no caller panics")),
            )
        });
        let row = Timer::start(design, Kind::Task);
        let tasks: Vec<_> = (0..args.tasks).map(|_| runtime.spawn(caller().call_async())).collect();
        let tasks = row
            .stop(tasks.into_iter().map(|task| runtime.block_on(task).expect("no caller panics")));
        vec![
            threads.join().expect("no caller panics"),
            tasks,
            blocking.join().expect("no caller panics"),
        ]
    });
    progress.finish_and_clear();
    rows
}

/// A row whose callers are still running.
struct Timer {
    design: Design,
    kind: Kind,
    start: Instant,
}

impl Timer {
    fn start(design: Design, kind: Kind) -> Timer {
        Timer { design, kind, start: Instant::now() }
    }

    fn stop(self, outcomes: impl Iterator<Item = Vec<(Outcome, Duration)>>) -> Row {
        Row {
            design: self.design,
            kind: self.kind,
            outcomes: outcomes.flatten().collect(),
            elapsed: self.start.elapsed(),
        }
    }
}
