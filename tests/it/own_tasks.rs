//! Tasks that stay on the thread whose call has spawned them.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use smartasync::Bridge;
use tokio::time::sleep;

use crate::support::within_a_minute;

fn bridge() -> Bridge {
    let short = Duration::from_millis(1);
    Bridge::builder().name("own").driver_threads(false).idle_timeout(short).build()
}

/// A task that records at each poll on which thread it is polled.
async fn tell_where(polls: Arc<Mutex<Vec<ThreadId>>>) {
    loop {
        polls.lock().unwrap().push(thread::current().id());
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn a_task_is_polled_on_its_thread_and_in_calls_only() {
    within_a_minute(|stage| {
        let bridge = bridge();
        let polls = Arc::default();
        bridge.block_on(async { drop(tokio::spawn(tell_where(Arc::clone(&polls)))) });
        for _ in 0..3 {
            let before = polls.lock().unwrap().len();
            stage.at("a call");
            bridge.block_on(async { sleep(Duration::from_millis(20)).await });
            let after = polls.lock().unwrap().len();
            assert!(after > before, "a call runs the tasks of its thread");
            // This is 50 idle timeouts.
            thread::sleep(Duration::from_millis(50));
            // A call of another thread runs that thread's tasks only.
            stage.at("a call of another thread");
            thread::scope(|scope| {
                scope.spawn(|| bridge.block_on(async { sleep(Duration::from_millis(5)).await }));
            });
            assert_eq!(polls.lock().unwrap().len(), after, "between calls it stands still");
        }
        assert!(polls.lock().unwrap().iter().all(|thread| *thread == thread::current().id()));
        assert_eq!(bridge.stats().driver_threads, 0);
    });
}

#[test]
fn the_tasks_of_a_thread_end_with_it() {
    within_a_minute(|stage| {
        let bridge = bridge();
        let (held, dropped) = channel::<()>();
        thread::scope(|scope| {
            scope.spawn(|| {
                bridge.block_on(async {
                    tokio::spawn(async {
                        std::future::pending::<()>().await;
                        drop(held);
                    });
                });
            });
        });
        stage.at("waiting for the end of the task");
        assert!(dropped.recv().is_err());
        assert_eq!(bridge.stats().runtimes, 0);
        assert_eq!(bridge.stats().driver_threads, 0);
    });
}

#[test]
fn each_thread_has_a_runtime_of_its_own() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().driver_threads(false).max_runtimes(1).build();
        bridge.block_on(async {});
        thread::scope(|scope| {
            let own =
                scope.spawn(|| bridge.block_on(async { tokio::runtime::Handle::current().id() }));
            let own = own.join().unwrap();
            assert_ne!(bridge.block_on(async { tokio::runtime::Handle::current().id() }), own);
        });
    });
}

#[test]
fn a_shutdown_does_not_wait_for_tasks_that_nobody_runs() {
    within_a_minute(|stage| {
        let bridge = bridge();
        let ended = Arc::new(AtomicU32::new(0));
        let end = |ended: Arc<AtomicU32>| async move {
            sleep(Duration::from_millis(5)).await;
            ended.fetch_add(1, Relaxed);
        };
        // This task's runtime has a driver thread.
        bridge.spawn(end(Arc::clone(&ended)));
        bridge.block_on(async { drop(tokio::spawn(end(Arc::clone(&ended)))) });
        stage.at("shutting down");
        let drained = bridge.shutdown(Duration::from_secs(3600));
        assert!(drained.calls_ended && drained.blocking_jobs_ended);
        assert!(!drained.tasks_ended, "the task of the call was dropped");
        assert_eq!(ended.load(Relaxed), 1, "the task of the bridge was waited for");
    });
}
