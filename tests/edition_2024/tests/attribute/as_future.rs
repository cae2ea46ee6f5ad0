//! A call where people use the future of an `async fn`: the same lines work for both.

use std::future::Future;
use std::mem::{size_of, size_of_val};
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use futures::future::{FutureExt, TryFutureExt, join_all, try_join_all};
use futures::stream::{self, FuturesUnordered, StreamExt};
use smartasync::smartasync;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::timeout;
use tower::ServiceExt;

use crate::support::{multi_thread, within_a_minute};

#[smartasync]
async fn function(number: u32) -> u32 {
    tokio::task::yield_now().await;
    number + 1
}

#[smartasync(boxed)]
async fn boxed(number: u32) -> u32 {
    tokio::task::yield_now().await;
    number + 1
}

#[smartasync]
async fn generic<N: Into<u32> + Send>(number: N) -> u32 {
    tokio::task::yield_now().await;
    number.into() + 1
}

#[smartasync]
trait Adds {
    async fn add(&self, number: u32) -> u32;
}

#[derive(Clone, Copy)]
struct One;

#[smartasync]
impl Adds for One {
    async fn add(&self, number: u32) -> u32 {
        tokio::task::yield_now().await;
        number + 1
    }
}

fn in_trait(number: u32) -> impl Future<Output = u32> + Send {
    static ONE: One = One;
    Adds::add(&ONE, number)
}

#[smartasync(boxed)]
trait AddsBoxed: Sync {
    async fn add(&self, number: u32) -> u32;
}

#[smartasync(boxed)]
impl AddsBoxed for One {
    async fn add(&self, number: u32) -> u32 {
        tokio::task::yield_now().await;
        number + 1
    }
}

fn in_object(number: u32) -> impl Future<Output = u32> + Send {
    static ONE: &dyn AddsBoxed = &One;
    ONE.add(number)
}

/// What is decorated here has to pass all uses, like the plain function.
async fn plain(number: u32) -> u32 {
    tokio::task::yield_now().await;
    number + 1
}

async fn call_it(f: impl AsyncFn(u32) -> u32) -> u32 {
    f(1).await
}

async fn call_it_once<F: Future<Output = u32>>(f: impl FnOnce(u32) -> F) -> u32 {
    f(1).await
}

macro_rules! uses {
    ($($module:ident: $f:expr;)*) => {$(
        mod $module {
            use super::*;

            fn returned() -> impl Future<Output = u32> + Send {
                $f(1)
            }

            fn returned_boxed() -> Pin<Box<dyn Future<Output = u32> + Send>> {
                Box::pin($f(1))
            }

            fn run<T: Send>(test: impl Future<Output = T> + Send) -> T {
                within_a_minute(|_| multi_thread().block_on(test))
            }

            #[test]
            fn awaited() {
                assert_eq!(run(async { $f(1).await }), 2);
            }

            #[test]
            fn root_of_block_on() {
                assert_eq!(run($f(1)), 2);
            }

            #[test]
            fn spawned() {
                assert_eq!(run(async { tokio::spawn($f(1)).await.unwrap() }), 2);
            }

            #[test]
            fn in_a_join_set() {
                assert_eq!(run(async {
                    let mut set = JoinSet::new();
                    set.spawn($f(1));
                    set.spawn($f(1));
                    set.join_all().await
                }), [2, 2]);
            }

            #[test]
            fn joined() {
                assert_eq!(run(async { futures::join!($f(1), $f(2)) }), (2, 3));
                assert_eq!(run(async { tokio::join!($f(1), $f(2)) }), (2, 3));
            }

            #[test]
            fn join_all_of_many() {
                assert_eq!(run(join_all((1..4).map($f))), [2, 3, 4]);
            }

            #[test]
            fn buffered() {
                let numbers = || stream::iter(1..4).map($f);
                assert_eq!(run(numbers().buffered(2).collect::<Vec<_>>()), [2, 3, 4]);
                assert_eq!(run(numbers().buffer_unordered(2).count()), 3);
            }

            #[test]
            fn then() {
                assert_eq!(run(stream::iter(1..4).then($f).collect::<Vec<_>>()), [2, 3, 4]);
            }

            #[test]
            fn unordered() {
                assert_eq!(run((1..4).map($f).collect::<FuturesUnordered<_>>().count()), 3);
            }

            #[test]
            fn mapped() {
                assert_eq!(run($f(1).map(|n| n * 10)), 20);
                let tried = $f(1).map(Ok::<u32, ()>).and_then(|n| async move { Ok(n + 1) });
                assert_eq!(run(tried), Ok(3));
                assert_eq!(run(try_join_all([$f(1).map(Ok::<u32, ()>)])), Ok(vec![2]));
            }

            #[test]
            fn boxed_by_the_caller() {
                assert_eq!(run(returned_boxed()), 2);
                assert_eq!(run($f(1).boxed()), 2);
            }

            #[test]
            fn returned_as_a_future() {
                assert_eq!(run(returned()), 2);
            }

            #[test]
            fn selected_by_reference() {
                assert_eq!(run(async {
                    let mut call = pin!($f(1));
                    loop {
                        tokio::select! {
                            number = &mut call => break number,
                            () = tokio::task::yield_now() => {}
                        }
                    }
                }), 2);
            }

            #[test]
            fn within_a_timeout() {
                assert_eq!(run(async { timeout(Duration::from_secs(30), $f(1)).await.unwrap() }), 2);
            }

            #[test]
            fn as_an_async_closure() {
                assert_eq!(run(async { call_it($f).await }), 2);
            }

            #[test]
            fn as_a_function_that_returns_a_future() {
                assert_eq!(run(call_it_once($f)), 2);
            }

            #[test]
            fn shared() {
                assert_eq!(run(async {
                    let call = $f(1).shared();
                    futures::join!(call.clone(), call)
                }), (2, 2));
            }
        }
    )*};
}

uses! {
    of_a_plain_function: plain;
    of_a_function: function;
    of_a_boxed_one: boxed;
    of_a_generic_one: generic::<u32>;
    of_a_trait: in_trait;
    of_a_trait_object: in_object;
}

#[smartasync]
async fn handler() -> String {
    format!("handled {}", function(1).await)
}

#[test]
fn as_an_axum_handler() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            let app = Router::new().route("/", get(handler));
            let request = Request::get("/").body(Body::empty()).unwrap();
            let response = app.oneshot(request).await.unwrap();
            let body = axum::body::to_bytes(response.into_body(), 100).await.unwrap();
            assert_eq!(body, "handled 2");
        });
    });
}

#[smartasync(?Send)]
trait Local {
    async fn add(&self, number: std::rc::Rc<u32>) -> u32;
}

#[smartasync(?Send)]
impl Local for One {
    async fn add(&self, number: std::rc::Rc<u32>) -> u32 {
        tokio::task::yield_now().await;
        *number + 1
    }
}

#[test]
fn what_stays_on_its_thread() {
    within_a_minute(|_| {
        let call = |number| {
            static ONE: One = One;
            Local::add(&ONE, std::rc::Rc::new(number))
        };
        let tasks = LocalSet::new();
        let test = async {
            assert_eq!(tokio::task::spawn_local(call(1)).await.unwrap(), 2);
            assert_eq!(futures::join!(call(1), call(2)), (2, 3));
            let mut set = JoinSet::new();
            set.spawn_local(call(1));
            assert_eq!(set.join_all().await, [2]);
            assert_eq!(stream::iter(1..4).then(call).collect::<Vec<_>>().await, [2, 3, 4]);
            let boxed: Pin<Box<dyn Future<Output = u32>>> = Box::pin(call(1));
            assert_eq!(boxed.await, 2);
        };
        multi_thread().block_on(tasks.run_until(test));
    });
}

#[test]
fn a_call_is_at_most_two_words_larger_than_the_plain_future() {
    let two_words = 2 * size_of::<usize>();
    let sizes =
        |call: usize, plain: usize| assert!(call <= plain + two_words, "{call} for {plain}");
    sizes(size_of_val(&function(1)), size_of_val(&plain(1)));
    sizes(size_of_val(&generic(1u32)), size_of_val(&plain(1)));
    sizes(size_of_val(&boxed(1)), size_of::<Pin<Box<dyn Future<Output = u32> + Send>>>());
}
