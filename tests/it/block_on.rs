//! Edge cases of waiting for a future, on each kind of runtime: what is polled when, and what wakes what.

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use crate::support::{Stage, current_thread, echo, multi_thread, within_a_minute};
use smartasync::{Bridge, block_on, smartasync};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::block_in_place;
use tokio::time::sleep;

/// Runs `test` on each kind of bridge, and on a blocking thread of each kind of runtime.
fn everywhere(test: impl Fn(&Stage, &Bridge) + Send + Sync + Clone + 'static) {
    within_a_minute(|stage| {
        let runtime = multi_thread();
        for (kind, bridge) in [
            ("per thread", Bridge::per_thread()),
            ("private", Bridge::builder().build()),
            #[cfg(feature = "rt-multi-thread")]
            ("private, shared threads", Bridge::builder().shared_threads(1).build()),
            #[cfg(feature = "rt-multi-thread")]
            ("shared", Bridge::shared()),
            ("handle", Bridge::from_handle(runtime.handle().clone())),
        ] {
            stage.at(kind);
            test(stage, &bridge);
        }
        for (kind, runtime) in [("multi", multi_thread()), ("current", current_thread())] {
            stage.at(format!("a blocking thread of a {kind}-thread runtime"));
            let test = test.clone();
            let job =
                runtime.spawn_blocking(move || test(&Stage::default(), &Bridge::per_thread()));
            runtime.block_on(job).unwrap();
        }
    });
}

/// Is ready after `polls` polls. Each poll wakes all of its wakers at once.
fn counts_to(polls: usize, seen: &Cell<usize>) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        seen.set(seen.get() + 1);
        let wakers = [cx.waker().clone(), cx.waker().clone()];
        wakers.into_iter().for_each(Waker::wake);
        if seen.get() < polls { Poll::Pending } else { Poll::Ready(()) }
    })
}

/// Pending until it is woken by the receiver of its wakers.
fn woken_by(wakers: Sender<Waker>, polls: &AtomicUsize, wanted: usize) -> impl Future<Output = ()> {
    poll_fn(move |cx| {
        wakers.send(cx.waker().clone()).unwrap();
        let polls = polls.fetch_add(1, Ordering::Relaxed) + 1;
        if polls < wanted { Poll::Pending } else { Poll::Ready(()) }
    })
}

#[test]
fn a_future_is_polled_once_for_each_wake_and_not_after_it_is_ready() {
    everywhere(|_, bridge| {
        for polls in 1..6 {
            let seen = Cell::new(0);
            bridge.block_on(counts_to(polls, &seen));
            assert_eq!(seen.get(), polls);
        }
    });
}

#[test]
fn a_wake_in_a_poll_counts_once() {
    everywhere(|_, bridge| {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut polls = 0;
        bridge.block_on(poll_fn(|cx| {
            polls += 1;
            match polls {
                1 => cx.waker().wake_by_ref(),
                2 => {
                    let (waker, is_over) = (cx.waker().clone(), Arc::clone(&is_over));
                    thread::spawn(move || {
                        thread::sleep(Duration::from_millis(5));
                        is_over.store(true, Ordering::Relaxed);
                        waker.wake();
                    });
                }
                _ => {}
            }
            if is_over.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
        }));
        assert_eq!(polls, 3);
    });
}

#[test]
fn a_wake_of_the_thread_alone_polls_nothing() {
    everywhere(|_, bridge| {
        // Tokio uses one waker for everything that a thread blocks on.
        let runtime = multi_thread();
        let of_thread = runtime.handle().block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
        let polls = AtomicUsize::new(0);
        let (wakers, wakes) = channel::<Waker>();
        thread::scope(|scope| {
            scope.spawn(move || {
                for waker in wakes {
                    for _ in 0..5 {
                        of_thread.wake_by_ref();
                        thread::sleep(Duration::from_micros(200));
                    }
                    waker.wake();
                }
            });
            bridge.block_on(woken_by(wakers, &polls, 4));
        });
        assert_eq!(polls.into_inner(), 4);
    });
}

#[test]
fn a_wake_before_the_thread_parks_is_not_lost() {
    everywhere(|_, bridge| {
        let mut is_woken = false;
        bridge.block_on(poll_fn(move |cx| {
            if is_woken {
                return Poll::Ready(());
            }
            is_woken = true;
            let waker = cx.waker().clone();
            thread::spawn(move || waker.wake()).join().unwrap();
            Poll::Pending
        }));
    });
}

#[test]
fn a_wake_from_another_thread_at_any_point_is_not_lost() {
    /// From at once to well after the thread has parked. A debug build tries a fifth of them: its turns are as long.
    const SPINS: usize = 4_000;
    const STEP: usize = if cfg!(debug_assertions) { 5 } else { 1 };

    everywhere(|stage, bridge| {
        let (wakers, wakes): (Sender<Waker>, Receiver<Waker>) = channel();
        thread::scope(|scope| {
            scope.spawn(move || {
                for (number, waker) in wakes.iter().enumerate() {
                    (0..number * STEP % SPINS).for_each(|_| std::hint::spin_loop());
                    waker.wake();
                }
            });
            for round in 0..SPINS / STEP {
                stage.at(format!("round {round}"));
                bridge.block_on(woken_by(wakers.clone(), &AtomicUsize::new(0), 2));
            }
            drop(wakers);
        });
    });
}

#[test]
fn a_waker_of_an_earlier_call_wakes_no_later_one() {
    everywhere(|_, bridge| {
        let earlier = bridge.block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
        assert_eq!(bridge.block_on(polls_of_a_nap(|| earlier.wake_by_ref())), 2);
    });
}

#[test]
fn a_wake_that_a_call_leaves_behind_polls_no_later_one() {
    everywhere(|_, bridge| {
        let wakes_itself = |cx: &mut std::task::Context<'_>| {
            cx.waker().wake_by_ref();
            Poll::Ready(())
        };
        bridge.block_on(poll_fn(wakes_itself));
        assert_eq!(bridge.block_on(polls_of_a_nap(|| {})), 2);
    });
}

/// Counts its polls: two, the first one and the timer's, if nothing else wakes it.
async fn polls_of_a_nap(in_each_poll: impl Fn()) -> usize {
    let mut polls = 0;
    let mut nap = pin!(sleep(Duration::from_millis(5)));
    poll_fn(|cx| {
        polls += 1;
        in_each_poll();
        nap.as_mut().poll(cx)
    })
    .await;
    polls
}

#[cfg(feature = "rt-multi-thread")]
#[test]
fn a_waker_that_is_kept_to_the_end_of_its_thread_and_bridge_can_be_woken() {
    within_a_minute(|_| {
        let bridges = [Bridge::per_thread, || Bridge::builder().build(), Bridge::shared];
        let late = bridges.map(|bridge| {
            let keep = move || bridge().block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
            thread::spawn(keep).join().unwrap()
        });
        for waker in late {
            waker.wake_by_ref();
            waker.wake();
        }
    });
}

/// Makes a call inside a call, from a blocking section in the outer one's future.
fn nested(runtime: &tokio::runtime::Runtime, outer: impl Future<Output = ()> + Send + 'static) {
    let job = runtime.spawn_blocking(|| block_on(outer));
    runtime.block_on(job).unwrap();
}

#[test]
fn a_wake_of_the_outer_call_polls_no_inner_one_and_is_not_lost() {
    within_a_minute(|_| {
        let is_inner_over = Arc::new(AtomicBool::new(false));
        let outer = poll_fn(move |cx| {
            if is_inner_over.load(Ordering::Relaxed) {
                return Poll::Ready(());
            }
            let (outer, polls) = (cx.waker().clone(), AtomicUsize::new(0));
            let (wakers, wakes) = channel::<Waker>();
            thread::scope(|scope| {
                scope.spawn(move || {
                    for inner in wakes {
                        outer.wake_by_ref();
                        thread::sleep(Duration::from_millis(1));
                        inner.wake();
                    }
                });
                block_in_place(|| block_on(woken_by(wakers, &polls, 5)));
            });
            assert_eq!(polls.into_inner(), 5, "polls of the inner call");
            is_inner_over.store(true, Ordering::Relaxed);
            Poll::Pending
        });
        nested(&multi_thread(), outer);
    });
}

#[test]
fn a_waker_of_an_inner_call_polls_no_outer_one() {
    within_a_minute(|_| {
        let polls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&polls);
        let outer = async move {
            let inner = block_in_place(|| block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone()))));
            counted.store(polls_of_a_nap(|| inner.wake_by_ref()).await, Ordering::Relaxed);
        };
        nested(&multi_thread(), outer);
        assert_eq!(polls.load(Ordering::Relaxed), 2);
    });
}

#[test]
fn a_call_in_a_section_of_another_has_its_runtime_and_a_waker_of_its_own() {
    everywhere(|_, bridge| {
        let outer = bridge.block_on(async {
            let inner = || block_in_place(|| bridge.block_on(async { Handle::current().id() }));
            assert_eq!(inner(), Handle::current().id());
            let waker = || bridge.block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
            let inner = block_in_place(waker);
            polls_of_a_nap(|| inner.wake_by_ref()).await
        });
        assert_eq!(outer, 2);
    });
}

/// Wakes itself, then makes the same call again in a blocking section, and ends only if its wake is still there.
fn calls_in_sections(bridge: &Bridge, depth: usize) {
    let mut is_woken = false;
    bridge.block_on(poll_fn(|cx| {
        if std::mem::replace(&mut is_woken, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        if depth > 0 {
            block_in_place(|| calls_in_sections(bridge, depth - 1));
        }
        Poll::Pending
    }));
}

#[test]
fn a_nested_call_leaves_the_wakes_of_the_outer_calls() {
    everywhere(|_, bridge| calls_in_sections(bridge, 4));
}

#[test]
fn a_future_may_drop_what_it_runs_on() {
    #[smartasync]
    async fn outlives(dropped: impl Send) -> u8 {
        drop(dropped);
        sleep(Duration::from_millis(1)).await;
        echo(7).await.unwrap()
    }

    within_a_minute(|stage| {
        stage.at("its bridge");
        let bridge = Bridge::builder().build();
        let call = outlives(bridge.clone()).on(&bridge);
        drop(bridge);
        assert_eq!(call.wait(), 7);

        stage.at("what the bridge keeps");
        let bridge = Bridge::builder().build();
        let resets = async { bridge.reset() };
        bridge.block_on(async {
            resets.await;
            assert_eq!(echo(7).await.unwrap(), 7);
        });

        stage.at("what lives on the runtime");
        let bridge = Bridge::builder().build();
        let (task, socket) = bridge.block_on(async {
            let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
            (tokio::spawn(pending::<()>()), socket)
        });
        task.abort();
        assert_eq!(outlives((task, socket)).on(&bridge).wait(), 7);
    });
}

#[test]
fn a_future_may_leave_a_task_behind_as_it_is_dropped() {
    struct SpawnsOnDrop(Option<oneshot::Sender<u8>>);

    impl Drop for SpawnsOnDrop {
        fn drop(&mut self) {
            let sender = self.0.take().unwrap();
            tokio::spawn(async {
                sleep(Duration::from_millis(1)).await;
                sender.send(7)
            });
        }
    }

    everywhere(|_, bridge| {
        let (sender, receiver) = oneshot::channel();
        let spawns = SpawnsOnDrop(Some(sender));
        bridge.block_on(async move { drop(spawns) });
        assert_eq!(bridge.block_on(receiver), Ok(7));
    });
}

#[test]
fn a_future_may_be_waited_for_on_another_thread_than_it_began_on() {
    within_a_minute(|_| {
        let (sender, receiver) = oneshot::channel::<u8>();
        let mut future = Box::pin(async move {
            tokio::task::yield_now().await;
            receiver.await
        });
        block_on(poll_fn(|cx| {
            assert!(future.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        }));
        let shared = Mutex::new(Some(future));
        thread::scope(|scope| {
            let waits = scope.spawn(|| block_on(shared.lock().unwrap().take().unwrap()));
            thread::sleep(Duration::from_millis(5));
            sender.send(7).unwrap();
            assert_eq!(waits.join().unwrap(), Ok(7));
        });
    });
}
