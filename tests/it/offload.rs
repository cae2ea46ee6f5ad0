//! A sync function that async code can await: on the caller's thread when waited for, on the blocking
//! pool when awaited.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::{self, ThreadId};
use std::time::Duration;

use crate::support::{current_thread, multi_thread, within_a_minute};
use smartasync::{Context, Offload, context, offload, smartasync};
use tokio::runtime::Builder;

fn whereabouts() -> Offload<impl FnOnce() -> (ThreadId, Context) + Send + 'static> {
    offload(|| (thread::current().id(), context()))
}

#[test]
fn waited_for_it_runs_on_the_calling_thread() {
    assert_eq!(whereabouts().wait(), (thread::current().id(), Context::Sync));
}

#[test]
fn awaited_it_runs_on_the_blocking_pool_and_may_block() {
    within_a_minute(|_| {
        for runtime in [current_thread(), multi_thread()] {
            let (there, context) = runtime.block_on(async { whereabouts().await });
            assert_ne!(there, thread::current().id());
            assert_eq!(context, Context::Blocking);
        }
    });
}

#[test]
fn awaited_without_a_current_runtime_it_runs_on_the_shared_runtimes_pool() {
    within_a_minute(|_| {
        let name = offload(|| thread::current().name().map(str::to_owned));
        let name = futures_lite::future::block_on(name.into_future());
        let pool = if cfg!(feature = "rt-multi-thread") { "shared" } else { "blocking" };
        assert_eq!(name, Some(format!("smartasync/{pool}")));
    });
}

#[test]
fn a_panic_of_the_function_reaches_the_caller() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let call = || offload(|| -> u32 { panic!("a panic that the test wants") });
        for result in [
            catch_unwind(|| call().wait()),
            catch_unwind(AssertUnwindSafe(|| runtime.block_on(call().into_future()))),
        ] {
            let payload = result.unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&"a panic that the test wants"));
        }
    });
}

#[test]
fn dropped_before_it_begins_it_never_runs() {
    within_a_minute(|stage| {
        let runtime =
            Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap();
        let (release, released) = channel::<()>();
        let has_run = Arc::new(AtomicBool::new(false));
        runtime.block_on(async {
            let busy = tokio::spawn(offload(move || released.recv()).into_future());
            tokio::task::yield_now().await;
            let run = |has_run: &Arc<AtomicBool>| {
                let has_run = Arc::clone(has_run);
                offload(move || has_run.store(true, Ordering::Relaxed)).into_future()
            };
            drop(run(&has_run));
            stage.at("a call that waits for its turn");
            let waits = tokio::time::timeout(Duration::from_millis(10), run(&has_run)).await;
            assert!(waits.is_err(), "the only thread of the pool is busy");
            release.send(()).unwrap();
            busy.await.unwrap().unwrap();
            stage.at("a later call");
            offload(|| ()).await;
        });
        assert!(!has_run.load(Ordering::Relaxed));
    });
}

#[test]
fn a_runtime_that_is_shut_down_causes_a_panic_that_says_so() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let call = AssertUnwindSafe(|| {
            let _entered = handle.enter();
            futures_lite::future::block_on(offload(|| ()).into_future())
        });
        let payload = catch_unwind(call).unwrap_err();
        let message = payload.downcast_ref::<&str>().unwrap();
        assert!(message.contains("was shut down"), "{message}");
    });
}

struct Hasher {
    seed: u64,
}

#[smartasync]
impl Hasher {
    /// A simple hash function.
    #[smartasync(offload)]
    fn hash(self: Arc<Self>, mut data: Vec<u64>, (factor, _): (u64, u64)) -> u64 {
        data.push(self.seed);
        data.iter().fold(0, |hash, number| hash * factor + number)
    }

    /// A decorated function that awaits an offloaded one.
    async fn hash_twice(self: Arc<Self>, data: Vec<u64>) -> (u64, u64) {
        let first = Arc::clone(&self).hash(data.clone(), (3, 0)).await;
        (first, self.hash(data, (3, 1)).await)
    }

    #[smartasync(offload)]
    fn length<T: AsRef<str> + Send + 'static>(text: T, suffix: &'static str) -> Result<usize, T> {
        if text.as_ref().is_empty() {
            return Err(text);
        }
        Ok(text.as_ref().len() + suffix.len())
    }
}

#[test]
fn a_decorated_sync_function_is_offloaded() {
    within_a_minute(|_| {
        let hasher = Arc::new(Hasher { seed: 7 });
        assert_eq!(Arc::clone(&hasher).hash(vec![1, 2], (3, 0)).wait(), 22);
        let runtime = multi_thread();
        let hash = Arc::clone(&hasher).hash(vec![1, 2], (3, 0));
        assert_eq!(runtime.block_on(hash.into_future()), 22);
        assert_eq!(hasher.hash_twice(vec![1, 2]).wait(), (22, 22));
        assert_eq!(Hasher::length("abc", "d").wait(), Ok(4));
        assert_eq!(runtime.block_on(Hasher::length("", "d").into_future()), Err(""));
    });
}
