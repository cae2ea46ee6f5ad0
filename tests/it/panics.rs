//! A panic reaches the caller unchanged, and leaves the thread as usable as it was.

use std::panic::{catch_unwind, panic_any};

use smartasync::{Context, context, smartasync};
use tokio::task;

use crate::support::{multi_thread, within_a_minute};

#[derive(Debug, PartialEq)]
struct Payload(u32);

#[smartasync]
async fn panics(polls: u32) {
    for _ in 0..polls {
        task::yield_now().await;
    }
    panic_any(Payload(polls));
}

#[smartasync]
async fn id() -> tokio::runtime::Id {
    task::yield_now().await;
    tokio::runtime::Handle::current().id()
}

#[test]
fn a_panic_of_the_body_reaches_the_caller_and_leaves_the_runtime_usable() {
    within_a_minute(|_| {
        let before = id().wait();
        for polls in [0, 1, 5] {
            let payload = catch_unwind(|| panics(polls).wait()).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&Payload(polls)));
            assert_eq!(context(), Context::Sync, "the mark outlived the poll");
            assert_eq!(id().wait(), before, "the runtime was lost");
        }
    });
}

#[test]
fn a_panic_on_a_blocking_thread_reaches_the_caller() {
    within_a_minute(|_| {
        let job = || {
            let payload = catch_unwind(|| panics(2).wait()).unwrap_err();
            assert_eq!(payload.downcast_ref(), Some(&Payload(2)));
            assert_eq!(context(), Context::Blocking);
            id().wait();
        };
        multi_thread().block_on(async { task::spawn_blocking(job).await }).unwrap();
    });
}

#[test]
fn a_panic_in_a_drop_during_a_call_restores_the_mark() {
    struct PanicsOnDrop;

    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic!("in drop");
        }
    }

    #[smartasync]
    async fn drops(_argument: PanicsOnDrop) {
        task::yield_now().await;
    }

    within_a_minute(|_| {
        catch_unwind(|| drops(PanicsOnDrop).wait()).unwrap_err();
        assert_eq!(context(), Context::Sync);
        id().wait();
    });
}

#[test]
fn what_a_panicking_call_leaves_is_dropped_inside_its_runtime() {
    struct Spawns(std::sync::mpsc::Sender<bool>);

    impl Drop for Spawns {
        fn drop(&mut self) {
            self.0.send(tokio::runtime::Handle::try_current().is_ok()).unwrap();
        }
    }

    async fn body(spawns: Spawns, pending_first: bool) {
        let guarded = async move {
            let _spawns = spawns;
            std::future::pending::<()>().await;
        };
        let panics = async move {
            if pending_first {
                tokio::task::yield_now().await;
            }
            panic!("a panic that the test wants");
        };
        tokio::join!(guarded, panics);
    }

    within_a_minute(|_| {
        let bridges = [
            smartasync::Bridge::per_thread(),
            smartasync::Bridge::builder().build(),
            #[cfg(feature = "rt-multi-thread")]
            smartasync::Bridge::builder().shared_threads(1).build(),
        ];
        for bridge in bridges {
            for pending_first in [false, true] {
                let (sender, dropped) = std::sync::mpsc::channel();
                let call = std::panic::AssertUnwindSafe(|| {
                    bridge.block_on(body(Spawns(sender), pending_first));
                });
                std::panic::catch_unwind(call).unwrap_err();
                assert!(dropped.recv().unwrap(), "there was no current runtime");
            }
        }
    });
}
