//! A refused wait panics at the caller. It has a process of its own: it sets the panic hook.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use smartasync::smartasync;

#[smartasync]
async fn answer() -> u32 {
    42
}

#[test]
fn a_refused_wait_panics_with_the_error_and_at_the_caller() {
    let seen = Arc::new(Mutex::new(None));
    let hook = Arc::clone(&seen);
    std::panic::set_hook(Box::new(move |info| {
        let location = info.location().map(|place| (place.file().to_owned(), place.line()));
        *hook.lock().unwrap() = location;
    }));
    let line = line!() + 3;
    let panicked = tokio::runtime::Runtime::new().unwrap().block_on(async {
        catch_unwind(AssertUnwindSafe(|| {
            answer().wait();
        }))
    });
    drop(std::panic::take_hook());

    let payload = panicked.unwrap_err();
    let message = payload.downcast_ref::<String>().expect("a formatted message");
    for part in ["`answer`", file!(), "`.await`", "spawn_blocking"] {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    assert!(message.contains(&format!(":{line}:")), "{message}");
    assert_eq!(*seen.lock().unwrap(), Some((file!().to_owned(), line)));
}
