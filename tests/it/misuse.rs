//! Misuse gets an error that hands the call back, and never hangs.

use std::error::Error;
use std::sync::Arc;

use smartasync::{WaitErrorKind, block_on, smartasync};

use crate::support::{multi_thread, within_a_minute};

#[smartasync]
async fn takes(token: Arc<()>) -> Arc<()> {
    tokio::task::yield_now().await;
    token
}

#[test]
fn a_refused_call_is_handed_back_unstarted_with_its_arguments() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            let token = Arc::new(());
            let error = takes(Arc::clone(&token)).try_wait().unwrap_err();
            assert_eq!(error.kind(), WaitErrorKind::AsyncContext);
            assert_eq!(error.name(), "takes");
            assert!(!error.has_begun());
            assert!(error.source().is_none());
            assert_eq!(Arc::strong_count(&token), 2, "the arguments were dropped");
            let call = error.into_call().unwrap();
            assert_eq!(call.name(), "takes");
            assert!(Arc::ptr_eq(&token, &call.await));
        });
    });
}

#[test]
fn a_refused_call_can_be_refused_again_and_moved_to_where_it_runs() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            let call = takes(Arc::new(()));
            let call = call.try_wait().unwrap_err().into_call().unwrap();
            let call = call.try_wait().unwrap_err().into_call().unwrap();
            tokio::task::spawn_blocking(move || call.wait()).await.unwrap();
        });
    });
}

#[test]
fn the_error_names_the_function_the_call_site_and_the_way_out() {
    within_a_minute(|_| {
        multi_thread().block_on(async {
            let line = line!() + 1;
            let error = takes(Arc::new(())).try_wait().unwrap_err();
            let message = error.to_string();
            assert!(message.contains("`takes`"), "{message}");
            assert!(message.contains(&format!("{}:{line}:", file!())), "{message}");
            assert!(message.contains("`.await`"), "{message}");
            assert_eq!(format!("{error:?}"), message);
            assert!(format!("{error:#?}").contains("AsyncContext"), "{error:#?}");
        });
    });
}

#[test]
#[should_panic(expected = "cannot wait for `smartasync::block_on` at tests/it/misuse.rs")]
fn block_on_in_async_code_panics() {
    within_a_minute(|_| multi_thread().block_on(async { block_on(async {}) }));
}

#[test]
fn the_bare_future_knows_nothing_of_the_crate() {
    within_a_minute(|_| {
        let token = Arc::new(());
        let future = takes(Arc::clone(&token)).into_inner();
        assert!(Arc::ptr_eq(&token, &pollster::block_on(future)));
    });
}
