//! The server, and the one behind it that its handlers ask.

use std::any::Any;
use std::error::Error;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use smartasync::{WaitErrorKind, smartasync};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use crate::numbers_of;
use crate::rows::keep;
use crate::support::multi_thread;

static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    // A proxy that the environment names is not used for loopback.
    reqwest::Client::builder().no_proxy().build().unwrap()
});

static POOL: LazyLock<ThreadPool> =
    LazyLock::new(|| ThreadPoolBuilder::new().num_threads(4).build().unwrap());

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;
type Answer = (StatusCode, String);

pub(crate) fn answer_to(number: u64) -> u64 {
    number * 1_000_003 + 1
}

/// The server behind the other.
pub(crate) struct Backend {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<u64>>>,
}

impl Backend {
    pub(crate) fn start() -> Backend {
        let asked = Arc::<Mutex<Vec<u64>>>::default();
        let answer = async |asked: State<Arc<Mutex<Vec<u64>>>>, Path(number): Path<u64>| {
            asked.lock().unwrap().push(number);
            tokio::task::yield_now().await;
            answer_to(number).to_string()
        };
        let app = Router::new().route("/{number}", get(answer)).with_state(Arc::clone(&asked));
        Backend { address: start(app), asked }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn progress(&self) -> String {
        format!("{} numbers asked for", self.asked.lock().unwrap().len())
    }

    /// Returns the numbers that it was asked for, sorted.
    pub(crate) fn asked(&self) -> Vec<u64> {
        let mut asked = self.asked.lock().unwrap().clone();
        asked.sort_unstable();
        asked
    }
}

/// Starts the server, which asks `backend`.
pub(crate) fn serve(backend: SocketAddr) -> SocketAddr {
    let app = Router::new()
        .route("/job/{number}", get(job))
        .route("/job_of_tokio/{number}", get(job_of_tokio))
        .route("/jobs/{number}", get(jobs))
        .route("/awaited/{number}", get(awaited))
        .route("/spawn_blocking/{number}", get(blocking))
        .route("/wrong/{number}", get(wrong))
        .with_state(backend);
    start(app)
}

/// Starts a server on a thread and a runtime of its own, which end with the process.
fn start(app: Router) -> SocketAddr {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        multi_thread().block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    receiver.recv().unwrap()
}

#[smartasync]
async fn fetch(backend: SocketAddr, number: u64) -> reqwest::Result<u64> {
    let response = CLIENT.get(format!("http://{backend}/{number}")).send().await?;
    let body = response.error_for_status()?.text().await?;
    Ok(body.parse().expect("the server answers with a number"))
}

/// Waits twice.
fn fetch_and_keep(backend: SocketAddr, number: u64) -> Result<u64> {
    let answer = fetch(backend, number).wait()?;
    keep(number, answer).wait()?;
    Ok(answer)
}

async fn job(State(backend): State<SocketAddr>, Path(number): Path<u64>) -> Answer {
    on_pool(move || fetch_and_keep(backend, number)).await
}

/// The same with Tokio's own way to wait on a thread that is not its own.
async fn job_of_tokio(State(backend): State<SocketAddr>, Path(number): Path<u64>) -> Answer {
    let handle = Handle::current();
    on_pool(move || {
        let answer = handle.block_on(fetch(backend, number).into_inner())?;
        handle.block_on(keep(number, answer).into_inner())?;
        Ok(answer)
    })
    .await
}

/// One job that shares its work with the other threads of the pool.
async fn jobs(State(backend): State<SocketAddr>, Path(number): Path<u64>) -> Answer {
    on_pool(move || {
        let numbers = numbers_of("jobs", number).into_par_iter();
        numbers.map(|number| fetch_and_keep(backend, number)).sum()
    })
    .await
}

async fn awaited(State(backend): State<SocketAddr>, Path(number): Path<u64>) -> Answer {
    let fetch_and_keep = async {
        let answer = fetch(backend, number).await?;
        keep(number, answer).await?;
        Ok(answer)
    };
    to_answer(fetch_and_keep.await)
}

async fn blocking(State(backend): State<SocketAddr>, Path(number): Path<u64>) -> Answer {
    to_answer(spawn_blocking(move || fetch_and_keep(backend, number)).await.unwrap())
}

/// Waits on a thread of the executor: the mistake. Answers with the error of one wait and the panic of another.
async fn wrong(State(backend): State<SocketAddr>, Path(number): Path<u64>) -> Answer {
    let error = fetch(backend, number).try_wait().unwrap_err();
    assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
    let panic = catch_unwind(AssertUnwindSafe(|| fetch(backend, number).wait())).unwrap_err();
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n{}", message_of(&*panic)))
}

async fn on_pool(job: impl FnOnce() -> Result<u64> + Send + 'static) -> Answer {
    let (sender, receiver) = oneshot::channel();
    POOL.spawn(move || drop(sender.send(job())));
    to_answer(receiver.await.expect("a job sends what it returns"))
}

fn to_answer(result: Result<u64>) -> Answer {
    match result {
        Ok(answer) => (StatusCode::OK, answer.to_string()),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

fn message_of(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map_or("another panic", String::as_str)
}
