//! A refused item panics at the caller, and the message names the place where the iterator was made. This test has
//! a process of its own, because it sets the panic hook.

#![cfg(feature = "stream")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use smartasync::{Iter, iter};

type Empty = tokio_stream::Empty<u32>;

#[test]
fn a_refused_item_panics_at_the_caller_and_names_where_the_iterator_was_made() {
    let seen = Arc::new(Mutex::new(None));
    let hook = Arc::clone(&seen);
    std::panic::set_hook(Box::new(move |info| {
        let location = info.location().map(|place| (place.file().to_owned(), place.line()));
        *hook.lock().unwrap() = location;
    }));
    let made = line!() + 1;
    let make = || iter(tokio_stream::empty());
    let refused = |run: fn(Iter<Empty>)| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let payload =
            runtime.block_on(async { catch_unwind(AssertUnwindSafe(|| run(make()))) }).unwrap_err();
        let message = payload.downcast_ref::<String>().expect("a formatted message");
        let place = format!("{}:{made}:", file!());
        for part in ["`smartasync::iter`", &place, "`.await`", "spawn_blocking"] {
            assert!(message.contains(part), "{part} is not in: {message}");
        }
        seen.lock().unwrap().take().unwrap()
    };

    let direct = refused(|mut numbers| assert_eq!(numbers.next(), None));
    assert_eq!(direct, (file!().to_owned(), line!() - 1));
    let looped = refused(|numbers| for _ in numbers {});
    assert_eq!(looped, (file!().to_owned(), line!() - 1));
    let (adapter, _) = refused(|numbers| assert_eq!(numbers.map(|number| number + 1).next(), None));
    assert_ne!(adapter, file!(), "the documentation says that it is the standard library's");
    drop(std::panic::take_hook());
}
