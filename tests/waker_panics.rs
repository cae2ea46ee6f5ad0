//! A waker that panics in a driver: all waits on that runtime end with an error, and the next call gets another
//! runtime.
//!
//! These tests have a process of their own, because they set the panic hook, and lose the shared runtime.

mod support;

use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

#[cfg(all(feature = "rt-multi-thread", not(debug_assertions)))]
use smartasync::Nested;
use smartasync::{Bridge, WaitError, WaitErrorKind};
use tokio::time::{Sleep, sleep};

use support::{echo, within_a_minute};

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker panics");
    }
}

/// Starts a timer on the current runtime whose waker panics. It is never polled again.
fn set_trap(after: Duration) {
    static TRAPS: Mutex<Vec<Pin<Box<Sleep>>>> = Mutex::new(Vec::new());
    let mut nap = Box::pin(sleep(after));
    let waker = Waker::from(Arc::new(Panics));
    assert!(nap.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    TRAPS.lock().unwrap().push(nap);
}

/// Runs `test` without the messages of the panics that it expects.
fn quietly<T>(test: impl FnOnce() -> T) -> T {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if info.payload().downcast_ref() != Some(&"a waker panics") {
                hook(info);
            }
        }));
    });
    test()
}

fn assert_lost<C>(error: &WaitError<C>) {
    assert_eq!(error.kind(), WaitErrorKind::Runtime);
    let message = error.to_string();
    assert!(
        message.contains("was cancelled: its runtime is lost (a waker has panicked"),
        "{message}"
    );
}

fn assert_works(bridge: &Bridge) {
    assert_eq!(bridge.block_on(echo(7)).unwrap(), 7);
    // Each of these parks, and so has the monitor check the runtime.
    for _ in 0..20 {
        bridge.block_on(async { sleep(Duration::from_millis(5)).await });
    }
}

#[test]
fn in_the_driver_of_the_thread_itself() {
    quietly(|| {
        within_a_minute(|_| {
            for bridge in [Bridge::per_thread(), Bridge::builder().build()] {
                let error = bridge
                    .try_block_on(async {
                        set_trap(Duration::from_millis(2));
                        sleep(Duration::from_secs(3_600)).await;
                    })
                    .unwrap_err();
                assert_lost(&error);
                assert!(error.into_call().is_none(), "it had begun");
                assert_works(&bridge);
            }
        });
    });
}

#[test]
fn in_a_turn_of_the_driver() {
    quietly(|| {
        within_a_minute(|_| {
            let bridge = Bridge::builder().build();
            let error = bridge
                .try_block_on(async {
                    set_trap(Duration::from_millis(2));
                    loop {
                        tokio::task::yield_now().await;
                    }
                })
                .unwrap_err();
            assert_lost(&error);
            assert_works(&bridge);
        });
    });
}

#[test]
fn in_a_driver_thread_while_nobody_calls() {
    quietly(|| {
        within_a_minute(|stage| {
            let bridge = Bridge::builder().idle_timeout(Duration::from_millis(1)).build();
            bridge.block_on(async { set_trap(Duration::from_millis(30)) });
            stage.at("the driver thread");
            while bridge.stats().runtimes > 0 {
                thread::yield_now();
            }
            assert_works(&bridge);
        });
    });
}

#[test]
fn beside_other_threads_that_wait_on_the_same_runtime() {
    quietly(|| {
        within_a_minute(|stage| {
            let bridge = Bridge::builder().max_runtimes(1).build();
            let begun = AtomicUsize::new(0);
            thread::scope(|scope| {
                let waiting: Vec<_> = (0..8)
                    .map(|number| {
                        let (bridge, begun) = (&bridge, &begun);
                        scope.spawn(move || {
                            bridge.try_block_on(async move {
                                begun.fetch_add(1, Ordering::Relaxed);
                                if number == 7 {
                                    // A call that begins later gets another runtime.
                                    while begun.load(Ordering::Relaxed) < 8 {
                                        sleep(Duration::from_millis(1)).await;
                                    }
                                    sleep(Duration::from_millis(20)).await;
                                    set_trap(Duration::from_millis(2));
                                }
                                sleep(Duration::from_secs(3_600)).await;
                            })
                        })
                    })
                    .collect();
                stage.at("the waiting threads");
                waiting.into_iter().for_each(|thread| {
                    assert_lost(&thread.join().unwrap().unwrap_err());
                });
            });
            assert_works(&bridge);
        });
    });
}

#[test]
fn after_a_thread_has_ended_and_its_runtime_is_in_the_pool() {
    quietly(|| {
        within_a_minute(|stage| {
            let bridge = Bridge::builder().build();
            thread::scope(|scope| {
                let maker = || bridge.block_on(async { set_trap(Duration::from_millis(10)) });
                scope.spawn(maker).join().unwrap();
            });
            stage.at("the driver thread");
            while bridge.stats().runtimes > 0 {
                thread::yield_now();
            }
            assert_works(&bridge);
        });
    });
}

#[test]
fn a_wait_panics_with_the_reason() {
    quietly(|| {
        within_a_minute(|_| {
            let bridge = Bridge::builder().build();
            let wait = AssertUnwindSafe(|| {
                bridge.block_on(async {
                    set_trap(Duration::from_millis(2));
                    sleep(Duration::from_secs(3_600)).await;
                });
            });
            let payload = panic::catch_unwind(wait).unwrap_err();
            let message = payload.downcast_ref::<String>().unwrap();
            assert!(message.contains("waker"), "{message}");
        });
    });
}

#[cfg(feature = "rt-multi-thread")]
struct Slow;

#[cfg(feature = "rt-multi-thread")]
impl Wake for Slow {
    fn wake(self: Arc<Self>) {
        thread::sleep(Duration::from_secs(4));
    }
}

/// While the waker runs, its worker answers nobody, as a lost one does.
#[cfg(feature = "rt-multi-thread")]
#[test]
fn a_waker_that_takes_long_loses_no_runtime() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().shared_threads(1).build();
        let runtime = || bridge.block_on(async { tokio::runtime::Handle::current().id() });
        let before = runtime();
        let result = bridge.try_block_on(async {
            let mut nap = Box::pin(sleep(Duration::from_millis(20)));
            let waker = Waker::from(Arc::new(Slow));
            assert!(nap.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            sleep(Duration::from_secs(1)).await;
        });
        assert_eq!(result.map_err(|error| error.to_string()), Ok(()));
        assert_eq!(runtime(), before);
    });
}

/// In a debug build Tokio ends the process when a worker of a multi-thread runtime panics (`AbortOnPanic` in its
/// `multi_thread/worker.rs`).
#[cfg(all(feature = "rt-multi-thread", not(debug_assertions)))]
#[test]
fn in_the_driver_of_a_background_runtime() {
    quietly(|| {
        within_a_minute(|stage| {
            for bridge in [
                Bridge::shared(),
                Bridge::builder().shared_threads(1).build(),
                Bridge::builder().shared_threads(2).build(),
            ] {
                let error = bridge
                    .try_block_on(async {
                        set_trap(Duration::from_millis(20));
                        sleep(Duration::from_secs(3_600)).await;
                    })
                    .map(drop);
                stage.at("the next call");
                if let Err(error) = error {
                    assert_lost(&error);
                }
                assert_works(&bridge);
            }
        });
    });
}

/// The thread of a task is parked by itself, and not by Tokio.
#[cfg(all(feature = "rt-multi-thread", not(debug_assertions)))]
#[test]
fn in_the_driver_that_a_call_in_a_task_waits_for() {
    quietly(|| {
        within_a_minute(|_| {
            let bridge = Bridge::builder().shared_threads(2).nested(Nested::Park).build();
            for runtime in [support::current_thread(), support::multi_thread()] {
                let error = runtime.block_on(async {
                    let trapped = async {
                        set_trap(Duration::from_millis(20));
                        sleep(Duration::from_secs(3_600)).await;
                    };
                    bridge.try_block_on(trapped).map(drop)
                });
                assert_lost(&error.unwrap_err());
                assert_works(&bridge);
            }
        });
    });
}

/// A future that another executor polls, on the shared runtime.
#[cfg(all(feature = "rt-multi-thread", not(debug_assertions)))]
#[test]
fn beside_a_call_that_another_executor_awaits() {
    quietly(|| {
        within_a_minute(|_| {
            #[smartasync::smartasync]
            async fn echoes() -> u8 {
                echo(9).await.unwrap()
            }

            Bridge::shared()
                .try_block_on(async {
                    set_trap(Duration::from_millis(20));
                    sleep(Duration::from_secs(3_600)).await;
                })
                .unwrap_err();
            assert_eq!(pollster::block_on(echoes().into_future()), 9);
        });
    });
}
