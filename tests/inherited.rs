//! What ended threads and other threads' tasks leave behind does not disturb later threads.
//!
//! These tests have a process of their own, because they fill the limit of runtimes, and block threads forever.

mod support;

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use smartasync::Bridge;
use tokio::runtime::Handle;
use tokio::time::sleep;

use support::within_a_minute;

/// The limit for a call that sleeps for a millisecond. Much longer than it takes, since the machine may be busy.
const LONGEST: Duration = Duration::from_secs(5);

fn call_takes(bridge: &Bridge) -> Duration {
    let start = Instant::now();
    bridge.block_on(async { sleep(Duration::from_millis(1)).await });
    start.elapsed()
}

/// Leaves a task behind that never releases its driver, and waits until that task runs.
fn leave_a_blocking_task(bridge: &Bridge) {
    let (running, runs) = channel();
    bridge.block_on(async {
        tokio::spawn(async move {
            running.send(()).unwrap();
            loop {
                thread::park();
            }
        });
    });
    runs.recv().unwrap();
}

#[test]
fn a_new_thread_does_not_get_a_runtime_whose_task_blocks() {
    within_a_minute(|stage| {
        for bridge in [Bridge::per_thread(), Bridge::builder().build()] {
            for number in 0..20 {
                stage.at(format!("blocking task {number}"));
                thread::scope(|scope| {
                    scope.spawn(|| leave_a_blocking_task(&bridge)).join().unwrap();
                    let took = scope.spawn(|| call_takes(&bridge)).join().unwrap();
                    println!("beside {} tasks that block: {took:?}", number + 1);
                    assert!(took < LONGEST, "{took:?}");
                });
            }
        }
    });
}

#[test]
fn at_the_limit_nobody_shares_a_runtime_whose_task_blocks() {
    within_a_minute(|stage| {
        for limit in [1, 2, 4] {
            let bridge = Bridge::builder().max_runtimes(limit).build();
            stage.at(format!("{limit} runtimes"));
            thread::scope(|scope| {
                let (done, is_done) = channel::<()>();
                let (blocked, are_blocked) = channel();
                for _ in 0..limit {
                    let (bridge, blocked) = (&bridge, blocked.clone());
                    scope.spawn(move || {
                        leave_a_blocking_task(bridge);
                        blocked.send(()).unwrap();
                    });
                    are_blocked.recv().unwrap();
                }
                // These threads stay alive, and keep their runtimes.
                let living: Vec<_> = (0..3)
                    .map(|_| {
                        let (bridge, done) = (&bridge, done.clone());
                        scope.spawn(move || {
                            let took = call_takes(bridge);
                            println!("{limit} runtimes, all blocked: {took:?}");
                            drop(done);
                            took
                        })
                    })
                    .collect();
                drop(done);
                assert!(is_done.recv().is_err());
                for took in living {
                    let took = took.join().unwrap();
                    assert!(took < LONGEST, "{took:?}");
                }
            });
        }
    });
}

#[test]
fn threads_beyond_the_limit_share_the_runtime_with_the_fewest_owners() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().max_runtimes(3).build();
        let ids = thread::scope(|scope| {
            let (sender, receiver) = channel();
            let (end, is_end) = channel::<()>();
            let is_end = Arc::new(Mutex::new(is_end));
            // One after another: threads that look for a runtime at the same time count as owners of the runtimes
            // that they look at.
            let ids = (0..9).map(|_| {
                let (bridge, sender, is_end) = (&bridge, sender.clone(), Arc::clone(&is_end));
                scope.spawn(move || {
                    sender.send(bridge.block_on(async { Handle::current().id() })).unwrap();
                    // It keeps its runtime until all have theirs.
                    let _ = is_end.lock().unwrap().recv();
                });
                receiver.recv().unwrap().to_string()
            });
            let mut ids: Vec<_> = ids.collect();
            drop(end);
            ids.sort();
            ids
        });
        let counts: Vec<_> = ids.chunk_by(|one, other| one == other).map(<[_]>::len).collect();
        assert_eq!(counts, [3, 3, 3], "threads on each runtime");
    });
}

#[test]
fn a_runtime_comes_back_when_its_tasks_have_ended() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().build();
        let id = || bridge.block_on(async { Handle::current().id() });
        let on_a_thread = || thread::scope(|scope| scope.spawn(id).join().unwrap());
        let (end, ends) = tokio::sync::oneshot::channel::<()>();
        let busy = thread::scope(|scope| {
            let leave = || {
                bridge.block_on(async {
                    tokio::spawn(ends);
                    Handle::current().id()
                })
            };
            scope.spawn(leave).join().unwrap()
        });
        assert_ne!(on_a_thread(), busy, "it has a task");
        end.send(()).unwrap();
        stage.at("the runtime comes back");
        // The pool lends its runtimes in turn.
        while on_a_thread() != busy {
            thread::yield_now();
        }
    });
}

/// What `place` returns on threads that a call of the calling thread has the bridge start.
#[cfg(target_os = "linux")]
fn on_helper_threads<T: Send + 'static>(
    bridge: &Bridge,
    place: fn() -> T,
) -> [(&'static str, T); 2] {
    use rustix::thread::gettid;

    let (driver, driver_place) = channel();
    let blocking = bridge.block_on(async move {
        let caller = gettid();
        tokio::spawn(async move {
            // Until it is a driver thread that runs this.
            while gettid() == caller {
                sleep(Duration::from_millis(1)).await;
            }
            driver.send(place()).unwrap();
        });
        tokio::task::spawn_blocking(place).await.unwrap()
    });
    [("a thread for blocking jobs", blocking), ("a driver thread", driver_place.recv().unwrap())]
}

/// What a pinned thread's call starts runs where the main thread may, and as eagerly.
#[cfg(target_os = "linux")]
#[test]
fn helper_threads_are_not_pinned_with_the_thread_that_starts_them() {
    use rustix::process::{getpid, getpriority_process, setpriority_process};
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    // The CPUs and the niceness of a thread; `None` is the calling one.
    fn place(thread: Option<rustix::thread::Pid>) -> (CpuSet, i32) {
        (sched_getaffinity(thread).unwrap(), getpriority_process(thread).unwrap())
    }

    within_a_minute(|stage| {
        let main = place(Some(getpid()));
        let mut one = CpuSet::new();
        one.set((0..CpuSet::MAX_CPU).find(|cpu| main.0.is_set(*cpu)).unwrap());
        sched_setaffinity(None, &one).unwrap();
        setpriority_process(None, main.1 + 1).unwrap();
        let pinned = place(None);
        assert_ne!(pinned.0, main.0, "the machine has one CPU: this shows nothing");
        // Whether the system lets a thread lower its niceness to that of the main thread again.
        let may_be_eager = thread::spawn(move || setpriority_process(None, main.1).is_ok());
        let niceness = if may_be_eager.join().unwrap() { main.1 } else { pinned.1 };

        for bridge in [
            #[cfg(feature = "rt-multi-thread")]
            Bridge::shared(),
            Bridge::builder().build(),
        ] {
            stage.at(format!("{bridge:?}"));
            for (thread, helper) in on_helper_threads(&bridge, || place(None)) {
                assert_eq!(helper, (main.0, niceness), "{thread}");
            }
        }
    });
}

/// What a thread's call starts is in the network of the main thread.
#[cfg(target_os = "linux")]
#[test]
fn helper_threads_do_not_stay_in_the_network_of_the_thread_that_starts_them() {
    use std::fs::read_link;
    use std::path::PathBuf;
    use std::sync::mpsc::Sender;

    use nix::sched::{CloneFlags, unshare};

    struct TellsWhere(Sender<PathBuf>);

    impl Drop for TellsWhere {
        fn drop(&mut self) {
            self.0.send(network()).unwrap();
        }
    }

    fn network() -> PathBuf {
        read_link("/proc/thread-self/ns/net").unwrap()
    }

    within_a_minute(|stage| {
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
            println!("no thread can have a network of its own here, this shows nothing: {error}");
            return;
        }
        let main = read_link("/proc/self/ns/net").unwrap();
        assert_ne!(network(), main);
        for bridge in [
            #[cfg(feature = "rt-multi-thread")]
            Bridge::shared(),
            Bridge::builder().build(),
        ] {
            stage.at(format!("{bridge:?}"));
            for (thread, helper) in on_helper_threads(&bridge, network) {
                assert_eq!(helper, main, "{thread}");
            }
        }

        stage.at("a shutdown");
        let (sender, dropped_in) = channel();
        // Else the driver thread drops the task. Without one, nobody waits for it either.
        let bridge = Bridge::builder().driver_threads(false).build();
        bridge.block_on(async {
            let told = TellsWhere(sender);
            tokio::spawn(async move {
                let _told = told;
                std::future::pending::<()>().await;
            });
        });
        assert!(!bridge.shutdown(Duration::from_secs(30)).tasks_ended);
        assert_eq!(dropped_in.recv().unwrap(), main, "a thread that ends a runtime");
        assert_ne!(network(), main, "the caller stays where it is");
    });
}
