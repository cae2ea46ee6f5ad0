//! With the feature `tracing`, an offloaded function runs in the span in which its caller awaits it. These tests
//! have a process of their own, because they set the subscriber of all threads.

#![cfg(feature = "tracing")]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, Once};
use std::thread;

use futures_lite::future::poll_once;
use smartasync::{Offload, offload, smartasync};
use support::{Stage, current_thread, multi_thread, within_a_minute};
use tokio::runtime::Builder;
use tracing::span::Id;
use tracing::{Instrument, Span, Subscriber, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

#[test]
fn on_tokio_the_callers_span_is_current_on_the_blocking_thread_and_closes() {
    traced(|_| {
        for runtime in [current_thread(), multi_thread()] {
            let caller = thread::current().id();
            runtime.block_on(async {
                let span = info_span!("on Tokio");
                let seen = async { whereabouts().await }.instrument(span.clone()).await;
                assert_eq!((seen.span, seen.thread == caller), (span.id(), false));
                closes(span, "on Tokio");
            });
        }
    });
}

#[test]
fn without_a_current_runtime_the_callers_span_is_current_too() {
    traced(|_| {
        let span = info_span!("on pollster");
        let call = async { whereabouts().await }.instrument(span.clone());
        let seen = pollster::block_on(call);
        assert_eq!((seen.span, seen.thread == thread::current().id()), (span.id(), false));
        closes(span, "on pollster");
    });
}

#[test]
fn waited_for_it_runs_in_the_callers_span_too() {
    traced(|_| {
        let span = info_span!("waited for");
        let seen = span.in_scope(|| whereabouts().wait());
        assert_eq!((seen.span, seen.thread), (span.id(), thread::current().id()));
        closes(span, "waited for");
    });
}

#[test]
fn the_span_is_that_of_the_await_and_not_that_of_the_call() {
    traced(|_| {
        multi_thread().block_on(async {
            let (made, awaited) = (info_span!("made"), info_span!("awaited"));
            let call = made.in_scope(whereabouts);
            let seen = async { call.await }.instrument(awaited.clone()).await;
            assert_eq!(seen.span, awaited.id());
            closes(made, "made");
            closes(awaited, "awaited");
            assert_eq!(whereabouts().await.span, None, "no span is left on the thread");
        });
    });
}

#[test]
fn a_decorated_function_runs_in_the_span_of_the_call_that_awaits_it() {
    #[smartasync(offload)]
    fn inner(number: u32) -> (u32, Option<Id>) {
        (number, Span::current().id())
    }

    #[smartasync]
    #[tracing::instrument(name = "outer")]
    async fn outer() -> ((u32, Option<Id>), Option<Id>) {
        (inner(1).await, Span::current().id())
    }

    traced(|stage| {
        let (seen, current) = outer().wait();
        assert!(current.is_some());
        assert_eq!(seen, (1, current));
        stage.at("the end of the span");
        wait_for_end("outer");
    });
}

#[test]
fn a_panic_leaves_and_closes_the_span() {
    traced(|_| {
        let runtime = one_blocking_thread();
        let span = info_span!("panics");
        let call = async { offload(|| panic!("a panic that the test wants")).await };
        let call = call.instrument(span.clone());
        assert!(catch_unwind(AssertUnwindSafe(|| runtime.block_on(call))).is_err());
        closes(span, "panics");
        let after = runtime.block_on(async { whereabouts().await });
        assert_eq!(after.span, None, "the pool's thread has left the span");
    });
}

#[test]
fn the_span_is_open_for_as_long_as_the_function_runs() {
    traced(|stage| {
        let (begin, begun) = channel();
        let (release, released) = channel::<()>();
        let runtime = one_blocking_thread();
        let span = info_span!("outlives its caller");
        runtime.block_on(async {
            let mut call = offload(move || {
                begin.send(()).unwrap();
                released.recv().unwrap();
            })
            .into_future();
            assert!(poll_once(&mut call).instrument(span.clone()).await.is_none());
            stage.at("the function's begin");
            begun.recv().unwrap();
        });
        drop(span);
        assert!(!has_ended("outlives its caller"));
        release.send(()).unwrap();
        stage.at("the function's end");
        wait_for_end("outlives its caller");
    });
}

#[test]
fn a_call_that_never_begins_closes_the_span() {
    traced(|stage| {
        let (release, released) = channel::<()>();
        let runtime = one_blocking_thread();
        let span = info_span!("never begins");
        runtime.block_on(async {
            let busy = tokio::spawn(offload(move || released.recv()).into_future());
            tokio::task::yield_now().await;
            let mut call = whereabouts().into_future();
            assert!(poll_once(&mut call).instrument(span.clone()).await.is_none());
            drop(call);
            drop(span);
            release.send(()).unwrap();
            busy.await.unwrap().unwrap();
        });
        stage.at("the end of the span");
        wait_for_end("never begins");
    });
}

/// Where a function ran.
struct Seen {
    span: Option<Id>,
    thread: thread::ThreadId,
}

fn whereabouts() -> Offload<impl FnOnce() -> Seen + Send + 'static> {
    offload(|| Seen { span: Span::current().id(), thread: thread::current().id() })
}

fn one_blocking_thread() -> tokio::runtime::Runtime {
    Builder::new_current_thread().max_blocking_threads(1).enable_all().build().unwrap()
}

/// The names of the spans that have ended.
static ENDED: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
static END: Condvar = Condvar::new();

struct Ends;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Ends {
    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let name = context.span(&id).expect("it is still there").name();
        ENDED.lock().unwrap().push(name);
        END.notify_all();
    }
}

fn traced(test: impl FnOnce(&Stage) + Send) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(Ends);
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    within_a_minute(test);
}

/// Drops the caller's handle of the span, which is the last one: the function's handle is dropped before its
/// output arrives.
fn closes(span: Span, name: &str) {
    let before = count_of_ended(name);
    drop(span);
    assert_eq!(count_of_ended(name), before + 1, "{name}");
}

fn has_ended(name: &str) -> bool {
    count_of_ended(name) > 0
}

fn count_of_ended(name: &str) -> usize {
    ENDED.lock().unwrap().iter().filter(|ended| **ended == name).count()
}

fn wait_for_end(name: &str) {
    let mut ended = ENDED.lock().unwrap();
    while !ended.contains(&name) {
        ended = END.wait(ended).unwrap();
    }
}
