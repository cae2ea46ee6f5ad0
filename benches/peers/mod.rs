//! What people use today to run a future from sync code: each a function, and a thread that owns the client.

#![allow(dead_code, reason = "each program that includes it uses its share")]

use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// The runtime of an application, with a worker for each CPU.
static APPLICATION: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new().expect("a runtime can be built"));

thread_local! {
    /// Each thread builds a runtime once, and keeps it.
    static OF_THIS_THREAD: Runtime = current_thread();
}

fn current_thread() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime can be built")
}

/// Builds a current-thread runtime for the call, and drops it.
pub(crate) fn runtime_a_call<F: Future>(future: F) -> F::Output {
    current_thread().block_on(future)
}

/// Builds a multi-thread runtime for the call, as `Runtime::new` does, and drops it.
pub(crate) fn multi_thread_a_call<F: Future>(future: F) -> F::Output {
    Runtime::new().expect("a runtime can be built").block_on(future)
}

/// `Runtime::block_on` of a current-thread runtime that the calling thread keeps.
pub(crate) fn reused_runtime<F: Future>(future: F) -> F::Output {
    OF_THIS_THREAD.with(|runtime| runtime.block_on(future))
}

/// `Handle::block_on` of the application's multi-thread runtime.
pub(crate) fn handle<F: Future>(future: F) -> F::Output {
    APPLICATION.handle().block_on(future)
}

/// `Runtime::block_on` of the application's multi-thread runtime.
pub(crate) fn multi_thread<F: Future>(future: F) -> F::Output {
    APPLICATION.block_on(future)
}

/// A task of the application's multi-thread runtime, whose answer the calling thread waits for.
pub(crate) fn multi_thread_spawn<F>(future: F) -> F::Output
where
    F: Future<Output: Send> + Send + 'static,
{
    let (sender, answer) = mpsc::channel();
    APPLICATION.spawn(async move {
        // The caller waits, so the channel is open.
        let _ = sender.send(future.await);
    });
    answer.recv().expect("the task has not panicked")
}

/// futures-lite's `block_on`: without Tokio's I/O, timers and tasks.
pub(crate) fn futures_lite<F: Future>(future: F) -> F::Output {
    futures_lite::future::block_on(future)
}

/// async-io's `block_on`, which drives async-io's own reactor: without Tokio's I/O, timers and tasks.
pub(crate) fn async_io<F: Future>(future: F) -> F::Output {
    async_io::block_on(future)
}

/// pollster's `block_on`: without Tokio's I/O, timers and tasks.
pub(crate) fn pollster<F: Future>(future: F) -> F::Output {
    pollster::block_on(future)
}

/// asyncband's `block_on`: without Tokio's I/O, timers and tasks.
pub(crate) fn asyncband<F: Future>(future: F) -> F::Output {
    asyncband::blocking::FutureExt::block_on(future)
}

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A thread for each client: it drives a current-thread runtime, and calls are sent to it. It ends with the client.
#[derive(Debug)]
pub(crate) struct ClientThread {
    jobs: UnboundedSender<Job>,
}

impl ClientThread {
    pub(crate) fn new() -> ClientThread {
        let (jobs, mut received) = unbounded_channel::<Job>();
        thread::spawn(move || {
            current_thread().block_on(async move {
                while let Some(job) = received.recv().await {
                    tokio::spawn(job);
                }
            });
        });
        ClientThread { jobs }
    }

    /// Runs the future as a task of the thread, and waits for its answer.
    pub(crate) fn call<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let (sender, answer) = mpsc::channel();
        let job = async move {
            // The caller waits, so the channel is open.
            let _ = sender.send(future.await);
        };
        self.jobs.send(Box::pin(job)).expect("the thread has not panicked");
        answer.recv().expect("the task has not panicked")
    }
}
