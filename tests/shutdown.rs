//! A bridge that is shut down releases everything: its callers, its tasks, its threads, its runtimes.
//!
//! These tests have a process of their own, because they count its threads.

mod support;

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use smartasync::{Bridge, WaitErrorKind, block_on, smartasync};
use support::{Stage, within_a_minute};
use tokio::runtime::Handle;
use tokio::task::{block_in_place, spawn_blocking};
use tokio::time::sleep;

const LONG: Duration = Duration::from_secs(3600);

#[smartasync]
async fn wait_forever(started: impl FnOnce() + Send, _guard: impl Send) {
    started();
    pending().await
}

/// Waits until `is_so`. If that takes too long, the message says what it waited for.
fn until(stage: &Stage, what: &str, is_so: impl Fn() -> bool) {
    stage.at(what);
    while !is_so() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Counts the threads of this process whose names begin with `name`.
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|found| found.starts_with(name)).count()
}

/// Reports its drop: on which thread, and whether there was a current runtime.
struct TellsItsEnd(Sender<(String, bool)>);

impl Drop for TellsItsEnd {
    fn drop(&mut self) {
        let thread = thread::current().name().unwrap_or_default().to_owned();
        let _ = self.0.send((thread, Handle::try_current().is_ok()));
    }
}

#[test]
fn callers_that_wait_are_cancelled_when_the_grace_period_has_passed() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().build();
        let (started, starts) = channel();
        let (ended, ends) = channel();
        let callers = [(); 4].map(|()| {
            let (bridge, started) = (bridge.clone(), started.clone());
            let guard = TellsItsEnd(ended.clone());
            thread::spawn(move || {
                let call = wait_forever(move || started.send(()).unwrap(), guard);
                call.on(&bridge)
                    .try_wait()
                    .map_err(|error| (error.kind(), error.into_call().is_some()))
            })
        });
        stage.at("the calls have begun");
        callers.iter().for_each(|_| starts.recv().unwrap());
        stage.at("the bridge is shut down");
        bridge.shutdown(Duration::from_millis(20));
        for caller in callers {
            assert_eq!(caller.join().unwrap(), Err((WaitErrorKind::Shutdown, false)));
            // It is dropped where it was polled: inside the runtime.
            assert!(ends.recv().unwrap().1, "the future was dropped outside its runtime");
        }
        assert!(bridge.shutdown(LONG).calls_ended, "a caller is still there");
        assert_eq!(bridge.stats().runtimes, 0);
    });
}

#[test]
fn callers_that_are_done_in_time_get_their_output() {
    within_a_minute(|stage| {
        for grace in [LONG, Duration::MAX] {
            let bridge = Bridge::builder().build();
            let (started, starts) = channel();
            let caller = thread::spawn({
                let bridge = bridge.clone();
                move || {
                    bridge.block_on(async move {
                        started.send(()).unwrap();
                        sleep(Duration::from_millis(50)).await;
                        "done"
                    })
                }
            });
            starts.recv().unwrap();
            stage.at(format!("the bridge is shut down within {grace:?}"));
            assert!(bridge.shutdown(grace).calls_ended, "a caller is still there");
            assert_eq!(caller.join().unwrap(), "done");
        }
    });
}

#[test]
fn a_later_call_is_handed_back_and_can_be_awaited() {
    #[smartasync]
    async fn answer() -> u32 {
        42
    }

    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        assert_eq!(answer().on(&bridge).wait(), 42);
        assert!(bridge.shutdown(Duration::ZERO).calls_ended);
        assert!(bridge.shutdown(Duration::ZERO).calls_ended, "twice is as good as once");
        let error = answer().on(&bridge).try_wait().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::Shutdown);
        assert!(error.to_string().contains("has been shut down"), "{error}");
        let call = error.into_call().expect("it has not started");
        assert_eq!(smartasync::block_on(call), 42);
        let fresh =
            thread::spawn(move || bridge.try_block_on(async {}).map_err(|error| error.kind()));
        assert_eq!(fresh.join().unwrap(), Err(WaitErrorKind::Shutdown));
    });
}

#[test]
fn the_panic_of_a_wait_says_whether_its_call_had_begun() {
    let message = |wait: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(wait)).unwrap_err();
        payload.downcast_ref::<String>().unwrap().clone()
    };
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let (started, starts) = channel();
        let caller = thread::spawn({
            let bridge = bridge.clone();
            move || {
                message(&|| {
                    let started = started.clone();
                    wait_forever(move || started.send(()).unwrap(), ()).on(&bridge).wait();
                })
            }
        });
        starts.recv().unwrap();
        bridge.shutdown(Duration::from_millis(20));
        let begun = caller.join().unwrap();
        assert!(begun.contains("was cut short"), "{begun}");
        let late = message(&|| bridge.block_on(async {}));
        assert!(late.contains("make the call through another one"), "{late}");
    });
}

#[test]
fn a_later_call_inside_of_an_earlier_one_is_handed_back_too() {
    within_a_minute(|stage| {
        for builder in [
            Bridge::builder(),
            Bridge::builder().driver_threads(false),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::builder().shared_threads(1),
        ] {
            let bridge = builder.build();
            stage.at(format!("{bridge:?}"));
            let error = bridge.block_on(async {
                block_in_place(|| {
                    bridge.shutdown(Duration::ZERO);
                    bridge.try_block_on(async {}).expect_err("it began after the shutdown")
                })
            });
            assert_eq!(error.kind(), WaitErrorKind::Shutdown);
            assert!(error.into_call().is_some(), "{bridge:?}");
        }
    });
}

/// Leaves a task behind that never ends.
fn spawn_that_holds(bridge: &Bridge, held: Arc<()>) {
    bridge.block_on(async move {
        tokio::spawn(async move {
            let _held = held;
            pending::<()>().await;
        });
    });
}

#[test]
fn tasks_are_dropped_and_driver_threads_end() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().name("tidy").build();
        let held = Arc::new(());
        // One runtime belongs to this thread, and the others are in the pool.
        spawn_that_holds(&bridge, Arc::clone(&held));
        thread::scope(|scope| {
            let caller = |()| scope.spawn(|| spawn_that_holds(&bridge, Arc::clone(&held)));
            // They are joined to their very end: a scope does not wait until a thread has given its runtime back.
            for caller in [(); 3].map(caller) {
                caller.join().unwrap();
            }
        });
        until(stage, "driver threads drive", || threads("tidy/driver") > 0);
        assert!(Arc::strong_count(&held) > 1);
        assert!(bridge.shutdown(Duration::ZERO).calls_ended);
        until(stage, "tasks are dropped", || Arc::strong_count(&held) == 1);
        until(stage, "driver threads end", || threads("tidy/driver") == 0);
        assert_eq!(bridge.stats().runtimes, 0);
    });
}

#[test]
fn the_last_clone_takes_along_what_ended_threads_have_left() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().name("heir").build();
        let held = Arc::new(());
        let caller = || {
            thread::spawn({
                let (bridge, held) = (bridge.clone(), Arc::clone(&held));
                move || spawn_that_holds(&bridge, held)
            })
        };
        for caller in [(); 4].map(|()| caller()) {
            caller.join().unwrap();
        }
        assert_eq!(bridge.stats().runtimes, 4, "each in the pool with its task");
        until(stage, "driver threads drive", || threads("heir/driver") == 4);
        drop(bridge);
        until(stage, "tasks are dropped", || Arc::strong_count(&held) == 1);
        until(stage, "driver threads end", || threads("heir/driver") == 0);
    });
}

/// Ends the bridge inside a task. Returns the name of the thread on which the bridge's own task was dropped.
fn end_inside_a_task(end: impl FnOnce(Bridge) + Send + 'static) -> String {
    let bridge = Bridge::builder().build();
    let (ended, ends) = channel();
    bridge.block_on(async move {
        let guard = TellsItsEnd(ended);
        tokio::spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
    });
    let runtime = support::multi_thread();
    let start = Instant::now();
    runtime.block_on(runtime.spawn(async move { end(bridge) })).unwrap();
    assert!(start.elapsed() < LONG, "it waited inside async code");
    ends.recv().unwrap().0
}

#[test]
fn inside_async_code_it_does_not_wait_and_drops_no_runtime_there() {
    within_a_minute(|stage| {
        stage.at("shutdown in a task");
        let thread = end_inside_a_task(|bridge| {
            bridge.shutdown(LONG);
        });
        assert!(thread.starts_with("smartasync/"), "dropped on {thread}");
        stage.at("the last clone dropped in a task");
        let thread = end_inside_a_task(drop);
        assert!(thread.starts_with("smartasync/"), "dropped on {thread}");
    });
}

#[test]
fn a_future_that_never_yields_is_not_waited_for() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().build();
        let release = Arc::new(AtomicBool::new(false));
        let (started, starts) = channel();
        let caller = thread::spawn({
            let (bridge, release) = (bridge.clone(), Arc::clone(&release));
            move || {
                bridge.block_on(async move {
                    started.send(()).unwrap();
                    while !release.load(Ordering::Relaxed) {
                        thread::sleep(Duration::from_millis(1));
                    }
                })
            }
        });
        starts.recv().unwrap();
        stage.at("the bridge is shut down");
        assert!(
            !bridge.shutdown(Duration::from_millis(20)).calls_ended,
            "the call cannot have ended"
        );
        release.store(true, Ordering::Relaxed);
        caller.join().unwrap();
        assert!(bridge.shutdown(LONG).calls_ended, "now it has");
    });
}

/// Blocks the driver that calls it until the sender is gone.
struct Blocks {
    begun: Sender<()>,
    ended: Mutex<Receiver<()>>,
}

impl Wake for Blocks {
    fn wake(self: Arc<Self>) {
        self.begun.send(()).unwrap();
        self.ended.lock().unwrap().recv().unwrap_err();
    }
}

#[test]
fn a_driver_that_a_waker_blocks_is_not_waited_for() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().idle_timeout(Duration::from_millis(1)).build();
        let (begun, begins) = channel();
        let (end, ended) = channel::<()>();
        let waker = Waker::from(Arc::new(Blocks { begun, ended: Mutex::new(ended) }));
        let mut nap = None;
        bridge.block_on(async {
            let nap = nap.insert(Box::pin(sleep(Duration::from_millis(20))));
            assert!(nap.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        });
        stage.at("the driver thread calls the waker");
        begins.recv().unwrap();
        stage.at("the bridge is shut down");
        let drained = bridge.shutdown(Duration::from_millis(20));
        assert!(drained.calls_ended && drained.tasks_ended, "{drained:?}");
        drop(end);
    });
}

/// Tokio drops a job whose thread is idle, and wakes up after the end of the runtime.
#[test]
fn jobs_that_have_not_begun_are_run() {
    const JOBS: usize = 16;

    within_a_minute(|stage| {
        for round in 0..50 {
            stage.at(format!("round {round}"));
            let bridge = Bridge::builder().build();
            let (ran, runs) = channel();
            bridge.block_on(async {
                let barrier = Arc::new(Barrier::new(JOBS));
                let jobs = [(); JOBS].map(|()| {
                    let barrier = Arc::clone(&barrier);
                    spawn_blocking(move || barrier.wait().is_leader())
                });
                for job in jobs {
                    job.await.unwrap();
                }
                for number in 0..JOBS {
                    let ran = ran.clone();
                    spawn_blocking(move || ran.send(number));
                }
            });
            drop(ran);
            assert!(bridge.shutdown(LONG).is_complete());
            assert_eq!(runs.iter().count(), JOBS);
        }
    });
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn a_job_of_a_background_runtime_that_still_runs_is_told_of() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().shared_threads(3).build();
        let (end, ended) = channel::<()>();
        bridge.block_on(async { drop(spawn_blocking(move || ended.recv())) });
        stage.at("the bridge is shut down");
        let drained = bridge.shutdown(Duration::from_millis(20));
        assert!(drained.tasks_ended && !drained.blocking_jobs_ended, "{drained:?}");
        assert!(!drained.is_complete());
        drop(end);
    });
}

#[test]
fn calls_and_threads_that_come_and_go_meanwhile_leave_nothing_behind() {
    within_a_minute(|stage| {
        for round in 0..50 {
            stage.at(format!("round {round}"));
            let bridge = Bridge::builder().max_runtimes(2).build();
            let callers = [(); 6].map(|()| {
                let bridge = bridge.clone();
                thread::spawn(move || {
                    let call = || bridge.try_block_on(tokio::task::yield_now());
                    while call().is_ok() {}
                })
            });
            thread::sleep(Duration::from_millis(round % 5));
            assert!(
                bridge.shutdown(Duration::from_secs(10)).calls_ended,
                "somebody is still there"
            );
            callers.into_iter().for_each(|caller| caller.join().unwrap());
            assert_eq!(bridge.stats().runtimes, 0);
        }
    });
}

#[test]
#[should_panic(expected = "only a private bridge")]
fn a_bridge_that_is_not_private_cannot_be_shut_down() {
    Bridge::per_thread().shutdown(Duration::ZERO);
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn calls_on_a_background_runtime_either_end_or_are_cancelled() {
    within_a_minute(|stage| {
        for round in 0..50 {
            stage.at(format!("round {round}"));
            let bridge = Bridge::builder().shared_threads(1).build();
            let callers = [(); 4].map(|()| {
                let bridge = bridge.clone();
                thread::spawn(move || {
                    loop {
                        let job = async {
                            tokio::spawn(sleep_a_little())
                                .await
                                .expect("the runtime was taken away");
                            sleep_a_little().await;
                        };
                        if let Err(error) = bridge.try_block_on(job) {
                            return error.kind();
                        }
                    }
                })
            });
            thread::sleep(Duration::from_millis(round % 5));
            bridge.shutdown(Duration::ZERO);
            for caller in callers {
                assert_eq!(caller.join().unwrap(), WaitErrorKind::Shutdown);
            }
            assert!(bridge.shutdown(LONG).calls_ended, "somebody is still there");
        }
    });
}

async fn sleep_a_little() {
    sleep(Duration::from_micros(500)).await;
}

/// Makes a call when it is dropped, and reports the result.
struct CallsAtItsEnd(Sender<Result<(), WaitErrorKind>>);

impl Drop for CallsAtItsEnd {
    fn drop(&mut self) {
        let call = Bridge::per_thread().try_block_on(sleep_a_little());
        let _ = self.0.send(call.map_err(|error| error.kind()));
    }
}

#[test]
fn the_destructor_of_a_task_may_make_a_call_and_it_is_refused() {
    within_a_minute(|stage| {
        let ends: [fn(Bridge); 3] = [
            |bridge| bridge.reset(),
            |bridge| {
                let drained = bridge.shutdown(Duration::from_millis(10));
                assert!(drained.calls_ended && !drained.tasks_ended, "{drained:?}");
                assert!(drained.blocking_jobs_ended && !drained.is_complete(), "{drained:?}");
            },
            drop,
        ];
        for (number, end) in ends.into_iter().enumerate() {
            for grace in [Duration::from_secs(60), Duration::from_millis(1)] {
                stage.at(format!("end {number}, {grace:?}"));
                let bridge = Bridge::builder().idle_timeout(grace).build();
                let (called, calls) = channel();
                let handle = bridge.block_on(async { Handle::current() });
                let guard = CallsAtItsEnd(called);
                handle.spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                });
                thread::sleep(Duration::from_millis(5));
                end(bridge);
                assert_eq!(calls.recv().unwrap(), Err(WaitErrorKind::AsyncContext));
                stage.at("a call afterwards");
                block_on(sleep_a_little());
            }
        }
    });
}
