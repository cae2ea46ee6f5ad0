//! A refused wait panics at the caller. These tests have a process of their own, because they set the panic hook.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use smartasync::smartasync;

#[smartasync]
async fn answer() -> u32 {
    42
}

struct Client;

#[smartasync(blocking)]
impl Client {
    pub(crate) async fn answer(&self) -> u32 {
        42
    }
}

#[test]
fn a_refused_wait_panics_with_the_error_and_at_the_caller() {
    let (line, panicked) = (line!(), panics_in_async_code(|| answer().wait()));
    panicked.is_the_error_at(line);
}

#[test]
fn a_blocking_twin_panics_at_its_caller() {
    let twin = BlockingClient::from(Client);
    let (line, panicked) = (line!(), panics_in_async_code(|| twin.answer()));
    panicked.is_the_error_at(line);
}

struct Panicked {
    message: String,
    place: (String, u32),
}

fn panics_in_async_code(wait: impl Fn() -> u32) -> Panicked {
    // There is one hook in the process, and tests run at the same time.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock();
    let seen = Arc::new(Mutex::new(None));
    let hook = Arc::clone(&seen);
    std::panic::set_hook(Box::new(move |info| {
        *hook.lock().unwrap() =
            info.location().map(|place| (place.file().to_owned(), place.line()));
    }));
    let result = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(async { catch_unwind(AssertUnwindSafe(wait)) });
    drop(std::panic::take_hook());
    let payload = result.unwrap_err();
    let message = payload.downcast_ref::<String>().expect("a formatted message").clone();
    let place = seen.lock().unwrap().take().expect("a panic has a place");
    Panicked { message, place }
}

impl Panicked {
    fn is_the_error_at(&self, line: u32) {
        for part in ["`answer`", file!(), "`.await`", "spawn_blocking"] {
            assert!(self.message.contains(part), "{part} is not in: {}", self.message);
        }
        assert!(self.message.contains(&format!(":{line}:")), "{}", self.message);
        assert_eq!(self.place, (file!().to_owned(), line));
    }
}
