//! A thread that waits runs checks between two polls, and tells the hooks of its bridge when it sleeps.

use std::future::{pending, poll_fn};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use smartasync::{Bridge, Context, Wait, WaitErrorKind, context, smartasync};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::support::{TellsItsEnd, multi_thread, within_a_minute};

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(600);

#[smartasync]
async fn forever() {
    pending().await
}

#[smartasync]
async fn answer_after(pause: Duration) -> u32 {
    sleep(pause).await;
    42
}

/// One bridge of each kind, and its name. The application's runtime lives as long as the test.
fn on_each_bridge(test: impl Fn(&Bridge, &str) + Sync) {
    within_a_minute(|stage| {
        let application = multi_thread();
        for (name, bridge) in [
            ("per thread", Bridge::per_thread()),
            #[cfg(feature = "rt-multi-thread")]
            ("shared", Bridge::shared()),
            ("private", Bridge::builder().build()),
            ("own tasks", Bridge::builder().driver_threads(false).build()),
            #[cfg(feature = "rt-multi-thread")]
            ("shared threads", Bridge::builder().shared_threads(2).build()),
            ("handle", Bridge::from_handle(application.handle().clone())),
        ] {
            stage.at(name);
            test(&bridge, name);
        }
    });
}

/// Breaks with the number of checks at the third.
fn third() -> impl FnMut() -> ControlFlow<u32> {
    let mut checks = 0;
    move || {
        checks += 1;
        if checks < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(checks) }
    }
}

#[test]
fn a_break_ends_the_call_and_is_returned() {
    on_each_bridge(|bridge, _| {
        assert_eq!(forever().on(bridge).wait_with(SHORT, third()), ControlFlow::Break(3));
        assert_eq!(bridge.call(pending::<()>()).wait_with(SHORT, third()), ControlFlow::Break(3));
    });
    assert_eq!(pending::<()>().wait_with(SHORT, third()), ControlFlow::Break(3));
}

#[test]
fn an_answer_wakes_the_thread_whatever_the_interval() {
    on_each_bridge(|bridge, _| {
        let never = || ControlFlow::<()>::Continue(());
        let call = answer_after(SHORT).on(bridge);
        assert_eq!(call.wait_with(LONG, never), ControlFlow::Continue(42));
        assert_eq!(
            answer_after(SHORT).on(bridge).wait_with(Duration::MAX, never),
            ControlFlow::Continue(42)
        );
    });
}

#[test]
fn in_a_blocking_section_too() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let job = runtime.spawn_blocking(|| forever().wait_with(SHORT, third()));
        assert_eq!(runtime.block_on(job).unwrap(), ControlFlow::Break(3));
        let _guard = runtime.enter();
        assert_eq!(forever().wait_with(SHORT, third()), ControlFlow::Break(3));
    });
}

#[test]
fn a_check_polls_nothing() {
    on_each_bridge(|bridge, name| {
        let mut polls = 0;
        let counts = poll_fn(|_| {
            polls += 1;
            Poll::<()>::Pending
        });
        assert_eq!(bridge.call(counts).wait_with(SHORT, third()), ControlFlow::Break(3));
        assert_eq!(polls, 1, "{name}");
    });
}

#[test]
fn a_check_may_make_calls_on_the_same_bridge_and_stands_where_the_caller_does() {
    on_each_bridge(|bridge, name| {
        let (sender, receiver) = oneshot::channel();
        let (mut checks, mut sender) = (0, Some(sender));
        let outcome = bridge.call(receiver).wait_with(SHORT, || {
            checks += 1;
            assert_eq!(context(), Context::Sync, "{name}");
            assert_eq!(answer_after(SHORT).on(bridge).wait(), 42);
            if checks == 3 {
                sender.take().unwrap().send(42).unwrap();
            }
            ControlFlow::<()>::Continue(())
        });
        assert_eq!(outcome, ControlFlow::Continue(Ok(42)));
        assert!(checks >= 3, "{name}");
    });
}

#[test]
fn a_future_that_wakes_itself_is_checked_too() {
    on_each_bridge(|bridge, _| {
        let busy = async {
            loop {
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(bridge.call(busy).wait_with(SHORT, third()), ControlFlow::<_, ()>::Break(3));
    });
}

#[test]
fn a_break_and_a_panic_drop_the_future_inside_its_runtime() {
    on_each_bridge(|bridge, name| {
        let (ended, ends) = channel();
        let waits = || {
            let tells = TellsItsEnd(ended.clone());
            bridge.call(async move {
                let _tells = tells;
                pending::<()>().await
            })
        };
        let _ = waits().wait_with(SHORT, || ControlFlow::Break(()));
        let panics = AssertUnwindSafe(|| {
            waits().wait_with(SHORT, || -> ControlFlow<()> { panic!("in a check") })
        });
        let panic = catch_unwind(panics).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"in a check"), "{name}");
        assert_eq!(ends.try_iter().collect::<Vec<_>>(), [true; 2], "{name}");
        assert_eq!(bridge.block_on(async { 42 }), 42);
    });
}

#[test]
fn deadlines_and_checks_combine() {
    on_each_bridge(|bridge, _| {
        let never = || ControlFlow::<()>::Continue(());
        let call = forever().on(bridge).within(Duration::from_millis(5));
        let error = call.wait_with(SHORT, never).unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::TimedOut);
        let call = forever().on(bridge).within(LONG);
        assert_eq!(call.wait_with(SHORT, third()).unwrap(), ControlFlow::Break(3));
    });
}

#[test]
fn two_hundred_threads_are_each_checked() {
    within_a_minute(|_| {
        thread::scope(|scope| {
            for _ in 0..200 {
                scope.spawn(|| {
                    assert_eq!(forever().wait_with(SHORT, third()), ControlFlow::Break(3));
                });
            }
        });
    });
}

#[test]
fn in_async_code_it_panics_like_a_wait() {
    let panic = multi_thread().block_on(async {
        catch_unwind(|| forever().wait_with(SHORT, || ControlFlow::Break(()))).unwrap_err()
    });
    assert!(panic.downcast_ref::<String>().unwrap().contains("cannot wait for `forever`"));
}

/// Private bridges with hooks that write down what they are told, and on which thread.
fn on_each_bridge_with_hooks(test: impl Fn(&Bridge, &dyn Fn() -> Vec<&'static str>) + Sync) {
    within_a_minute(|stage| {
        for builder in [
            Bridge::builder(),
            Bridge::builder().driver_threads(false),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::builder().shared_threads(2),
        ] {
            stage.at(format!("{builder:?}"));
            let (told, caller) = (Arc::new(Mutex::new(Vec::new())), thread::current().id());
            let tells = |what: &'static str| {
                let told = Arc::clone(&told);
                move || {
                    assert_eq!(thread::current().id(), caller);
                    told.lock().unwrap().push(what);
                }
            };
            let bridge = builder.on_park(tells("park")).on_unpark(tells("unpark")).build();
            test(&bridge, &|| std::mem::take(&mut *told.lock().unwrap()));
        }
    });
}

#[test]
fn the_hooks_are_told_of_sleeps_and_of_nothing_else() {
    on_each_bridge_with_hooks(|bridge, told| {
        assert_eq!(bridge.block_on(async { 42 }), 42);
        assert_eq!(told(), [""; 0], "a call that is ready");
        bridge.block_on(tokio::task::yield_now());
        assert_eq!(told(), [""; 0], "a call that wakes itself");
        let sleeps = loop {
            assert_eq!(bridge.block_on(answer_after(SHORT)), 42);
            // On a busy machine the answer may be there before the thread can sleep.
            match told() {
                none if none.is_empty() => {}
                sleeps => break sleeps,
            }
        };
        assert!(sleeps.chunks(2).all(|told| told == ["park", "unpark"]), "{sleeps:?}");
    });
}

#[test]
fn a_check_runs_between_two_sleeps() {
    on_each_bridge_with_hooks(|bridge, told| {
        let outcome = forever().on(bridge).wait_with(SHORT, || {
            let sleeps = told();
            assert!(sleeps.chunks(2).all(|told| told == ["park", "unpark"]), "{sleeps:?}");
            // On a busy machine a check may be due before the thread can sleep.
            if sleeps.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert_eq!(outcome, ControlFlow::Break(()));
    });
}

#[test]
fn a_lock_that_is_given_back_in_sleep_is_free_for_others() {
    within_a_minute(|_| {
        // As with Python's GIL: a thread that runs holds it, and one that sleeps does not.
        let is_held = Arc::new(AtomicBool::new(true));
        let (parked, woken) = (Arc::clone(&is_held), Arc::clone(&is_held));
        let bridge = Bridge::builder()
            .on_park(move || assert!(parked.swap(false, SeqCst)))
            .on_unpark(move || assert!(!woken.swap(true, SeqCst)))
            .build();
        let (sender, answer) = oneshot::channel();
        thread::scope(|scope| {
            let waits = scope.spawn(|| bridge.block_on(answer).unwrap());
            while is_held.load(SeqCst) {
                thread::yield_now();
            }
            sender.send(42).unwrap();
            assert_eq!(waits.join().unwrap(), 42);
        });
        assert!(is_held.load(SeqCst));
    });
}
