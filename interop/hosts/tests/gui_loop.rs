//! A main loop that draws frames, like that of a graphical program, and must not block. It starts calls, and asks at each
//! frame whether they are done.
//!
//! The server holds each answer until ten more frames have been drawn. So a loop that waits for an answer hangs, and no
//! time has to be measured.

#[path = "../../../tests/support/mod.rs"]
mod support;

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, Wait, WaitErrorKind, smartasync};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use support::{Stage, current_thread, multi_thread, within_a_minute};

const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// One begins at each of the first frames.
const CALLS: u64 = 60;
/// How many frames are drawn between a request and its answer.
const HELD: u64 = 10;

type Answer = io::Result<u64>;
type Polled<F> = Pin<Box<F>>;

#[smartasync]
async fn ask(server: SocketAddr, number: u64) -> Answer {
    let mut socket = TcpStream::connect(server).await?;
    socket.write_u64(number).await?;
    socket.read_u64().await
}

fn answer_to(number: u64) -> u64 {
    number * 1_000_003 + 1
}

#[test]
fn frames_go_on_while_calls_run_as_tasks() {
    let start = |server, number| Bridge::per_thread().spawn(ask(server, number));
    frames_go_on("as tasks", start, take_finished);
}

/// For comparison.
#[test]
fn frames_go_on_while_futures_run_as_tasks_of_tokio() {
    let runtime = multi_thread();
    let start = |server, number| runtime.spawn(ask(server, number).into_inner());
    frames_go_on("as tasks of Tokio", start, take_finished);
}

#[test]
fn frames_go_on_while_calls_post_what_they_return() {
    let start = |server, number| {
        let (post, posted) = mpsc::channel();
        // Whatever the loop takes its events from.
        Bridge::per_thread().spawn(async move { post.send(ask(server, number).await) });
        posted
    };
    frames_go_on("that post", start, |posted| posted.try_recv().ok());
}

#[test]
fn frames_go_on_while_each_of_them_polls_the_calls() {
    frames_go_on("polled by frames", |server, number| Box::pin(ask(server, number)), poll);
}

#[test]
fn frames_go_on_in_a_loop_that_is_async_code() {
    within_a_minute(|stage| {
        let (mut window, mut calls) = (Window::open(), Calls::new());
        let begin = |server, number| {
            let outcome = ask(server, number).dispatch();
            assert!(!outcome.is_ready(), "the loop must not block");
            Box::pin(outcome.into_future())
        };
        current_thread().block_on(async {
            while !calls.are_done() {
                let frame = window.frames.recv().await.unwrap();
                window.draw(frame, stage);
                calls.at(frame, |number| begin(window.server, number), poll);
            }
        });
        calls.print("dispatched");
    });
}

#[test]
fn a_loop_draws_frames_while_it_waits_for_a_call() {
    within_a_minute(|stage| {
        let mut window = Window::open();
        for number in 0..CALLS / HELD {
            let begin = window.next;
            let answer = ask(window.server, number).wait_with(FRAME, || {
                while let Ok(frame) = window.frames.try_recv() {
                    window.draw(frame, stage);
                }
                ControlFlow::<()>::Continue(())
            });
            let ControlFlow::Continue(answer) = answer else { panic!("nothing has broken it") };
            assert_eq!(answer.unwrap(), answer_to(number));
            assert!(window.next - begin >= HELD, "{} frames", window.next - begin);
        }
    });
}

/// What the other tests would do if a call held the loop up.
#[test]
fn a_loop_that_blocks_draws_nothing_and_gets_no_answer() {
    within_a_minute(|_| {
        let window = Window::open();
        let error = ask(window.server, 0).wait_timeout(20 * FRAME).unwrap_err();
        assert_eq!((error.kind(), window.next), (WaitErrorKind::TimedOut, 0));
    });
}

/// Runs the loop until all calls are done. `start` begins a call, `take` asks for its answer.
fn frames_go_on<T>(
    way: &str,
    start: impl Fn(SocketAddr, u64) -> T + Send + Sync,
    take: impl Fn(&mut T) -> Option<Answer> + Send + Sync,
) {
    within_a_minute(|stage| {
        let (mut window, mut calls) = (Window::open(), Calls::new());
        while !calls.are_done() {
            let frame = window.frames.blocking_recv().unwrap();
            window.draw(frame, stage);
            calls.at(frame, |number| start(window.server, number), &take);
        }
        calls.print(way);
    });
}

fn take_finished(task: &mut JoinHandle<Answer>) -> Option<Answer> {
    // A wait for what is done does not block.
    task.is_finished().then(|| task.wait().unwrap())
}

fn poll<F: Future<Output = Answer>>(call: &mut Polled<F>) -> Option<Answer> {
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => Some(answer),
        Poll::Pending => None,
    }
}

/// The calls of a loop. The number of each is that of the frame at which it began.
struct Calls<T> {
    running: Vec<(u64, T)>,
    /// For each that has ended, how many frames it has taken.
    took: Vec<u64>,
}

impl<T> Calls<T> {
    fn new() -> Calls<T> {
        Calls { running: Vec::new(), took: Vec::new() }
    }

    /// Begins what begins at a frame, and takes the answers that have come.
    fn at(
        &mut self,
        frame: u64,
        start: impl FnOnce(u64) -> T,
        take: impl Fn(&mut T) -> Option<Answer>,
    ) {
        if frame < CALLS {
            self.running.push((frame, start(frame)));
        }
        self.running.retain_mut(|(number, call)| {
            let Some(answer) = take(call) else { return true };
            assert_eq!(answer.unwrap(), answer_to(*number));
            assert!(frame - *number >= HELD, "call {number} was answered at frame {frame}");
            self.took.push(frame - *number);
            false
        });
    }

    fn are_done(&self) -> bool {
        self.took.len() as u64 == CALLS
    }

    fn print(mut self, way: &str) {
        self.took.sort_unstable();
        let (shortest, longest) = (self.took[0], self.took[self.took.len() - 1]);
        let median = self.took[self.took.len() / 2];
        println!("{CALLS} calls {way}: {shortest}, {median}, {longest} frames");
    }
}

/// What the loop draws.
struct Window {
    server: SocketAddr,
    /// Sixty in each second, however long the loop takes.
    frames: UnboundedReceiver<u64>,
    next: u64,
    drawn: Arc<Drawn>,
}

/// How many frames have been drawn.
#[derive(Default)]
struct Drawn {
    count: Mutex<u64>,
    has_changed: Condvar,
}

impl Window {
    fn open() -> Window {
        let drawn = Arc::default();
        let (sender, frames) = unbounded_channel();
        thread::spawn(move || {
            let mut numbers = 0..;
            while sender.send(numbers.next().unwrap()).is_ok() {
                thread::sleep(FRAME);
            }
        });
        Window { server: serve(Arc::clone(&drawn)), frames, next: 0, drawn }
    }

    fn draw(&mut self, frame: u64, stage: &Stage) {
        assert_eq!(frame, self.next, "each frame is drawn, in its order");
        self.next += 1;
        stage.at(format!("frame {frame}"));
        *self.drawn.count.lock().unwrap() += 1;
        self.drawn.has_changed.notify_all();
    }
}

/// Starts a server whose threads end with the process.
fn serve(drawn: Arc<Drawn>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut socket in listener.incoming().map(Result::unwrap) {
            let drawn = Arc::clone(&drawn);
            thread::spawn(move || {
                let mut number = [0; 8];
                socket.read_exact(&mut number).unwrap();
                drawn.wait_for(HELD);
                let answer = answer_to(u64::from_be_bytes(number));
                // A caller that has a time limit may be gone.
                let _ = socket.write_all(&answer.to_be_bytes());
            });
        }
    });
    address
}

impl Drawn {
    fn wait_for(&self, frames: u64) {
        let count = self.count.lock().unwrap();
        let until = *count + frames;
        drop(self.has_changed.wait_while(count, |count| *count < until).unwrap());
    }
}
