//! A `tracing` layer may wait for calls: those that it makes while the span of a wait is made, entered, left or
//! closed have no span themselves, and are not watched. These tests have a process of their own, because they set
//! the subscriber.

#![cfg(feature = "tracing")]

mod support;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, Mutex, Once};
use std::thread;
use std::time::Duration;

use smartasync::{
    Bridge, Context as Stand, SlowCall, WaitErrorKind, block_on, context, smartasync,
};
use support::{Stage, within_a_minute};
use tokio::task::block_in_place;
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

const LIMIT: Duration = Duration::from_millis(20);

/// What a layer is told about a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hook {
    Enabled,
    New,
    Enter,
    Exit,
    Close,
}

const HOOKS: [Hook; 5] = [Hook::Enabled, Hook::New, Hook::Enter, Hook::Exit, Hook::Close];

/// What the layer does on a thread.
#[derive(Clone, Copy)]
struct Plan {
    hook: Hook,
    calls: fn(),
}

thread_local! {
    static PLAN: Cell<Option<Plan>> = const { Cell::new(None) };
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static TIMES: Cell<usize> = const { Cell::new(0) };
}

/// The number of spans of each call, by name.
static SPANS: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// Makes calls when it is told about a span, on the threads that have a plan.
struct MakesCalls;

impl MakesCalls {
    fn at(hook: Hook) {
        // Ends the recursion that these tests look for, before the stack overflows.
        let depth = DEPTH.get();
        if let Some(plan) = PLAN.get().filter(|plan| plan.hook == hook && depth < 3) {
            DEPTH.set(depth + 1);
            TIMES.set(TIMES.get() + 1);
            match context() {
                Stand::Async => block_in_place(plan.calls),
                _ => (plan.calls)(),
            }
            DEPTH.set(depth);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for MakesCalls {
    /// Has `tracing` ask again for each span.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, _: &Metadata<'_>, _: Context<'_, S>) -> bool {
        MakesCalls::at(Hook::Enabled);
        true
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        attributes.record(&mut CountsName);
        MakesCalls::at(Hook::New);
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        MakesCalls::at(Hook::Enter);
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        MakesCalls::at(Hook::Exit);
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        MakesCalls::at(Hook::Close);
    }
}

struct CountsName;

impl Visit for CountsName {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "name" {
            let name = format!("{value:?}").trim_matches('"').to_owned();
            *SPANS.lock().unwrap().entry(name).or_default() += 1;
        }
    }
}

fn spans_of(name: &str) -> usize {
    SPANS.lock().unwrap().get(name).copied().unwrap_or(0)
}

/// Runs a test with the subscriber in place.
fn traced(test: impl FnOnce(&Stage) + Send) {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let subscriber = Registry::default().with(MakesCalls);
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    within_a_minute(test);
}

/// Runs `f` on this thread, while the layer makes `calls` at `hook`. Returns how often it made them.
fn planned(hook: Hook, calls: fn(), f: impl FnOnce()) -> usize {
    DEPTH.set(0);
    TIMES.set(0);
    PLAN.set(Some(Plan { hook, calls }));
    f();
    PLAN.set(None);
    TIMES.get()
}

#[test]
fn what_a_layer_waits_for_has_no_span() {
    #[smartasync]
    async fn of_the_layer() {
        tokio::task::yield_now().await;
    }

    fn all_ways() {
        of_the_layer().wait();
        of_the_layer().wait_timeout(Duration::from_secs(60)).unwrap();
        #[cfg(feature = "rt-multi-thread")]
        of_the_layer().on(&Bridge::shared()).wait();
        of_the_layer().on(&Bridge::builder().build()).wait();
        block_on(async { block_in_place(|| of_the_layer().wait()) });
    }

    #[smartasync]
    async fn outer() {
        tokio::task::yield_now().await;
    }

    traced(|stage| {
        for (number, hook) in HOOKS.into_iter().enumerate() {
            stage.at(format!("{hook:?}"));
            let times = planned(hook, all_ways, || outer().wait());
            assert!(times > 0, "{hook:?}: the layer was not told of the span");
            assert_eq!(spans_of("of_the_layer"), 0, "{hook:?}");
            assert_eq!(spans_of("outer"), number + 1, "{hook:?}");
        }
    });
}

#[test]
fn what_a_layer_waits_for_on_a_bridge_that_is_shut_down_is_refused() {
    static BRIDGE: Mutex<Option<Bridge>> = Mutex::new(None);

    #[smartasync]
    async fn refused() {}

    /// A panic here would be taken for a panic of the cancelled call.
    static REFUSALS: Mutex<usize> = Mutex::new(0);

    fn is_refused() {
        let bridge = BRIDGE.lock().unwrap().clone().unwrap();
        if let Err(error) = refused().on(&bridge).try_wait()
            && error.kind() == WaitErrorKind::Shutdown
            && error.into_call().is_some()
        {
            *REFUSALS.lock().unwrap() += 1;
        }
    }

    #[smartasync]
    async fn cancelled() {
        pending().await
    }

    traced(|stage| {
        let builders = [
            Bridge::builder(),
            Bridge::builder().driver_threads(false),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::builder().shared_threads(1),
        ];
        let calls = builders.len();
        for builder in builders {
            let bridge = builder.build();
            stage.at(format!("{bridge:?}"));
            *BRIDGE.lock().unwrap() = Some(bridge.clone());
            let times = planned(Hook::Close, is_refused, || {
                thread::scope(|scope| {
                    scope.spawn(|| {
                        while bridge.stats().calls_on_own_runtime == 0 {
                            thread::yield_now();
                        }
                        bridge.shutdown(Duration::ZERO)
                    });
                    catch_unwind(AssertUnwindSafe(|| cancelled().on(&bridge).wait())).unwrap_err();
                });
            });
            assert_eq!(times, 1, "{bridge:?}");
            assert_eq!(std::mem::take(&mut *REFUSALS.lock().unwrap()), 1, "{bridge:?}");
        }
        assert_eq!(spans_of("refused"), 0);
        assert_eq!(spans_of("cancelled"), calls);
    });
}

#[test]
fn a_layer_may_wait_while_its_thread_exits() {
    #[smartasync]
    async fn of_an_exit() {}

    fn calls() {
        // Refused once the thread has given up its runtime.
        let _ = of_an_exit().try_wait();
        #[cfg(feature = "rt-multi-thread")]
        of_an_exit().on(&Bridge::shared()).try_wait().ok();
    }

    #[smartasync]
    async fn exits() {}

    /// Makes a call when it is dropped.
    struct CallsLast(Hook);

    impl Drop for CallsLast {
        fn drop(&mut self) {
            planned(self.0, calls, || {
                let _ = exits().try_wait();
            });
        }
    }

    thread_local! {
        static EARLY: Cell<Option<CallsLast>> = const { Cell::new(None) };
        static LATE: Cell<Option<CallsLast>> = const { Cell::new(None) };
    }

    traced(|stage| {
        for hook in HOOKS {
            stage.at(format!("{hook:?}"));
            let exiting = thread::spawn(move || {
                // They are dropped in reverse order: one before the thread gives up its runtime, one after.
                LATE.set(Some(CallsLast(hook)));
                exits().wait();
                EARLY.set(Some(CallsLast(hook)));
            });
            exiting.join().unwrap();
        }
        assert_eq!(spans_of("of_an_exit"), 0);
        assert_eq!(spans_of("exits"), 2 * HOOKS.len(), "the last call of each thread is refused");
    });
}

#[test]
fn a_layer_that_panics_does_not_end_the_tracing_of_its_thread() {
    fn panics() {
        panic!("a panic that the test wants");
    }

    #[smartasync]
    async fn later() {}

    traced(|stage| {
        for (number, hook) in HOOKS.into_iter().enumerate() {
            stage.at(format!("{hook:?}"));
            planned(hook, panics, || {
                catch_unwind(|| block_on(async {})).unwrap_err();
            });
            later().wait();
            assert_eq!(spans_of("later"), number + 1, "{hook:?}");
        }
    });
}

#[test]
fn each_slow_call_is_reported_once_whatever_its_layers_and_reports_wait_for() {
    #[smartasync]
    async fn slow() {
        sleep(5 * LIMIT).await;
    }

    #[smartasync]
    async fn of_an_observer() {
        sleep(2 * LIMIT).await;
    }

    fn of_a_layer() {
        of_an_observer().on(&WATCHED).wait();
    }

    struct Reports {
        begun: Vec<&'static str>,
        ended: usize,
    }

    impl Reports {
        const NONE: Reports = Reports { begun: Vec::new(), ended: 0 };
    }

    static REPORTS: Mutex<Reports> = Mutex::new(Reports::NONE);

    static WATCHED: LazyLock<Bridge> = LazyLock::new(|| {
        let report = |call: &SlowCall| {
            REPORTS.lock().unwrap().begun.push(call.name());
            // Ends the recursion that this test looks for.
            if REPORTS.lock().unwrap().begun.len() < 8 {
                of_an_observer().on(&WATCHED).wait();
            }
            REPORTS.lock().unwrap().ended += 1;
        };
        Bridge::builder().warn_after(LIMIT).on_slow_call(report).build()
    });

    traced(|stage| {
        for hook in HOOKS {
            stage.at(format!("{hook:?}"));
            *REPORTS.lock().unwrap() = Reports::NONE;
            let times = planned(hook, of_a_layer, || slow().on(&WATCHED).wait());
            assert!(times > 0, "{hook:?}: the layer was not told of the span");
            // A report too many would begin before the others have ended.
            let reports = loop {
                let reports = REPORTS.lock().unwrap();
                if !reports.begun.is_empty() && reports.ended == reports.begun.len() {
                    break reports;
                }
                drop(reports);
                thread::yield_now();
            };
            assert_eq!(reports.begun, ["slow"], "{hook:?}");
        }
        assert_eq!(spans_of("of_an_observer"), 0);
        assert_eq!(spans_of("slow"), HOOKS.len());
    });
}
