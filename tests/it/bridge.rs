//! Bridges: whose runtimes a call uses, what a bridge keeps, and what it forgets.

use std::sync::{Barrier, LazyLock};
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, reset, smartasync};
use tokio::net::TcpListener;
use tokio::runtime::{Handle, Id};
use tokio::task;
use tokio::time::sleep;

use crate::support::{current_thread, multi_thread, within_a_minute};

/// Needs a driven runtime, and returns its id.
#[smartasync]
async fn id() -> Id {
    sleep(Duration::from_millis(1)).await;
    Handle::current().id()
}

#[test]
fn two_bridges_share_no_runtime_and_no_count() {
    within_a_minute(|_| {
        let (one, other) = (Bridge::builder().build(), Bridge::builder().build());
        let ids = [id().on(&one).wait(), id().on(&other).wait(), id().wait()];
        assert_ne!(ids[0], ids[1]);
        assert_ne!(ids[0], ids[2]);
        assert_ne!(ids[1], ids[2]);
        assert_eq!(ids[0], id().on(&one).wait(), "not reused");
        assert_eq!((one.stats().calls_on_own_runtime, one.stats().runtimes), (2, 1));
        assert_eq!((other.stats().calls_on_own_runtime, other.stats().runtimes), (1, 1));
    });
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn two_bridges_with_shared_threads_share_none_of_them() {
    within_a_minute(|_| {
        let bridges = [(); 2].map(|()| Bridge::builder().shared_threads(1).build());
        // In turn, so that the bridge that the thread has used last is always the other one.
        let [first, second] = [(); 2].map(|()| bridges.each_ref().map(|one| id().on(one).wait()));
        assert_ne!(first[0], first[1]);
        assert_eq!(first, second);
    });
}

#[test]
fn each_thread_has_its_own_runtime_of_a_bridge_and_its_end_leaves_it_to_the_next() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let on_new_threads = || {
            // Both threads are alive at the same time.
            let barrier = Barrier::new(2);
            thread::scope(|scope| {
                let call = || {
                    let id = id().on(&bridge).wait();
                    barrier.wait();
                    id
                };
                [scope.spawn(call), scope.spawn(call)].map(|caller| caller.join().unwrap())
            })
        };
        let mine = id().on(&bridge).wait();
        let others = on_new_threads();
        assert!(!others.contains(&mine) && others[0] != others[1]);
        let mut later = on_new_threads();
        if later[0] != others[0] {
            later.reverse();
        }
        assert_eq!(later, others, "the runtimes of threads that have ended were not used again");
        assert_eq!(mine, id().on(&bridge).wait());
        assert_eq!(bridge.stats().runtimes, 3);
    });
}

#[test]
fn the_end_of_a_thread_leaves_its_runtimes_of_all_bridges_to_the_next() {
    within_a_minute(|_| {
        let bridges = [(); 3].map(|()| Bridge::builder().build());
        let on_a_new_thread = || {
            let call = || {
                // The second round comes after a reset: a bridge whose values are made again is still registered
                // only once.
                for bridge in &bridges {
                    id().on(bridge).wait();
                }
                bridges[0].reset();
                bridges.each_ref().map(|bridge| id().on(bridge).wait())
            };
            thread::scope(|scope| scope.spawn(call).join().unwrap())
        };
        let before = on_a_new_thread();
        let after = on_a_new_thread();
        assert_ne!(before[0], after[0], "it was reset");
        assert_eq!(before[1..], after[1..], "those of a thread that has ended were not used again");
        assert_eq!(bridges.each_ref().map(|bridge| bridge.stats().runtimes), [1; 3]);
    });
}

#[test]
fn reset_of_a_thread_forgets_its_runtimes_of_several_private_bridges() {
    within_a_minute(|_| {
        let bridges = [(); 3].map(|()| Bridge::builder().build());
        let ids = || bridges.each_ref().map(|bridge| id().on(bridge).wait());
        let before = ids();
        assert_eq!(before, ids(), "kept while the thread turns from one to the other");
        reset();
        assert_eq!(bridges.each_ref().map(|bridge| bridge.stats().runtimes), [0; 3]);
        assert!(before.iter().zip(ids()).all(|(before, after)| *before != after));
    });
}

#[test]
fn a_private_bridge_keeps_to_its_own_runtimes_beside_another_runtime() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        for runtime in [current_thread(), multi_thread()] {
            let bridge = bridge.clone();
            runtime.block_on(async {
                let current = Handle::current().id();
                let job = move || assert_ne!(id().on(&bridge).wait(), current);
                task::spawn_blocking(job).await.unwrap();
            });
        }
        let runtime = multi_thread();
        runtime.block_on(async {
            let current = runtime.handle().id();
            task::block_in_place(|| assert_ne!(id().on(&bridge).wait(), current));
            // A known limit: here the root future reads as `Blocking`. The call must run all the same.
            #[cfg(feature = "rt-multi-thread")]
            assert_ne!(id().on(&bridge).wait(), current);
        });
    });
}

#[test]
fn from_handle_runs_on_that_runtime() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let bridge = Bridge::from_handle(runtime.handle().clone());
        assert_eq!(id().on(&bridge).wait(), runtime.handle().id());
        assert_eq!(bridge.block_on(id()), runtime.handle().id());
        assert_eq!((bridge.stats().calls_on_handle, bridge.stats().runtimes), (2, 0));
        let other = multi_thread();
        let on_other = async {
            let job = move || id().on(&bridge).wait();
            task::spawn_blocking(job).await.unwrap()
        };
        assert_eq!(other.block_on(on_other), runtime.handle().id());
    });
}

#[test]
fn from_handle_of_a_runtime_that_was_shut_down_does_not_hang() {
    within_a_minute(|stage| {
        for runtime in [current_thread(), multi_thread()] {
            let bridge = Bridge::from_handle(runtime.handle().clone());
            runtime.shutdown_background();
            stage.at("a future that needs nothing");
            assert_eq!(bridge.block_on(async { 1 }), 1);
            // A multi-thread runtime takes its time to shut down, so each step is repeated until it has.
            stage.at("a task");
            let join = || bridge.block_on(async { tokio::spawn(async {}).await });
            let error = std::iter::repeat_with(join).find_map(Result::err).unwrap();
            assert!(error.is_cancelled());
            stage.at("a socket");
            let bind = || bridge.block_on(async { TcpListener::bind("127.0.0.1:0").await });
            while bind().is_ok() {}
            stage.at("a timer");
            let wait = || {
                let timer = || bridge.block_on(async { sleep(Duration::from_millis(1)).await });
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(timer))
            };
            let payload = std::iter::repeat_with(wait).find_map(Result::err).unwrap();
            let message = payload.downcast_ref::<String>().unwrap();
            assert!(message.contains("being shutdown"), "{message}");
        }
    });
}

static BRIDGE: LazyLock<Bridge> = LazyLock::new(|| Bridge::builder().name("static").build());

struct Client {
    bridge: Bridge,
}

impl Client {
    #[smartasync(on = self.bridge)]
    async fn id(&self) -> Id {
        id().await
    }

    #[smartasync(on = BRIDGE)]
    async fn static_id(self) -> Id {
        id().await
    }

    #[smartasync(on = bridge)]
    async fn argument_id(bridge: &Bridge) -> Id {
        let _still_here = bridge;
        id().await
    }
}

#[test]
fn the_attribute_chooses_the_bridge() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let client = Client { bridge: bridge.clone() };
        assert_eq!(client.id().wait(), bridge.block_on(id()));
        assert_eq!(client.static_id().wait(), BRIDGE.block_on(id()));
        assert_eq!(Client::argument_id(&bridge).wait(), bridge.block_on(id()));
    });
}

#[test]
fn reset_of_a_thread_forgets_its_runtimes_of_all_bridges() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let before = [id().wait(), id().on(&bridge).wait()];
        reset();
        assert_eq!(bridge.stats().runtimes, 0);
        let after = [id().wait(), id().on(&bridge).wait()];
        assert_ne!(before[0], after[0]);
        assert_ne!(before[1], after[1]);
    });
}

#[test]
fn reset_of_a_thread_leaves_other_threads_alone() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let before = [id().wait(), id().on(&bridge).wait()];
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                id().on(&bridge).wait();
                reset();
            });
            other.join().unwrap();
        });
        assert_eq!(before, [id().wait(), id().on(&bridge).wait()]);
    });
}

#[test]
fn reset_of_a_bridge_forgets_the_runtimes_of_all_threads() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let mine = id().on(&bridge).wait();
        thread::scope(|scope| {
            scope.spawn(|| bridge.reset()).join().unwrap();
        });
        assert_eq!(bridge.stats().runtimes, 0);
        assert_ne!(mine, id().on(&bridge).wait());
    });
}

#[test]
fn reset_inside_a_call_lets_the_call_end_and_keeps_nothing_of_it() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        for forget in [&reset as &dyn Fn(), &|| bridge.reset()] {
            let before = bridge.block_on(async {
                forget();
                id().await
            });
            assert_eq!(bridge.stats().runtimes, 0);
            assert_ne!(before, id().on(&bridge).wait());
        }
    });
}

#[test]
fn the_last_clone_may_be_dropped_inside_async_code_and_waits_for_nothing() {
    within_a_minute(|stage| {
        for runtime in [current_thread(), multi_thread()] {
            let (release, held) = std::sync::mpsc::channel::<()>();
            let bridge = Bridge::builder().build();
            bridge.block_on(async {
                task::spawn_blocking(move || held.recv());
            });
            stage.at("the drop");
            runtime.block_on(async { drop(bridge) });
            drop(release);
        }
    });
}

#[test]
fn the_last_clone_may_be_dropped_by_a_call_on_the_bridge() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let inner = bridge.clone();
        let call = id().on(&bridge);
        drop(bridge);
        drop(inner);
        call.wait();
    });
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn block_in_place_lets_a_task_wait_and_nothing_else() {
    use smartasync::{Context, Nested, WaitErrorKind, block_on};

    within_a_minute(|_| {
        let bridge = Bridge::builder().nested(Nested::BlockInPlace).build();
        let runtime = multi_thread();
        let task = {
            let bridge = bridge.clone();
            async move {
                assert_eq!(bridge.context(), Context::Blocking);
                assert_eq!(smartasync::context(), Context::Async);
                let current = Handle::current().id();
                assert_ne!(id().on(&bridge).wait(), current);
                assert_eq!(id().try_wait().unwrap_err().kind(), WaitErrorKind::AsyncContext);
            }
        };
        runtime.block_on(runtime.spawn(task)).unwrap();

        let is_refused = || {
            let error = id().on(&bridge).try_wait().unwrap_err();
            error.kind() == WaitErrorKind::AsyncContext && bridge.context() == Context::Async
        };
        assert!(runtime.block_on(async { is_refused() }), "in the root future");
        let local = task::LocalSet::new();
        assert!(local.block_on(&runtime, async { is_refused() }), "in a LocalSet");
        assert!(current_thread().block_on(async { is_refused() }), "on a current-thread runtime");
        assert!(block_on(async { is_refused() }), "inside a call");
        assert!(bridge.block_on(async { is_refused() }), "inside a call on the bridge");
    });
}

#[test]
fn stats_count_calls_by_path() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        bridge.block_on(async {
            assert!(id().on(&bridge).try_wait().is_err());
        });
        current_thread().block_on(async {
            assert!(id().on(&bridge).try_wait().is_err());
        });
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..10).for_each(|_| bridge.block_on(async {})));
            }
        });
        let stats = bridge.stats();
        assert_eq!(stats.calls_on_own_runtime, 31);
        assert_eq!(stats.refused, 2);
        assert_eq!(stats.calls_on_handle, 0);
    });
}

#[test]
fn a_bridge_names_its_threads() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().name("mail").build();
        let name = bridge.block_on(async {
            let job = || thread::current().name().map(str::to_owned);
            task::spawn_blocking(job).await.unwrap()
        });
        assert_eq!(name.as_deref(), Some("mail/blocking"));
    });
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn a_background_runtime_is_left_alone_when_no_call_waits_on_it() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().shared_threads(1).build();
        let runtime = bridge.block_on(async {
            sleep(Duration::from_millis(1)).await;
            Handle::current()
        });
        // While a call waits, the monitor wakes the worker once a second.
        let parks = || runtime.metrics().worker_park_count(0);
        let rests = || {
            let before = parks();
            thread::sleep(Duration::from_secs(3));
            parks() == before
        };
        while !rests() {}
    });
}
