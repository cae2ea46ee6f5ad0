//! Many calls at once on one thread: joined in any order, borrowing from the caller, and none outlives its scope.

#![cfg(feature = "concurrent")]

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use futures_lite::future::yield_now;
use smartasync::{
    Bridge, Context, Scope, ScopedJoinHandle, Wait, WaitErrorKind, block_on, context, offload,
    scope, smartasync, try_scope,
};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{self, LocalSet};
use tokio::time::sleep;

use crate::rows;
use crate::support::{SaysGoodbye, multi_thread, poll_once, within_a_minute};

#[derive(Debug, PartialEq)]
struct Payload(u32);

#[smartasync]
async fn after(millis: u64) -> u64 {
    sleep(Duration::from_millis(millis)).await;
    millis
}

fn payload(run: impl FnOnce()) -> Payload {
    *catch_unwind(AssertUnwindSafe(run)).unwrap_err().downcast().expect("a panic that is wanted")
}

fn message(run: impl FnOnce()) -> String {
    *catch_unwind(AssertUnwindSafe(run)).unwrap_err().downcast().expect("a message")
}

#[test]
fn a_thousand_calls_that_sleep_take_the_time_of_one_on_one_thread() {
    within_a_minute(|_| {
        let threads = RefCell::new(HashSet::new());
        block_on(async {});
        let begin = Instant::now();
        let sum: u64 = scope(|s| {
            let calls: Vec<_> = (0..1_000)
                .map(|_| {
                    s.spawn(async {
                        let slept = after(10).await;
                        threads.borrow_mut().insert(thread::current().id());
                        slept
                    })
                })
                .collect();
            calls.into_iter().map(ScopedJoinHandle::join).sum()
        });
        let took = begin.elapsed();
        println!("1,000 calls that sleep 10 ms: {took:?}");
        assert_eq!(sum, 10_000);
        assert_eq!(threads.into_inner(), HashSet::from([thread::current().id()]));
        // One after another they would take at least 10 s.
        assert!(took < Duration::from_secs(5), "{took:?}");
    });
}

#[test]
fn calls_are_joined_in_any_order() {
    within_a_minute(|_| {
        let names = ["a", "b", "c", "d"].map(String::from);
        let mut ended = RefCell::new(Vec::new());
        scope(|s| {
            let [a, b, c, d] = [0, 1, 2, 3].map(|nth: usize| {
                let (names, ended) = (&names, &ended);
                s.spawn(async move {
                    sleep(Duration::from_millis([30, 1, 20, 10][nth])).await;
                    ended.borrow_mut().push(names[nth].as_str());
                    &*names[nth]
                })
            });
            assert_eq!(c.join(), "c");
            assert_eq!(a.join(), "a");
            assert_eq!((d.is_finished(), b.is_finished()), (true, true));
            assert_eq!(d.join(), "d");
            assert_eq!(b.join(), "b");
        });
        assert_eq!(ended.get_mut(), &["b", "d", "c", "a"]);
    });
}

#[test]
fn calls_borrow_from_the_caller_also_mutably() {
    struct Store {
        pages: Vec<String>,
        reads: usize,
    }

    #[smartasync]
    impl Store {
        async fn read(&mut self, nth: usize) -> &mut String {
            task::yield_now().await;
            self.reads += 1;
            &mut self.pages[nth]
        }
    }

    within_a_minute(|_| {
        let mut stores = [1, 2, 3].map(|n| Store { pages: vec!["page".to_owned(); n], reads: 0 });
        let mut rest = String::from("rest");
        let returned = scope(|s| {
            for (nth, store) in stores.iter_mut().enumerate() {
                s.spawn(async move { store.read(nth).await.push('!') });
            }
            s.spawn(async { rest.clear() });
            "returned"
        });
        assert_eq!(returned, "returned");
        assert!(rest.is_empty());
        for (nth, store) in stores.iter().enumerate() {
            assert_eq!((store.reads, store.pages[nth].as_str()), (1, "page!"));
        }
    });
}

#[test]
fn it_runs_wherever_sync_code_may_block() {
    fn row() {
        let (begun, numbers) = (context(), [1, 2, 3]);
        let sum: u64 = scope(|s| {
            assert_eq!(context(), begun, "the closure is as sync as its caller");
            let calls = numbers.each_ref().map(|millis| {
                s.spawn(async move {
                    assert_eq!(context(), Context::Async);
                    after(*millis).await
                })
            });
            calls.into_iter().map(ScopedJoinHandle::join).sum()
        });
        assert_eq!(sum, 6);
        let error = try_scope(|s| {
            let (never, one) = (s.spawn(pending::<()>()), s.spawn(after(1)));
            one.join();
            Err::<(), _>(never.is_finished())
        });
        assert_eq!(error, Err(false));
    }

    within_a_minute(|stage| rows::where_it_may_block(stage, row));
}

#[test]
fn it_is_refused_in_async_code_before_it_begins_with_the_message_of_a_wait() {
    fn row() {
        let refused = message(|| scope(|_| panic!("the closure runs")));
        let wait = message(|| ready(()).wait());
        let cut = |message: &str| message[message.find(": ").unwrap()..].to_owned();
        assert!(refused.starts_with("cannot wait for `smartasync::scope` at "), "{refused}");
        assert!(refused.contains(file!()), "{refused}");
        assert_eq!(cut(&refused), cut(&wait));
        let refused = message(|| try_scope::<(), (), _>(|_| panic!("the closure runs")).unwrap());
        assert!(refused.starts_with("cannot wait for `smartasync::try_scope` at "), "{refused}");
    }

    within_a_minute(|stage| rows::where_it_must_not(stage, row));
}

#[test]
fn a_join_in_async_code_is_refused_and_the_handle_can_be_awaited() {
    within_a_minute(|stage| {
        let sum = scope(|s| {
            let [one, two, three] = [1, 2, 3].map(|millis| s.spawn(after(millis)));
            let awaits = s.spawn(async {
                let refused = message(|| {
                    one.join();
                });
                assert!(refused.starts_with("cannot wait for `"), "{refused}");
                assert!(refused.contains("`.await`") && refused.contains(file!()), "{refused}");
                let mut two = two.try_join().unwrap_err().into_call().unwrap();
                let limited = two.join_timeout(Duration::from_secs(9)).unwrap_err();
                assert_eq!(limited.kind(), WaitErrorKind::AsyncContext);
                two.await
            });
            stage.at("a call that is waited for within the scope");
            let three =
                block_on(async { three.try_join().unwrap_err().into_call().unwrap().await });
            awaits.join() + three
        });
        assert_eq!(sum, 5);
    });
}

#[test]
fn a_join_in_a_blocking_section_of_a_call_of_the_same_scope_is_refused() {
    within_a_minute(|stage| {
        scope(|s| {
            let (mut one, two) = (s.spawn(after(1)), s.spawn(after(1)));
            let blocks = s.spawn(async {
                yield_now().await;
                task::block_in_place(|| {
                    stage.at("a wait of another kind");
                    let refused = message(|| _ = two.wait());
                    assert!(refused.contains("would stop the executor"), "{refused}");
                    assert_eq!(context(), Context::Blocking);
                    stage.at("join_timeout");
                    let limited = one.join_timeout(Duration::from_secs(9)).unwrap_err();
                    assert_eq!(limited.kind(), WaitErrorKind::AsyncContext);
                    stage.at("try_join");
                    let one = one.try_join().unwrap_err().into_call().unwrap();
                    // A nested scope polls its own calls.
                    stage.at("a scope of its own");
                    assert_eq!(scope(|s| s.spawn(after(2)).join()), 2);
                    stage.at("join");
                    let refused = message(|| {
                        one.join();
                    });
                    assert!(refused.contains("would stop the executor"), "{refused}");
                });
            });
            blocks.join();
        });
    });
}

#[test]
fn scopes_nest() {
    within_a_minute(|stage| {
        let text = String::from("text");
        let outer = scope(|outer| {
            let slow = outer.spawn(after(20));
            let mut awaited = outer.spawn(after(10));
            let inner = scope(|inner| {
                let sizes = [1, 2].map(|add| {
                    let text = &text;
                    inner.spawn(async move { text.len() + add })
                });
                stage.at("a call of the inner scope awaits one of the outer");
                let both = inner.spawn(async { (&mut awaited).await + 1 });
                assert_eq!(both.join(), 11);
                stage.at("the outer one is joined within the inner");
                assert_eq!(slow.join(), 20);
                sizes.into_iter().map(ScopedJoinHandle::join).sum::<usize>()
            });
            stage.at("a scope in a blocking section of a call");
            let nested = outer.spawn(async {
                task::yield_now().await;
                task::block_in_place(|| scope(|s| s.spawn(after(1)).join()))
            });
            (inner, nested.join())
        });
        assert_eq!(outer, (11, 1));
    });
}

#[test]
fn a_call_begins_before_spawn_returns() {
    within_a_minute(|stage| {
        let begun = Cell::new(0);
        scope(|s| {
            s.spawn(async { begun.set(1) });
            assert_eq!(begun.get(), 1);
            stage.at("an offloaded job runs while the closure computes");
            let (sender, receiver) = channel();
            let job = s.spawn(offload(move || sender.send(thread::current().id()).unwrap()));
            assert_ne!(receiver.recv().unwrap(), thread::current().id());
            job.join();
        });
    });
}

#[test]
fn what_is_not_joined_is_waited_for() {
    within_a_minute(|_| {
        let ended = Cell::new(0);
        scope(|s| {
            let _kept = s.spawn(async {
                after(20).await;
                ended.set(ended.get() + 1);
            });
            for millis in 0..10 {
                let ended = &ended;
                s.spawn(async move {
                    after(millis).await;
                    ended.set(ended.get() + 1);
                });
            }
        });
        assert_eq!(ended.get(), 11);
        let ok = try_scope(|s| {
            s.spawn(async {
                after(5).await;
                ended.set(ended.get() + 1);
            });
            Ok::<_, ()>(())
        });
        assert_eq!((ok, ended.get()), (Ok(()), 12));
    });
}

#[test]
fn calls_begin_others_also_at_the_end_of_the_scope() {
    fn grow<'scope>(s: &'scope Scope<'scope, '_>, depth: u32, count: &'scope Cell<u32>) {
        let call: Pin<Box<dyn Future<Output = ()> + 'scope>> = Box::pin(async move {
            sleep(Duration::from_micros(u64::from(count.get() % 7) * 100)).await;
            count.set(count.get() + 1);
            for _ in 0..if depth == 0 { 0 } else { 3 } {
                grow(s, depth - 1, count);
            }
        });
        s.spawn(call);
    }

    within_a_minute(|_| {
        let count = Cell::new(0);
        scope(|s| grow(s, 5, &count));
        assert_eq!(count.get(), (0..=5).map(|depth| 3_u32.pow(depth)).sum());

        // One call begins another and awaits it.
        let sum = scope(|s| {
            s.spawn(async { after(1).await + s.spawn(after(2)).await + s.spawn(after(0)).await })
                .join()
        });
        assert_eq!(sum, 3);
    });
}

#[test]
fn a_panic_reaches_only_the_caller_of_join() {
    within_a_minute(|_| {
        let sum = scope(|s| {
            let good = [1, 2].map(|millis| s.spawn(after(millis)));
            let at_once = s.spawn(async { panic_any(Payload(1)) });
            let later = s.spawn(async {
                after(1).await;
                panic_any(Payload(2))
            });
            let more = s.spawn(after(3));
            assert_eq!(payload(|| later.join()), Payload(2));
            let awaited = s.spawn(at_once);
            assert_eq!(payload(|| awaited.join()), Payload(1));
            assert_eq!(context(), Context::Sync);
            good.into_iter().chain([more]).map(ScopedJoinHandle::join).sum::<u64>()
        });
        assert_eq!(sum, 6);
    });
}

#[test]
fn a_panic_that_nobody_joins_is_raised_when_the_others_are_done() {
    within_a_minute(|stage| {
        for (is_kept, is_ready) in [(true, true), (true, false), (false, true), (false, false)] {
            stage.at(format!("the handle is kept: {is_kept}, the call is ready: {is_ready}"));
            let ended = Cell::new(0);
            let raised = payload(|| {
                scope(|s| {
                    for millis in [1, 20] {
                        let ended = &ended;
                        s.spawn(async move {
                            after(millis).await;
                            ended.set(ended.get() + 1);
                        });
                    }
                    let panics = s.spawn(async move {
                        if !is_ready {
                            after(2).await;
                        }
                        panic_any(Payload(7))
                    });
                    if is_kept {
                        s.spawn(after(5)).join();
                        assert!(panics.is_finished());
                    }
                    drop::<ScopedJoinHandle<'_, ()>>(panics);
                })
            });
            assert_eq!((raised, ended.get()), (Payload(7), 2));
        }
    });
}

#[test]
fn a_panic_of_the_closure_cancels_the_calls() {
    within_a_minute(|_| {
        let (ended, dropped) = (Cell::new(0), Cell::new(0));
        let raised = payload(|| {
            scope(|s| {
                for millis in [0, 1, 60_000] {
                    let (ended, count) = (&ended, CountsDrop(&dropped));
                    s.spawn(async move {
                        let _count = count;
                        after(millis).await;
                        ended.set(ended.get() + 1);
                    });
                }
                s.spawn(async { panic_any(Payload(1)) });
                s.spawn(after(2)).join();
                panic_any(Payload(2));
            })
        });
        assert_eq!(raised, Payload(2));
        assert_eq!((ended.get(), dropped.get()), (2, 3));
        assert_eq!(scope(|s| s.spawn(after(1)).join()), 1);
    });
}

struct CountsDrop<'a>(&'a Cell<u32>);

impl Drop for CountsDrop<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn what_an_early_exit_cancels_is_dropped_inside_the_runtime() {
    within_a_minute(|stage| {
        let own = block_on(async { Handle::current().id() });
        let private = Bridge::builder().build();
        let shared = private.block_on(async { Handle::current().id() });
        let (dropped, tasks) = channel();
        let call = || {
            let goodbye = SaysGoodbye(dropped.clone());
            async move {
                let _goodbye = goodbye;
                pending::<()>().await;
            }
        };
        for (bridge, runtime) in [(Bridge::per_thread(), own), (private, shared)] {
            stage.at("an error");
            let begin = Instant::now();
            let error = bridge.try_scope(|s| {
                let never = s.spawn(call());
                let fails = s.spawn(async { Err::<(), _>(after(1).await) });
                s.spawn(after(50_000));
                fails.join()?;
                never.join();
                Ok(())
            });
            assert_eq!(error, Err(1_u64));
            assert_eq!(tasks.recv().unwrap().id(), runtime);
            stage.at("a panic of the closure");
            let raised = payload(|| {
                bridge.scope(|s| {
                    s.spawn(call());
                    panic_any(Payload(1))
                })
            });
            assert_eq!(raised, Payload(1));
            assert_eq!(tasks.recv().unwrap().id(), runtime);
            stage.at("a call that has panicked");
            let raised = payload(|| {
                bridge.scope(|s| {
                    let goodbye = SaysGoodbye(dropped.clone());
                    let panics = s.spawn(async move {
                        let _goodbye = goodbye;
                        task::yield_now().await;
                        panic_any(Payload(2));
                    });
                    panics.join()
                })
            });
            assert_eq!(raised, Payload(2));
            assert_eq!(tasks.recv().unwrap().id(), runtime);
            assert!(begin.elapsed() < Duration::from_secs(40), "it has waited for the rest");
        }
    });
}

#[test]
fn the_panic_of_a_destructor_is_raised_by_join_or_at_the_end_of_the_scope() {
    struct PanicsOnDrop(u32);

    impl Drop for PanicsOnDrop {
        fn drop(&mut self) {
            panic_any(Payload(self.0));
        }
    }

    async fn holds(millis: u64, number: u32) -> u32 {
        let _held = PanicsOnDrop(number);
        after(millis).await;
        number
    }

    within_a_minute(|stage| {
        scope(|s| {
            stage.at("of a call that is done");
            let joined = s.spawn(holds(1, 1));
            assert_eq!(payload(|| _ = joined.join()), Payload(1));
        });
        stage.at("of an output that nobody wants");
        let others = Cell::new(0);
        let raised = payload(|| {
            scope(|s| {
                s.spawn(async { PanicsOnDrop(after(1).await as u32 + 1) });
                s.spawn(async { others.set(after(5).await) });
            })
        });
        assert_eq!((raised, others.get()), (Payload(2), 5));
        stage.at("of calls that are cancelled: none keeps another from being dropped");
        let dropped = Cell::new(0);
        let raised = payload(|| {
            try_scope(|s| {
                for number in [3, 4] {
                    let count = CountsDrop(&dropped);
                    s.spawn(async move {
                        let _count = count;
                        holds(60_000, number).await
                    });
                }
                Err::<(), _>(())
            })
            .unwrap_err()
        });
        assert!([Payload(3), Payload(4)].contains(&raised));
        assert_eq!(dropped.get(), 2);
        stage.at("beside a panic of the closure, which counts");
        let raised = payload(|| {
            scope(|s| {
                s.spawn(holds(60_000, 5));
                panic_any(Payload(6))
            })
        });
        assert_eq!(raised, Payload(6));
    });
}

#[test]
fn nothing_begins_in_a_scope_that_is_over() {
    struct SpawnsOnDrop<'scope, 'env>(&'scope Scope<'scope, 'env>, &'scope Cell<u32>);

    impl Drop for SpawnsOnDrop<'_, '_> {
        fn drop(&mut self) {
            let (s, begun) = (self.0, self.1);
            let late = s.spawn(async { begun.set(begun.get() + 1) });
            assert!(!late.is_finished());
            begun.set(begun.get() + 100);
        }
    }

    within_a_minute(|_| {
        let begun = Cell::new(0);
        let error = try_scope(|s| {
            let spawns = SpawnsOnDrop(s, &begun);
            s.spawn(async move {
                let _spawns = spawns;
                pending::<()>().await;
            });
            Err::<(), _>(())
        });
        assert_eq!((error, begun.get()), (Err(()), 100));
    });
}

#[test]
fn all_that_a_scope_was_given_is_dropped_once() {
    within_a_minute(|_| {
        let shared = Rc::new(());
        for is_cancelled in [false, true] {
            let _ = try_scope(|s| {
                let ready = Rc::clone(&shared);
                s.spawn(async move { ready });
                let unjoined = [Rc::clone(&shared), Rc::clone(&shared)];
                let _handles = unjoined.map(|held| {
                    s.spawn(async {
                        after(1).await;
                        held
                    })
                });
                let held = Rc::clone(&shared);
                let joined = s
                    .spawn(async {
                        after(1).await;
                        held
                    })
                    .join();
                let never = Rc::clone(&shared);
                if is_cancelled {
                    s.spawn(async {
                        after(60_000).await;
                        never
                    });
                    drop(joined);
                    return Err(());
                }
                Ok(())
            });
            assert_eq!(Rc::strong_count(&shared), 1, "cancelled: {is_cancelled}");
        }
    });
}

#[test]
fn a_join_with_a_limit_leaves_the_call_as_it_is() {
    within_a_minute(|_| {
        let polls = Cell::new(0);
        scope(|s| {
            let mut slow = s.spawn(async {
                polls.set(polls.get() + 1);
                after(60).await
            });
            let mut timeouts = 0;
            let output = loop {
                match slow.join_timeout(Duration::from_millis(5)) {
                    Ok(output) => break output,
                    Err(error) => assert_eq!(error.kind(), WaitErrorKind::TimedOut),
                }
                timeouts += 1;
            };
            assert_eq!((output, polls.get()), (60, 1));
            assert!(timeouts > 0);
            let again = message(|| drop(slow.join_timeout(Duration::from_secs(9))));
            assert!(again.contains("has no output"), "{again}");
        });
    });
}

/// Tokio shows nothing of this poll, and allows no blocking section in it: see the limits of `context()`.
#[test]
fn where_a_poll_cannot_be_told_it_panics_and_does_not_abort() {
    within_a_minute(|_| {
        // Without this, the first call of the thread would panic before the closure runs.
        block_on(async {});
        let runtime = multi_thread();
        let dropped = Cell::new(0);
        LocalSet::new().block_on(
            &runtime,
            task::unconstrained(async {
                assert_eq!(context(), Context::Blocking);
                catch_unwind(AssertUnwindSafe(|| {
                    scope(|s| {
                        let count = CountsDrop(&dropped);
                        s.spawn(async move {
                            let _count = count;
                            pending::<()>().await;
                        });
                    });
                }))
                .unwrap_err();
            }),
        );
        assert_eq!(dropped.get(), 1);
    });
}

#[test]
fn a_scope_on_a_bridge_runs_there_and_ends_with_it() {
    within_a_minute(|stage| {
        let bridge = Bridge::builder().build();
        let own = block_on(async { Handle::current().id() });
        let there = bridge.scope(|s| s.spawn(async { Handle::current().id() }).join());
        assert_eq!(there, bridge.block_on(async { Handle::current().id() }));
        assert_ne!(there, own);
        let runtime = multi_thread();
        let handle = Bridge::from_handle(runtime.handle().clone());
        let ids = handle.scope(|s| {
            let ids = [1, 2].map(|millis| {
                s.spawn(async move {
                    after(millis).await;
                    (Handle::current().id(), thread::current().id())
                })
            });
            ids.map(ScopedJoinHandle::join)
        });
        assert_eq!(ids, [(runtime.handle().id(), thread::current().id()); 2]);

        stage.at("a bridge that is shut down within a scope");
        let (dropped, tasks) = channel();
        let refused = message(|| {
            bridge.scope(|s| {
                let goodbye = SaysGoodbye(dropped);
                let mut never = s.spawn(async move {
                    let _goodbye = goodbye;
                    pending::<()>().await;
                });
                assert!(bridge.shutdown(Duration::from_secs(9)).calls_ended);
                let error = never.join_timeout(Duration::from_secs(9)).unwrap_err();
                assert_eq!(error.kind(), WaitErrorKind::Shutdown);
            })
        });
        assert!(refused.contains("`Bridge::scope`") && refused.contains("shut down"), "{refused}");
        assert_eq!(tasks.recv().unwrap().id(), own, "the runtime of the bridge is gone");
        stage.at("a bridge that is shut down");
        let refused = message(|| bridge.scope(|_| panic!("the closure runs")));
        assert!(refused.contains("has been shut down"), "{refused}");
    });
}

#[test]
fn handles_may_be_awaited_together_anywhere_on_the_thread() {
    within_a_minute(|stage| {
        scope(|s| {
            stage.at("join");
            let [a, b, c] = [3, 1, 2].map(|millis| s.spawn(after(millis)));
            assert_eq!(block_on(async { tokio::join!(a, b, c) }), (3, 1, 2));
            stage.at("a call that begins while another is awaited");
            let (sender, receiver) = oneshot::channel();
            let waits = s.spawn(async { receiver.await.unwrap() });
            let begins = async {
                after(1).await;
                s.spawn(async { sender.send(7).unwrap() });
            };
            assert_eq!(block_on(async { tokio::join!(waits, begins).0 }), 7);
        });
    });
}

#[test]
fn an_awaiting_future_is_woken_whoever_has_polled_last() {
    within_a_minute(|stage| {
        for round in 0..200 {
            stage.at(format!("round {round}"));
            scope(|s| {
                let [mut first, second] = [(); 2].map(|()| {
                    let (sender, receiver) = oneshot::channel();
                    thread::spawn(move || {
                        thread::sleep(Duration::from_micros(round % 40 * 5));
                        sender.send(()).unwrap();
                    });
                    s.spawn(async {
                        receiver.await.unwrap();
                        yield_now().await;
                    })
                });
                // It is polled once and then abandoned, like a future in a set that is no longer polled.
                let abandons = async {
                    yield_now().await;
                    poll_once(&mut first)
                };
                let (_, ended) = block_on(async { tokio::join!(second, abandons) });
                if ended.is_none() {
                    first.join();
                }
            });
        }
    });
}

#[test]
fn calls_that_other_threads_wake_at_any_time_are_all_polled() {
    static WOKEN: AtomicUsize = AtomicUsize::new(0);

    within_a_minute(|stage| {
        for round in 0..50_u64 {
            stage.at(format!("round {round}"));
            let (mut senders, receivers): (Vec<_>, Vec<_>) =
                (0..64).map(|_| oneshot::channel::<u64>()).unzip();
            let wakes = thread::spawn(move || {
                // Each thread has an order of its own.
                for step in 0..64 {
                    let nth = ((step * 37 + round) % senders.len() as u64) as usize;
                    senders.swap_remove(nth).send(step).unwrap();
                    if step % 7 == 0 {
                        thread::yield_now();
                    }
                    WOKEN.fetch_add(1, Ordering::Relaxed);
                }
            });
            let sum = scope(|s| {
                let calls: Vec<_> = receivers
                    .into_iter()
                    .map(|receiver| s.spawn(async { receiver.await.unwrap() }))
                    .collect();
                calls.into_iter().rev().map(ScopedJoinHandle::join).sum::<u64>()
            });
            assert_eq!(sum, (0..64).sum());
            wakes.join().unwrap();
        }
        assert_eq!(WOKEN.load(Ordering::Relaxed), 50 * 64);
    });
}

#[test]
fn the_limit_that_a_bridge_has_for_its_calls_is_none_of_a_scope() {
    within_a_minute(|stage| {
        let short = Duration::from_millis(1);
        let bridge = Bridge::builder().timeout(short).build();
        let nap = || sleep(10 * short);
        bridge.scope(|s| {
            stage.at("join");
            s.spawn(async { nap().await }).join();
            stage.at("try_join");
            s.spawn(async { nap().await }).try_join().unwrap();
            stage.at("the end");
            s.spawn(async { nap().await });
        });
        stage.at("buffered");
        let naps = smartasync::buffered([bridge.call(async { nap().await })], 1);
        assert_eq!(naps.on(&bridge).count(), 1);
    });
}

#[smartasync]
async fn forever() {
    pending().await
}

#[test]
fn a_call_has_its_own_name_where_it_is_any_future() {
    within_a_minute(|_| {
        let _ = try_scope(|s| {
            let mut handle = s.spawn(forever());
            let error = handle.join_timeout(Duration::from_millis(1)).unwrap_err();
            assert_eq!(error.name(), "forever");
            Err::<(), ()>(())
        });
        let limit = Duration::from_millis(1);
        assert_eq!(Wait::wait_timeout(forever(), limit).unwrap_err().name(), "forever");
        let pair = async { forever().await };
        assert!(pair.wait_timeout(limit).unwrap_err().name().contains("{{closure}}"));
    });
}
