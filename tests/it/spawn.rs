//! Tasks that outlive their caller.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, WaitErrorKind, block_on};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::sleep;

use crate::support::{current_thread, within_a_minute};

fn bridges(runtime: &Runtime) -> impl IntoIterator<Item = (&'static str, Bridge)> {
    [
        ("per thread", Bridge::per_thread()),
        #[cfg(feature = "rt-multi-thread")]
        ("shared", Bridge::shared()),
        ("private", Bridge::builder().build()),
        #[cfg(feature = "rt-multi-thread")]
        ("private, shared threads", Bridge::builder().shared_threads(1).build()),
        ("handle", Bridge::from_handle(runtime.handle().clone())),
    ]
}

/// Reports that it ran, after a timer.
async fn report(sender: Sender<()>) {
    sleep(Duration::from_millis(1)).await;
    sender.send(()).unwrap();
}

#[test]
fn a_task_goes_on_whoever_has_spawned_it() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    within_a_minute(|stage| {
        for (name, bridge) in bridges(&runtime) {
            let (sender, reports) = channel();
            let spawn = || drop(bridge.spawn(report(sender.clone())));
            stage.at(format!("{name}: a thread that ends"));
            thread::scope(|scope| scope.spawn(spawn).join().unwrap());
            reports.recv().unwrap();
            stage.at(format!("{name}: a call"));
            block_on(async { spawn() });
            reports.recv().unwrap();
            stage.at(format!("{name}: a task of another runtime"));
            current_thread().block_on(async { spawn() });
            reports.recv().unwrap();
            stage.at(format!("{name}: another executor"));
            pollster::block_on(async { spawn() });
            reports.recv().unwrap();
        }
    });
}

/// Cleans up when it is dropped, as in the documentation of `Bridge::spawn`.
struct Cleaned(Sender<()>);

impl Drop for Cleaned {
    fn drop(&mut self) {
        Bridge::per_thread().spawn(report(self.0.clone()));
    }
}

#[test]
fn a_destructor_cleans_up_in_sync_code_in_async_code_and_at_the_end_of_a_thread() {
    thread_local! {
        static CLEANED: std::cell::RefCell<Option<Cleaned>> = const { std::cell::RefCell::new(None) };
    }
    within_a_minute(|stage| {
        let (sender, reports) = channel();
        stage.at("sync code");
        drop(Cleaned(sender.clone()));
        reports.recv().unwrap();
        stage.at("async code");
        let cleaned = Cleaned(sender.clone());
        current_thread().block_on(async move { drop(cleaned) });
        reports.recv().unwrap();
        stage.at("the end of a thread");
        let cleaned = Cleaned(sender);
        thread::spawn(|| CLEANED.set(Some(cleaned))).join().unwrap();
        reports.recv().unwrap();
    });
}

#[test]
fn the_tasks_of_a_private_bridge_share_one_runtime_and_end_with_it() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().build();
        let id = || bridge.block_on(bridge.spawn(async { Handle::current().id() })).unwrap();
        assert_eq!(id(), id());
        let before = id();
        bridge.reset();
        assert_ne!(id(), before);
        let held = Arc::new(());
        let guard = Arc::clone(&held);
        let task = bridge.spawn(async move {
            let _guard = guard;
            std::future::pending::<()>().await;
        });
        drop(bridge);
        stage.at("the task is dropped with the bridge");
        while Arc::strong_count(&held) > 1 {
            thread::yield_now();
        }
        assert!(block_on(task).unwrap_err().is_cancelled());
    });
}

#[test]
fn a_bridge_that_was_shut_down_hands_the_future_back() {
    let bridges = [
        Bridge::builder().build(),
        #[cfg(feature = "rt-multi-thread")]
        Bridge::builder().shared_threads(1).build(),
    ];
    for bridge in bridges {
        bridge.block_on(async {});
        bridge.shutdown(Duration::ZERO);
        let error = bridge.try_spawn(async { 42 }).unwrap_err();
        assert_eq!((error.kind(), error.name()), (WaitErrorKind::Shutdown, "Bridge::spawn"));
        assert_eq!(block_on(error.into_call().unwrap()), 42);
    }
}
