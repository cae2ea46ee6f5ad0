//! Statics that are initialised with a call, and that a task may be the first to touch.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, OnceLock};

use smartasync::smartasync;
use tokio::sync::OnceCell;

use crate::support::{multi_thread, within_a_minute};

#[smartasync]
async fn load() -> u32 {
    tokio::task::yield_now().await;
    42
}

fn message(payload: &dyn Any) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref().copied()).expect("a panic with a message")
}

/// Calls `touch` in a task, and returns its output or the message of its panic.
fn in_a_task(touch: fn() -> u32) -> Result<u32, String> {
    let runtime = multi_thread();
    let touched = runtime.block_on(runtime.spawn(async move { touch() }));
    touched.map_err(|error| message(&*error.into_panic()).to_owned())
}

#[test]
fn a_lazy_lock_that_a_task_touches_first_stays_poisoned() {
    static LOADED: LazyLock<u32> = LazyLock::new(|| load().wait());

    within_a_minute(|_| {
        let refused = in_a_task(|| *LOADED).unwrap_err();
        assert!(refused.contains("cannot wait for `load`"), "{refused}");
        // A plain thread may wait, but the initialiser does not run again.
        let poisoned = catch_unwind(AssertUnwindSafe(|| *LOADED)).unwrap_err();
        assert!(message(&*poisoned).contains("poisoned"), "{}", message(&*poisoned));
    });
}

#[test]
fn a_once_lock_that_a_task_touches_first_is_initialised_by_a_later_thread() {
    static LOADED: OnceLock<u32> = OnceLock::new();

    fn loaded() -> u32 {
        *LOADED.get_or_init(|| load().wait())
    }

    within_a_minute(|_| {
        let refused = in_a_task(loaded).unwrap_err();
        assert!(refused.contains("cannot wait for `load`"), "{refused}");
        assert_eq!(loaded(), 42);
        assert_eq!(in_a_task(loaded), Ok(42), "it is there, and nothing waits");
    });
}

#[smartasync]
async fn loaded(cell: &OnceCell<u32>) -> u32 {
    *cell.get_or_init(|| load().into_future()).await
}

#[test]
fn a_once_cell_behind_a_decorated_function_is_initialised_from_either_side() {
    within_a_minute(|_| {
        let task_first = OnceCell::new();
        assert_eq!(multi_thread().block_on(async { loaded(&task_first).await }), 42);
        assert_eq!(loaded(&task_first).wait(), 42);

        let thread_first = OnceCell::new();
        assert_eq!(loaded(&thread_first).wait(), 42);
        assert_eq!(multi_thread().block_on(async { loaded(&thread_first).await }), 42);
    });
}
