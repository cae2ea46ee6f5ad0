//! With the feature `tracing` each sync wait is a span. These tests have a process of their own, because they set
//! the subscriber.

#![cfg(feature = "tracing")]

mod support;

use std::collections::HashMap;
use std::fmt::Debug;
use std::future::pending;
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use smartasync::{Bridge, Call, smartasync};
use support::{current_thread, multi_thread, within_a_minute};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Span, Subscriber, info_span};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

/// What is recorded of a span.
#[derive(Clone, Debug, Default)]
struct Recorded {
    fields: HashMap<&'static str, String>,
    parent: Option<&'static str>,
    times_entered: usize,
    is_closed: bool,
}

/// The spans of waits so far, by id. An id may be used again once its span is closed, so closed spans are moved.
#[derive(Debug, Default)]
struct Waits {
    open: HashMap<Id, Recorded>,
    closed: Vec<Recorded>,
}

static WAITS: LazyLock<Mutex<Waits>> = LazyLock::new(|| {
    tracing::subscriber::set_global_default(Registry::default().with(RecordsWaits)).unwrap();
    Mutex::default()
});

struct RecordsWaits;

/// Does not create the subscriber, as `WAITS.lock()` would: it is being set while this is created.
fn waits() -> MutexGuard<'static, Waits> {
    WAITS.lock().unwrap()
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for RecordsWaits {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().name() == "wait" {
            let mut recorded = Recorded::default();
            attributes.record(&mut recorded);
            recorded.parent = context.span(id).unwrap().parent().map(|parent| parent.name());
            waits().open.insert(id.clone(), recorded);
        }
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        if let Some(recorded) = waits().open.get_mut(id) {
            recorded.times_entered += 1;
        }
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let mut waits = waits();
        if let Some(recorded) = waits.open.remove(&id) {
            waits.closed.push(Recorded { is_closed: true, ..recorded });
        }
    }
}

impl Visit for Recorded {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}").trim_matches('"').to_owned());
    }
}

/// Returns the spans of the waits for `name`. Each test has a function of its own.
fn spans_of(name: &str) -> Vec<Recorded> {
    let waits = waits();
    let all = waits.closed.iter().chain(waits.open.values());
    all.filter(|recorded| recorded.fields["name"] == name).cloned().collect()
}

fn only_span_of(name: &str) -> Recorded {
    let spans = spans_of(name);
    assert_eq!(spans.len(), 1, "{spans:?}");
    spans[0].clone()
}

/// Runs `test` with the subscriber in place.
fn recorded<T: Send>(test: impl FnOnce() -> T + Send) -> T {
    drop(waits());
    within_a_minute(|_| test())
}

fn current_name() -> Option<&'static str> {
    Span::current().metadata().map(|metadata| metadata.name())
}

#[smartasync]
async fn suspends(name: &'static str) {
    assert_eq!(current_name(), Some("wait"), "{name}, at its first poll");
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert_eq!(current_name(), Some("wait"), "{name}, when it goes on");
}

#[test]
fn the_span_is_the_callers_child_and_current_in_every_poll() {
    #[smartasync]
    async fn child() {
        suspends("child").await;
    }

    recorded(|| {
        let caller = info_span!("caller").entered();
        child().wait();
        assert_eq!(current_name(), Some("caller"));
        drop(caller);
    });
    let span = only_span_of("child");
    assert_eq!(span.parent, Some("caller"));
    assert!(span.times_entered >= 2 && span.is_closed, "{span:?}");
    assert!(span.fields["caller"].starts_with("tests/wait_span.rs:"), "{span:?}");
}

#[test]
fn the_span_tells_how_the_call_was_run() {
    #[smartasync]
    async fn tells(_kind: &str) {
        suspends("tells").await;
    }

    /// Returns the path and the runtime of the wait that has ended last.
    fn way(call: Call<impl Future<Output = ()>>) -> (String, String) {
        call.wait();
        let last = spans_of("tells").pop().unwrap();
        (last.fields["path"].clone(), last.fields["runtime"].clone())
    }

    recorded(|| {
        let is = |path: &str, runtime: &str| (path.to_owned(), runtime.to_owned());
        assert_eq!(way(tells("")), is("sync", "per thread"));
        assert_eq!(way(tells("").on(&Bridge::builder().build())), is("sync", "private"));
        #[cfg(feature = "rt-multi-thread")]
        assert_eq!(way(tells("").on(&Bridge::shared())), is("sync", "shared"));
        let runtime = multi_thread();
        let handle = Bridge::from_handle(runtime.handle().clone());
        assert_eq!(way(tells("").on(&handle)), is("sync", "handle"));
        for (runtime, whose) in [(runtime, "current"), (current_thread(), "per thread")] {
            let job = runtime.spawn_blocking(|| way(tells("")));
            assert_eq!(runtime.block_on(job).unwrap(), is("blocking", whose));
        }
        let undriven = current_thread();
        let _entered = undriven.enter();
        assert_eq!(way(tells("")), is("blocking", "per thread"));
    });
}

#[test]
fn a_wait_inside_a_wait_is_its_child() {
    #[smartasync]
    async fn inner() {
        suspends("inner").await;
    }

    #[smartasync]
    async fn outer() {
        tokio::task::block_in_place(|| inner().wait());
    }

    recorded(|| outer().on(&Bridge::builder().build()).wait());
    assert_eq!(only_span_of("inner").parent, Some("wait"));
    assert_eq!(only_span_of("outer").parent, None);
}

#[test]
fn what_is_dropped_at_a_deadline_is_dropped_in_the_span_and_the_span_is_closed() {
    struct IsDroppedInSpan;

    impl Drop for IsDroppedInSpan {
        fn drop(&mut self) {
            assert_eq!(current_name(), Some("wait"));
        }
    }

    #[smartasync]
    async fn times_out() {
        let _dropped = IsDroppedInSpan;
        pending().await
    }

    recorded(|| {
        let result: Result<(), _> = times_out().wait_timeout(Duration::from_millis(5));
        assert!(result.is_err());
    });
    assert!(only_span_of("times_out").is_closed);
}

#[test]
fn a_refused_call_is_no_wait() {
    #[smartasync]
    async fn refused() {}

    recorded(|| {
        current_thread().block_on(async {
            refused().try_wait().unwrap_err().into_call().unwrap().await;
        });
    });
    assert!(spans_of("refused").is_empty());
}
