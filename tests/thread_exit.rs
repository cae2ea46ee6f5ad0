//! Calls that are made while a thread's locals are being destroyed work or return an error. These tests have a
//! process of their own, because a panic there would abort it.

mod support;

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use smartasync::{Bridge, WaitErrorKind, smartasync};

use support::within_a_minute;

#[smartasync]
async fn sleeps() -> u32 {
    tokio::time::sleep(Duration::from_millis(1)).await;
    7
}

/// Makes a call when the thread ends, and reports the result.
struct CallsOnDrop(Sender<Result<u32, WaitErrorKind>>);

impl Drop for CallsOnDrop {
    fn drop(&mut self) {
        let result = sleeps().try_wait().map_err(|error| error.kind());
        self.0.send(result).expect("the test waits for it");
    }
}

thread_local! {
    static CALLS_ON_DROP: RefCell<Option<CallsOnDrop>> = const { RefCell::new(None) };
}

fn call_on_exit(sender: Sender<Result<u32, WaitErrorKind>>) {
    CALLS_ON_DROP.with(|local| *local.borrow_mut() = Some(CallsOnDrop(sender)));
}

/// A call that an executor without Tokio has begun to poll, in a thread-local.
type Begun = Pin<Box<dyn Future<Output = u32>>>;

thread_local! {
    static BEGUN: RefCell<Option<Begun>> = const { RefCell::new(None) };
}

#[test]
fn a_call_of_another_executor_that_outlives_tokio_is_dropped_without_it() {
    within_a_minute(|_| {
        let thread = thread::spawn(|| {
            // It is set up before Tokio's own thread-locals, and so is destroyed after them.
            BEGUN.with(|begun| drop(begun.borrow_mut().take()));
            let mut call: Begun = Box::pin(sleeps().into_future());
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            BEGUN.with(|begun| *begun.borrow_mut() = Some(call));
        });
        thread.join().unwrap();
    });
}

#[test]
fn a_call_in_a_destructor_that_runs_before_the_runtime_has_gone_works() {
    within_a_minute(|_| {
        let (sender, receiver) = channel();
        let thread = thread::spawn(|| {
            sleeps().wait();
            call_on_exit(sender);
        });
        thread.join().unwrap();
        assert_eq!(receiver.recv().unwrap(), Ok(7));
    });
}

#[test]
fn a_call_in_a_destructor_that_runs_after_the_runtime_has_gone_is_an_error() {
    within_a_minute(|_| {
        let (sender, receiver) = channel();
        let thread = thread::spawn(|| {
            call_on_exit(sender);
            sleeps().wait();
        });
        thread.join().unwrap();
        assert_eq!(receiver.recv().unwrap(), Err(WaitErrorKind::Runtime));
    });
}

/// A refused call does not block, but the thread sets up its thread-local. Tokio's thread-locals, with which the
/// destructor's call blocks, must be set up before that, so that they are destroyed later.
#[test]
fn a_call_in_a_destructor_that_was_set_up_before_the_first_blocking_call_works() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        bridge.shutdown(Duration::ZERO);
        let (sender, receiver) = channel();
        let thread = thread::spawn(move || {
            bridge.try_block_on(async {}).unwrap_err();
            call_on_exit(sender);
            sleeps().wait();
        });
        thread.join().unwrap();
        assert_eq!(receiver.recv().unwrap(), Ok(7));
    });
}

/// Makes a call when the thread ends, and another one on a new thread. Reports the first one's message and the
/// second one's result.
struct AsksTwiceOnDrop(Sender<(String, u32)>);

impl Drop for AsksTwiceOnDrop {
    fn drop(&mut self) {
        let message = sleeps().try_wait().unwrap_err().to_string();
        let on_a_new_thread = thread::spawn(|| sleeps().wait()).join().unwrap();
        self.0.send((message, on_a_new_thread)).expect("the test waits for it");
    }
}

thread_local! {
    static ASKS_TWICE_ON_DROP: RefCell<Option<AsksTwiceOnDrop>> = const { RefCell::new(None) };
}

#[test]
fn the_error_after_the_runtime_has_gone_names_a_way_that_works() {
    within_a_minute(|_| {
        let (sender, receiver) = channel();
        let thread = thread::spawn(|| {
            ASKS_TWICE_ON_DROP.with(|local| *local.borrow_mut() = Some(AsksTwiceOnDrop(sender)));
            sleeps().wait();
        });
        thread.join().unwrap();
        let (message, on_a_new_thread) = receiver.recv().unwrap();
        assert!(message.contains("the thread is ending"), "{message}");
        assert!(message.contains("before `main` returns"), "{message}");
        assert!(message.contains("on a new thread"), "{message}");
        assert!(!message.contains("try again"), "{message}");
        assert_eq!(on_a_new_thread, 7);
    });
}

#[test]
fn a_first_call_in_a_destructor_works() {
    within_a_minute(|_| {
        let (sender, receiver) = channel();
        thread::spawn(|| call_on_exit(sender)).join().unwrap();
        assert_eq!(receiver.recv().unwrap(), Ok(7));
    });
}

#[test]
fn a_call_in_a_destructor_of_a_thread_that_has_used_tokio_does_not_abort() {
    within_a_minute(|_| {
        let (sender, receiver) = channel();
        let thread = thread::spawn(|| {
            call_on_exit(sender);
            support::current_thread().block_on(async { sleeps().await });
        });
        thread.join().unwrap();
        assert_eq!(receiver.recv().unwrap(), Err(WaitErrorKind::Runtime));
    });
}

#[test]
fn no_exit_waits_for_a_blocking_job() {
    within_a_minute(|stage| {
        let mut worst = Duration::ZERO;
        let mut held = Vec::new();
        for number in 0..1_000 {
            stage.at(format!("thread {number}"));
            // The job ends when all threads have ended: an exit that waited for it would never return.
            let (release, job) = channel::<()>();
            held.push(release);
            let (ending, ended) = channel();
            let thread = thread::spawn(move || {
                smartasync::block_on(async {
                    tokio::task::spawn_blocking(move || job.recv());
                });
                ending.send(Instant::now()).unwrap();
            });
            thread.join().unwrap();
            worst = worst.max(ended.recv().unwrap().elapsed());
        }
        println!("the slowest of 1,000 exits took {worst:?}");
    });
}
