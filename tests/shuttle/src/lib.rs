//! The part of loom's interface that the models use, on shuttle: random schedules instead of all of them.
//!
//! Shuttle has only one order for all atomic accesses, so it finds no weak ordering. It bounds neither the preemptions
//! nor the size of a model.

use std::env;

use shuttle::sync::atomic::{AtomicBool, Ordering};
pub use shuttle::{sync, thread, thread_local};

/// Lets shuttle switch threads. Unlike a yield it takes no priority from the calling thread.
pub fn switch() {
    let _ = AtomicBool::new(false).load(Ordering::SeqCst);
}

/// Loom's futures.
pub mod future {
    use std::task::Waker;

    pub use shuttle::future::block_on;
    use shuttle::sync::Mutex;

    /// A waker that threads register and wake at the same time.
    #[derive(Debug, Default)]
    pub struct AtomicWaker(Mutex<Option<Waker>>);

    impl AtomicWaker {
        /// Without a waker.
        pub fn new() -> AtomicWaker {
            AtomicWaker::default()
        }

        /// Replaces the registered waker.
        pub fn register_by_ref(&self, waker: &Waker) {
            let earlier = self.0.lock().unwrap().replace(waker.clone());
            drop(earlier);
        }

        /// Wakes the registered waker, and forgets it.
        pub fn wake(&self) {
            if let Some(waker) = self.take_waker() {
                waker.wake();
            }
        }

        /// The registered waker, which is forgotten.
        pub fn take_waker(&self) -> Option<Waker> {
            self.0.lock().unwrap().take()
        }
    }
}

/// How many changes of priority a schedule of the second kind has.
const CHANGES: usize = 3;

/// Runs a model with `SHUTTLE_ITERATIONS` random schedules, and as many in which threads have priorities (PCT).
///
/// # Panics
///
/// When a schedule fails; shuttle prints it.
pub fn model(run: impl Fn() + Sync + Send + Clone + 'static) {
    let iterations = env::var("SHUTTLE_ITERATIONS").map_or(1_000, |number| number.parse().unwrap());
    shuttle::check_random(run.clone(), iterations);
    // Refuses a model without a choice between threads, which some are.
    let beside_another = move || {
        let yields = || (0..CHANGES).for_each(|_| thread::yield_now());
        let other = thread::spawn(yields);
        yields();
        run();
        other.join().unwrap();
    };
    shuttle::check_pct(beside_another, iterations, CHANGES);
}
