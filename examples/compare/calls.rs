//! The futures that are called.

use std::sync::LazyLock;
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

pub(crate) async fn ready(number: u32) -> u32 {
    number + 1
}

pub(crate) async fn suspends_once(number: u32) -> u32 {
    futures_lite::future::yield_now().await;
    number + 1
}

/// Suspends until another thread answers.
pub(crate) async fn woken_by_a_thread(number: u32) -> u32 {
    let (sender, answer) = oneshot::channel();
    ANSWERING.send((number, sender)).expect("the thread receives for ever");
    answer.await.expect("the thread answers")
}

type Question = (u32, oneshot::Sender<u32>);

static ANSWERING: LazyLock<mpsc::Sender<Question>> = LazyLock::new(|| {
    let (sender, questions) = mpsc::channel::<Question>();
    thread::spawn(move || {
        for (number, answer) in questions {
            // The caller waits, so the channel is open.
            let _ = answer.send(number + 1);
        }
    });
    sender
});
