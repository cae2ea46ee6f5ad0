//! A stream in sync code is an iterator: it works in each row of the context table, and loses nothing.

#![cfg(feature = "stream")]

use std::io::{Read, Write};
use std::net::TcpStream as StdTcpStream;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use smartasync::{Bridge, Context, Iter, WaitErrorKind, block_on, context, iter, smartasync};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::time::sleep;
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_stream::{Stream, StreamExt};

use crate::rows;
use crate::support::{SaysGoodbye, current_thread, multi_thread, within_a_minute};

/// Waits on a timer for each number, so that it needs a driven runtime.
fn ticks(last: u32) -> impl Stream<Item = u32> + Send {
    tokio_stream::iter(1..=last).then(async |number| {
        sleep(Duration::from_millis(1)).await;
        number
    })
}

#[test]
fn it_gives_all_items_wherever_sync_code_may_block() {
    within_a_minute(|stage| {
        rows::where_it_may_block(stage, || assert!(iter(ticks(5)).eq(1..=5)));
    });
}

#[test]
fn it_is_refused_in_async_code_and_loses_nothing() {
    fn row() {
        assert_eq!(context(), Context::Async);
        let mut numbers = thread::spawn(|| {
            let mut numbers = iter(ticks(3));
            assert_eq!(numbers.next(), Some(1));
            numbers
        })
        .join()
        .unwrap();
        let error = numbers.try_next().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
        assert!(!error.has_begun(), "the stream was polled");
        let limited = numbers.try_next_timeout(Duration::from_secs(9)).unwrap_err();
        assert_eq!(limited.kind(), WaitErrorKind::AsyncContext);
        catch_unwind(AssertUnwindSafe(|| numbers.next())).unwrap_err();
        let rest = thread::spawn(move || numbers.collect::<Vec<_>>());
        assert_eq!(rest.join().unwrap(), [2, 3]);
    }

    within_a_minute(|stage| rows::where_it_must_not(stage, row));
}

#[test]
fn async_code_takes_the_stream_out_and_goes_on_with_it() {
    within_a_minute(|_| {
        let mut numbers = iter(ticks(3));
        assert_eq!(numbers.next(), Some(1));
        let rest = multi_thread().block_on(numbers.into_inner().collect::<Vec<_>>());
        assert_eq!(rest, [2, 3]);
    });
}

#[test]
fn it_goes_from_thread_to_thread_and_polls_with_the_runtime_of_each() {
    within_a_minute(|_| {
        let runtimes = tokio_stream::iter(1..=3).then(async |_| {
            tokio::task::yield_now().await;
            Handle::current().id()
        });
        let mut runtimes = iter(runtimes);
        let here = runtimes.next().unwrap();
        assert_eq!(here, block_on(async { Handle::current().id() }));
        let (there, mut runtimes) =
            thread::spawn(move || (runtimes.next().unwrap(), runtimes)).join().unwrap();
        assert_ne!(there, here);
        let runtime = multi_thread();
        let _guard = runtime.enter();
        assert_eq!(runtimes.next(), Some(runtime.handle().id()));
    });
}

#[test]
fn a_decorated_function_that_returns_a_stream_works_in_both_worlds() {
    #[smartasync]
    async fn letters(text: &str) -> impl Stream<Item = char> {
        sleep(Duration::from_millis(1)).await;
        tokio_stream::iter(text.chars()).filter(|letter| letter.is_alphabetic())
    }

    struct Catalog {
        pages: Vec<Vec<u32>>,
    }

    #[smartasync]
    impl Catalog {
        async fn entries(&self, from: usize) -> Result<impl Stream<Item = u32> + '_, String> {
            sleep(Duration::from_millis(1)).await;
            let pages = self.pages.get(from..).ok_or_else(|| format!("no page {from}"))?;
            Ok(tokio_stream::iter(pages.iter().flatten().copied()))
        }
    }

    within_a_minute(|_| {
        let text = String::from("a b-c");
        assert_eq!(iter(letters(&text).wait()).collect::<String>(), "abc");
        let catalog = Catalog { pages: vec![vec![1, 2], vec![3], vec![4, 5]] };
        assert!(iter(catalog.entries(1).wait().unwrap()).eq(3..=5));
        assert_eq!(catalog.entries(4).wait().err().unwrap(), "no page 4");
        multi_thread().block_on(async {
            assert_eq!(letters(&text).await.collect::<Vec<_>>().await, ['a', 'b', 'c']);
            let entries = catalog.entries(0).await.unwrap().collect::<Vec<_>>().await;
            assert_eq!(entries, [1, 2, 3, 4, 5]);
        });
    });
}

#[test]
fn a_sync_method_of_a_decorated_block_that_returns_a_stream_passes_through() {
    struct Counter;

    #[smartasync]
    impl Counter {
        fn countdown(from: u32) -> impl Stream<Item = u32> {
            tokio_stream::iter((1..=from).rev())
        }
    }

    within_a_minute(|_| {
        assert_eq!(iter(Counter::countdown(3)).collect::<Vec<_>>(), [3, 2, 1]);
        let awaited = multi_thread().block_on(Counter::countdown(3).collect::<Vec<_>>());
        assert_eq!(awaited, [3, 2, 1]);
    });
}

/// Counts down, and starts again if it is polled after its end.
struct Pushy {
    left: u32,
    after_end: usize,
}

impl Stream for Pushy {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<u32>> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                Poll::Ready(Some(left))
            }
            None => {
                self.after_end += 1;
                Poll::Ready(if self.after_end == 1 { None } else { Some(99) })
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize + 7))
    }
}

#[test]
fn the_size_hint_is_that_of_the_stream_and_the_end_is_the_end() {
    let mut numbers = iter(Pushy { left: 2, after_end: 0 });
    assert_eq!(numbers.size_hint(), (2, Some(9)));
    assert_eq!((numbers.next(), numbers.size_hint()), (Some(1), (1, Some(8))));
    assert_eq!((numbers.next(), numbers.next()), (Some(0), None));
    assert_eq!(numbers.size_hint(), (0, Some(0)));
    assert_eq!((numbers.next(), numbers.try_next().unwrap()), (None, None));
    let ended = multi_thread().block_on(async { numbers.try_next() });
    assert_eq!(ended.unwrap(), None, "an end that is known needs no wait");
    assert_eq!(numbers.into_inner().after_end, 1);
}

#[test]
fn it_is_send_when_the_stream_is() {
    fn assert_send<T: Send + Unpin + std::iter::FusedIterator>(value: T) -> T {
        value
    }

    assert_eq!(assert_send(iter(ticks(1))).count(), 1);
    // If the stream is not `Send`, everything else still works.
    let shared = std::rc::Rc::new(1);
    assert!(iter(tokio_stream::once(shared)).map(|number| *number).eq([1]));
}

#[test]
fn after_a_timeout_the_stream_goes_on_where_it_was() {
    within_a_minute(|stage| {
        let mut began = 0;
        let slow = tokio_stream::iter(1..=2).then(move |number| {
            began += 1;
            let nth = began;
            async move {
                sleep(Duration::from_millis(60)).await;
                (number, nth)
            }
        });
        let mut numbers = iter(slow);
        for expected in 1..=2 {
            let begin = Instant::now();
            let mut timeouts = 0;
            let item = loop {
                stage.at(format!("item {expected} after {timeouts} timeouts"));
                match numbers.try_next_timeout(Duration::from_millis(5)) {
                    Ok(item) => break item,
                    Err(error) => assert_eq!(error.kind(), WaitErrorKind::TimedOut),
                }
                timeouts += 1;
            };
            // If the stream began anew after each timeout, the item would never come.
            assert_eq!(item, Some((expected, expected)));
            assert!(timeouts > 0 && begin.elapsed() >= Duration::from_millis(60));
        }
        assert_eq!(numbers.try_next_timeout(Duration::ZERO).unwrap(), None);
    });
}

#[test]
fn a_timeout_of_zero_takes_what_is_there() {
    within_a_minute(|_| {
        let (sender, receiver) = tokio::sync::mpsc::channel(4);
        let mut numbers = iter(ReceiverStream::new(receiver));
        let mut poll = || numbers.try_next_timeout(Duration::ZERO).map_err(|error| error.kind());
        assert_eq!(poll(), Err(WaitErrorKind::TimedOut));
        sender.try_send(1).unwrap();
        assert_eq!(poll(), Ok(Some(1)));
        assert_eq!(poll(), Err(WaitErrorKind::TimedOut));
        drop(sender);
        assert_eq!(poll(), Ok(None));
    });
}

/// Spawns a task in its destructor that reports, like a client that says goodbye.
struct SpawnsOnDrop {
    left: u32,
    _goodbye: SaysGoodbye,
}

impl Stream for SpawnsOnDrop {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<u32>> {
        self.left = self.left.saturating_sub(1);
        Poll::Ready((self.left > 0).then_some(self.left))
    }
}

#[test]
fn a_stream_is_dropped_inside_a_runtime() {
    within_a_minute(|stage| {
        let (dropped, tasks) = channel();
        let make = move || iter(SpawnsOnDrop { left: 3, _goodbye: SaysGoodbye(dropped.clone()) });
        let begun = || {
            let mut numbers = make();
            assert_eq!(numbers.next(), Some(2));
            numbers
        };
        let expect_task = |at: &str| {
            stage.at(at);
            tasks.recv().unwrap().id()
        };

        let own = block_on(async { Handle::current().id() });
        drop(begun());
        assert_eq!(expect_task("dropped half-way"), own);
        assert_eq!(make().count(), 2);
        assert_eq!(expect_task("dropped at its end"), own);
        let numbers = begun();
        catch_unwind(AssertUnwindSafe(move || {
            let _numbers = numbers;
            panic_any("a panic that the test wants");
        }))
        .unwrap_err();
        assert_eq!(expect_task("dropped by a panic"), own);
        let bridge = Bridge::builder().build();
        let mut numbers = make().on(&bridge);
        numbers.next();
        drop(numbers);
        assert_ne!(expect_task("dropped on a private bridge"), own);
        for runtime in [current_thread(), multi_thread()] {
            let numbers = begun();
            stage.at("dropped in async code");
            // Waits until the task has reported: after this, nobody drives the runtime if it is a current-thread
            // one.
            let told = runtime.block_on(async {
                drop(numbers);
                loop {
                    match tasks.try_recv() {
                        Ok(handle) => break handle.id(),
                        Err(_) => sleep(Duration::from_millis(1)).await,
                    }
                }
            });
            assert_eq!(told, runtime.handle().id());
        }
    });
}

/// Waits in its destructor.
struct WaitsOnDrop(Sender<Context>);

impl Stream for WaitsOnDrop {
    type Item = u32;

    fn poll_next(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Option<u32>> {
        Poll::Ready(Some(1))
    }
}

impl Drop for WaitsOnDrop {
    fn drop(&mut self) {
        block_on(sleep(Duration::from_millis(1)));
        self.0.send(context()).unwrap();
    }
}

#[test]
fn the_destructor_of_a_stream_may_wait() {
    within_a_minute(|_| {
        let (dropped, contexts) = channel();
        for bridge in [Bridge::per_thread(), Bridge::builder().build()] {
            let mut numbers = iter(WaitsOnDrop(dropped.clone())).on(&bridge);
            assert_eq!(numbers.next(), Some(1));
            drop(numbers);
            assert_eq!(contexts.recv().unwrap(), Context::Blocking);
            assert_eq!(context(), Context::Sync);
        }
    });
}

#[test]
fn a_stream_that_was_never_polled_takes_no_runtime() {
    let bridge = Bridge::builder().build();
    drop(iter(ticks(1)).on(&bridge));
    assert_eq!(bridge.stats().calls_on_own_runtime, 0);
}

#[test]
fn a_stream_that_a_thread_local_holds_ends_with_its_thread() {
    type Numbers = Iter<Pin<Box<dyn Stream<Item = u32>>>>;

    /// Reports that the stream is dropped.
    struct Told(Sender<u32>);

    impl Drop for Told {
        fn drop(&mut self) {
            self.0.send(7).unwrap();
        }
    }

    thread_local! {
        static NUMBERS: std::cell::RefCell<Option<Numbers>> = const { std::cell::RefCell::new(None) };
    }

    within_a_minute(|stage| {
        for call_first in [false, true] {
            stage.at(format!("a call before the thread-local is set up: {call_first}"));
            let (sender, dropped) = channel();
            thread::spawn(move || {
                if call_first {
                    block_on(async {});
                }
                let told = Told(sender);
                NUMBERS.with_borrow_mut(|numbers| {
                    let stream: Pin<Box<dyn Stream<Item = u32>>> =
                        Box::pin(ticks(3).map(move |number| {
                            let _told = &told;
                            number
                        }));
                    assert_eq!(numbers.insert(iter(stream)).next(), Some(1));
                });
            })
            .join()
            .unwrap();
            assert_eq!(dropped.recv().unwrap(), 7);
        }
    });
}

#[test]
fn a_bridge_that_is_shut_down_hands_nothing_out_and_the_stream_lives_on() {
    within_a_minute(|_| {
        let bridge = Bridge::builder().build();
        let mut numbers = iter(ticks(2)).on(&bridge);
        assert_eq!(numbers.next(), Some(1));
        assert!(bridge.shutdown(Duration::from_secs(9)).calls_ended);
        let error = numbers.try_next().unwrap_err();
        assert_eq!(error.kind(), WaitErrorKind::Shutdown);
        assert!(iter(numbers.into_inner()).eq([2]));
    });
}

/// Keeps only the first waker that it gets for an item, and has another thread wake it.
struct FirstWakerOnly {
    left: u32,
    waker: Arc<Mutex<Option<Waker>>>,
    is_waiting: bool,
    polls: u32,
}

impl Stream for FirstWakerOnly {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<u32>> {
        self.polls += 1;
        if !self.is_waiting {
            self.is_waiting = true;
            *self.waker.lock().unwrap() = Some(cx.waker().clone());
            let waker = Arc::clone(&self.waker);
            let pause = Duration::from_micros(u64::from(self.left * 37 % 300));
            thread::spawn(move || {
                thread::sleep(pause);
                waker.lock().unwrap().take().unwrap().wake();
            });
            return Poll::Pending;
        }
        if self.waker.lock().unwrap().is_some() {
            return Poll::Pending;
        }
        self.is_waiting = false;
        self.left -= 1;
        Poll::Ready((self.left > 0).then_some(self.left))
    }
}

#[test]
fn a_stream_that_keeps_its_first_waker_only_is_woken_for_each_item() {
    within_a_minute(|_| {
        let waker = Arc::default();
        let stream = FirstWakerOnly { left: 500, waker, is_waiting: false, polls: 0 };
        assert_eq!(iter(stream).count(), 499);
    });
}

#[test]
fn a_panic_of_the_stream_reaches_the_caller_and_the_thread_stays_usable() {
    within_a_minute(|_| {
        let stream = tokio_stream::iter(1..=3).then(async |number| {
            tokio::task::yield_now().await;
            if number == 2 {
                panic_any("a panic that the test wants");
            }
            number
        });
        let mut numbers = iter(stream);
        assert_eq!(numbers.next(), Some(1));
        let payload = catch_unwind(AssertUnwindSafe(|| numbers.next())).unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"a panic that the test wants"));
        drop(numbers);
        assert_eq!(context(), Context::Sync);
        assert!(iter(ticks(2)).eq(1..=2));
    });
}

#[test]
fn it_runs_through_the_bridge_that_it_is_given() {
    within_a_minute(|_| {
        let runtime = multi_thread();
        let bridges = [
            Bridge::builder().build(),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::builder().shared_threads(1).build(),
            #[cfg(feature = "rt-multi-thread")]
            Bridge::shared(),
            Bridge::from_handle(runtime.handle().clone()),
        ];
        for bridge in bridges {
            let ids = tokio_stream::once(()).then(async |()| Handle::current().id());
            let id = bridge.block_on(async { Handle::current().id() });
            assert!(iter(ids).on(&bridge).eq([id]));
        }
    });
}

/// Serves an echo on each connection, one after another, in sync code that knows of no reactor.
#[test]
fn a_listener_is_an_iterator_over_connections() {
    fn serve(connections: Iter<TcpListenerStream>, last: u8) {
        for socket in connections {
            let mut socket = socket.unwrap();
            let byte = block_on(async {
                let byte = socket.read_u8().await?;
                socket.write_u8(byte).await?;
                std::io::Result::Ok(byte)
            });
            if byte.unwrap() == last {
                return;
            }
        }
    }

    within_a_minute(|stage| {
        let listener = block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(|| serve(iter(TcpListenerStream::new(listener)), 9));
        for byte in 0..10 {
            stage.at(format!("connection {byte}"));
            let mut client = StdTcpStream::connect(address).unwrap();
            client.write_all(&[byte]).unwrap();
            let mut answer = [0xff];
            client.read_exact(&mut answer).unwrap();
            assert_eq!(answer, [byte]);
        }
        server.join().unwrap();
    });
}

#[test]
fn tasks_feed_it_while_the_thread_waits_and_while_it_does_not() {
    within_a_minute(|stage| {
        let (sender, receiver) = tokio::sync::mpsc::channel(2);
        block_on(async {
            tokio::spawn(async move {
                for number in 0..1_000 {
                    sender.send(number).await.unwrap();
                }
            });
        });
        let mut expected = 0;
        for number in iter(ReceiverStream::new(receiver)) {
            stage.at(format!("item {number}"));
            assert_eq!(number, expected);
            expected += 1;
            if number % 250 == 0 {
                thread::sleep(Duration::from_millis(30));
            }
        }
        assert_eq!(expected, 1_000);
    });
}

#[test]
fn many_threads_take_from_one_stream_in_turn() {
    within_a_minute(|_| {
        let numbers = Mutex::new(iter(ticks(200)));
        let taken = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    loop {
                        let Some(number) = numbers.lock().unwrap().next() else { return };
                        taken.lock().unwrap().push(number);
                    }
                });
            }
        });
        let mut taken = taken.into_inner().unwrap();
        taken.sort_unstable();
        assert!(taken.into_iter().eq(1..=200));
    });
}

#[test]
fn an_endless_stream_that_is_always_ready_lets_tasks_run() {
    within_a_minute(|stage| {
        let (done, is_done) = channel();
        block_on(async {
            tokio::spawn(async move {
                sleep(Duration::from_millis(5)).await;
                done.send(()).unwrap();
            });
        });
        stage.at("the task");
        let endless = iter(tokio_stream::iter(0_u64..));
        assert!(endless.take_while(|_| is_done.try_recv().is_err()).count() > 0);
    });
}
