//! The `Debug` of each type names the type, and what of it a person would look for.

use std::future::ready;
use std::time::Duration;

use smartasync::{Bridge, PerThread, enter, offload, race, smartasync};

use crate::support::{current_thread, multi_thread, within_a_minute};

#[smartasync]
async fn answer() -> u32 {
    42
}

#[test]
fn calls_show_their_name() {
    assert_eq!(format!("{:?}", answer()), r#"Call { name: "answer", .. }"#);
    let limited = answer().within(Duration::from_secs(1));
    assert_eq!(format!("{limited:?}"), r#"LimitedCall { call: Call { name: "answer", .. }, .. }"#);
}

#[test]
fn an_outcome_shows_whether_it_is_ready() {
    within_a_minute(|_| {
        assert_eq!(format!("{:?}", answer().dispatch()), "Ready(..)");
        let outcome = current_thread().block_on(async { answer().dispatch() });
        assert_eq!(format!("{outcome:?}"), "Pending(..)");
        assert_eq!(format!("{:?}", outcome.into_future()), "OutcomeFuture { .. }");
    });
}

#[test]
fn a_bridge_shows_what_it_runs_calls_on() {
    let private = format!("{:?}", Bridge::builder().name("mail").build());
    assert!(private.starts_with(r#"Bridge { backend: private, name: Some("mail")"#), "{private}");
    let per_thread = format!("{:?}", Bridge::per_thread());
    assert!(per_thread.starts_with("Bridge { backend: per thread, "), "{per_thread}");
    let runtime = current_thread();
    let handle = format!("{:?}", Bridge::builder().handle(runtime.handle().clone()).build());
    assert!(handle.starts_with("Bridge { backend: handle, "), "{handle}");
    let builder = format!("{:?}", Bridge::builder().warn_after(Duration::from_secs(7)));
    assert!(builder.starts_with("BridgeBuilder {"), "{builder}");
    assert!(builder.contains("warn_after: Some(7s)"), "{builder}");
}

#[test]
fn what_holds_user_values_shows_its_type() {
    assert_eq!(format!("{:?}", race(ready(1), ready(2)).into_inner()), "Race { .. }");
    assert_eq!(format!("{:?}", offload(|| 1)), "Offload { .. }");
    assert_eq!(format!("{:?}", offload(|| 1).into_future()), "OffloadFuture { .. }");
    assert_eq!(format!("{:?}", PerThread::new(|| 1)), "PerThread { .. }");
    within_a_minute(|_| {
        assert_eq!(format!("{:?}", enter()), "EnterGuard { has_entered: true }");
        let in_a_task = multi_thread().block_on(async { format!("{:?}", enter()) });
        assert_eq!(in_a_task, "EnterGuard { has_entered: false }");
    });
}

#[cfg(feature = "concurrent")]
#[test]
fn a_scope_shows_its_calls() {
    use smartasync::{buffered, scope};

    let calls = buffered([ready(1), ready(2)], 8);
    assert_eq!(format!("{calls:?}"), "Answers { begun: 0, limit: 8, .. }");
    within_a_minute(|_| {
        scope(|s| {
            assert_eq!(format!("{s:?}"), "Scope { .. }");
            let call = s.spawn(answer());
            let shown = format!("{call:?}");
            assert!(shown.starts_with("ScopedJoinHandle { name: "), "{shown}");
            assert!(shown.contains("is_finished: true"), "{shown}");
            let (end, ended) = tokio::sync::oneshot::channel::<()>();
            let call = s.spawn(ended);
            assert!(format!("{call:?}").contains("is_finished: false"), "{call:?}");
            end.send(()).unwrap();
        });
    });
}

#[cfg(feature = "stream")]
#[test]
fn an_iterator_shows_whether_it_has_ended() {
    within_a_minute(|_| {
        let mut items = smartasync::iter(tokio_stream::once(1));
        assert_eq!(format!("{items:?}"), "Iter { has_ended: false, .. }");
        assert_eq!(items.by_ref().count(), 1);
        assert_eq!(format!("{items:?}"), "Iter { has_ended: true, .. }");
    });
}

#[cfg(feature = "io")]
#[test]
fn io_objects_show_what_they_hold() {
    use smartasync::io::{AsyncIo, SyncIo};

    assert_eq!(format!("{:?}", SyncIo::new(7)), "SyncIo(7)");
    assert!(format!("{:?}", AsyncIo::new(7)).starts_with("AsyncIo { max_buf_size: "));
}
