//! What a call gets from a current runtime that cannot serve it, and how to avoid that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::time::Duration;

use smartasync::{Bridge, Call, WaitErrorKind};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::support::{multi_thread, within_a_minute};

/// Returns the message with which `call` panics.
fn panic_of<F: Future<Output: std::fmt::Debug>>(call: Call<F>) -> String {
    let panic = catch_unwind(AssertUnwindSafe(|| call.try_wait())).unwrap_err();
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .unwrap_or_else(|| *panic.downcast::<String>().expect("a panic with a message"))
}

fn beside(runtime: &Runtime, test: impl FnOnce() + Send + 'static) {
    runtime.block_on(runtime.spawn_blocking(test)).unwrap();
}

#[test]
fn without_a_driver_the_future_panics_and_a_private_bridge_runs_it() {
    within_a_minute(|_| {
        let bare = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        beside(&bare, || {
            let timer = async { sleep(Duration::from_millis(1)).await };
            let socket = async { TcpListener::bind("127.0.0.1:0").await.map(drop) };
            let (per_thread, private) = (Bridge::per_thread(), Bridge::builder().build());
            assert!(panic_of(per_thread.call(timer)).contains("timers are disabled"));
            assert!(panic_of(per_thread.call(socket)).contains("IO is disabled"));
            private.call(async { sleep(Duration::from_millis(1)).await }).wait();
            private
                .call(async { TcpListener::bind("127.0.0.1:0").await.map(drop) })
                .wait()
                .unwrap();
        });
    });
}

#[test]
fn a_runtime_that_was_shut_down_gives_an_error_and_a_private_bridge_runs_on() {
    within_a_minute(|_| {
        let gone = multi_thread();
        let handle = gone.handle().clone();
        gone.shutdown_background();
        let _guard = handle.enter();
        let (per_thread, private) = (Bridge::per_thread(), Bridge::builder().build());
        let spawn = || async { tokio::spawn(async { 42 }).await };
        assert!(per_thread.call(spawn()).wait().unwrap_err().is_cancelled());
        assert_eq!(private.call(spawn()).wait().unwrap(), 42);
    });
}

#[test]
fn the_hook_of_the_only_worker_waits_until_the_limit_and_a_private_bridge_does_not() {
    within_a_minute(|stage| {
        let (sender, results) = channel();
        stage.at("building a runtime whose hook waits");
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .on_thread_start(move || {
                let nap = || async { sleep(Duration::from_millis(1)).await };
                let per_thread = Bridge::per_thread().call(nap());
                let error = per_thread.wait_timeout(Duration::from_millis(100)).unwrap_err();
                Bridge::builder().build().call(nap()).wait();
                sender.send(error.kind()).unwrap();
            })
            .build()
            .unwrap();
        assert_eq!(results.recv().unwrap(), WaitErrorKind::TimedOut);
        drop(runtime);
    });
}
