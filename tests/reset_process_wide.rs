//! Resets of the process-wide bridge. They have a process of their own: every thread is meant.

mod support;

use std::thread;

use smartasync::{Bridge, block_on, reset};
use tokio::runtime::{Handle, Id};

use support::within_a_minute;

fn id() -> Id {
    block_on(async { Handle::current().id() })
}

#[test]
fn no_thread_uses_what_it_had_before_a_reset() {
    within_a_minute(|_| {
        let before = id();
        thread::scope(|scope| {
            scope.spawn(|| Bridge::per_thread().reset()).join().unwrap();
        });
        let after = id();
        assert_ne!(before, after);
        assert_eq!(after, id(), "what is made after a reset is kept");

        for forget in [reset, || Bridge::per_thread().reset()] {
            let during = block_on(async {
                let during = Handle::current().id();
                forget();
                during
            });
            assert_ne!(during, id(), "a call brought back what was reset while it ran");
        }
    });
}
