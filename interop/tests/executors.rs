//! The same function on the executors that people use: a real HTTP request and a timer on each.

#[path = "../../tests/support/mod.rs"]
mod support;
mod web;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use smartasync::smartasync;
use tokio::time::{sleep, timeout};

use support::{current_thread, multi_thread, within};
use web::{CLIENT, serve};

const PAUSE: Duration = Duration::from_millis(10);

/// A timer, a request, and a timeout that fires.
#[smartasync]
async fn fetch(server: SocketAddr) -> reqwest::Result<String> {
    let start = Instant::now();
    sleep(PAUSE).await;
    assert!(start.elapsed() >= PAUSE);
    assert!(timeout(PAUSE, std::future::pending::<()>()).await.is_err());
    CLIENT.get(format!("http://{server}/")).send().await?.text().await
}

/// Runs the executors one after another, all with the same client.
#[test]
fn every_executor_gets_the_page() {
    within(Duration::from_secs(120), |stage| {
        let server = serve(Router::new().route("/", get(|| async { "hello" })));
        let get = || async move { fetch(server).await.unwrap() };
        let executors: [(&str, &dyn Fn() -> String); 9] = [
            ("a plain thread", &|| fetch(server).wait().unwrap()),
            ("tokio, current thread", &|| current_thread().block_on(get())),
            ("tokio, a task", &|| {
                multi_thread().block_on(async { tokio::spawn(get()).await }).unwrap()
            }),
            ("smol", &|| smol::block_on(get())),
            ("smol, a task", &|| smol::block_on(smol::spawn(get()))),
            ("futures", &|| futures::executor::block_on(get())),
            ("futures, a pool of threads", &|| on_a_futures_pool(get())),
            ("pollster", &|| pollster::block_on(get())),
            ("an event loop of a single thread", &|| on_an_event_loop(get())),
        ];
        for _ in 0..3 {
            for (name, run) in executors {
                stage.at(name);
                assert_eq!(run(), "hello", "{name}");
            }
        }
    });
}

fn on_a_futures_pool(future: impl Future<Output = String> + Send + 'static) -> String {
    let pool = futures::executor::ThreadPool::builder().pool_size(2).create().unwrap();
    let (sender, receiver) = channel();
    pool.spawn_ok(async move { sender.send(future.await).unwrap() });
    receiver.recv().unwrap()
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The event loop of a GUI program: it handles events one after another, and some of them poll a task.
fn on_an_event_loop(future: impl Future<Output = String> + 'static) -> String {
    struct Post(std::sync::Mutex<bool>, Thread);

    impl Wake for Post {
        fn wake(self: Arc<Self>) {
            *self.0.lock().unwrap() = true;
            self.1.unpark();
        }
    }

    let output = Rc::new(RefCell::new(None));
    let result = Rc::clone(&output);
    let mut tasks: VecDeque<Task> = VecDeque::new();
    tasks.push_back(Box::pin(async move { *result.borrow_mut() = Some(future.await) }));
    let post = Arc::new(Post(std::sync::Mutex::new(true), thread::current()));
    let waker = Waker::from(Arc::clone(&post));
    loop {
        if std::mem::take(&mut *post.0.lock().unwrap()) {
            let mut task = tasks.pop_front().expect("it is not done yet");
            match task.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(()) => return output.take().unwrap(),
                Poll::Pending => tasks.push_back(task),
            }
        }
        thread::park_timeout(PAUSE);
    }
}
