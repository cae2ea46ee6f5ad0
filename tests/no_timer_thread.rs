//! If the timer thread cannot be started, a call with a deadline is refused, and leaves no span. This test has a
//! process of its own, because it leaves no memory for new threads, and sets the subscriber.

#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::iter;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use smartasync::{WaitErrorKind, smartasync};
use support::within_a_minute;

#[smartasync]
async fn answer() -> u32 {
    tokio::task::yield_now().await;
    42
}

const MINUTE: Duration = Duration::from_secs(60);

/// Runs `f` while no thread can be started.
fn without_threads<T>(f: impl FnOnce() -> T) -> T {
    let before = getrlimit(Resource::As);
    let limit = Rlimit { current: Some(used_memory() + (16 << 20)), ..before };
    setrlimit(Resource::As, limit).unwrap();
    // These threads take the memory that is left, and the stacks of ended threads that are kept.
    let (end, ended) = channel::<()>();
    let ended = Mutex::new(ended);
    let result = thread::scope(|scope| {
        let wait = || ended.lock().unwrap().recv().unwrap_or_default();
        let spawn = || thread::Builder::new().spawn_scoped(scope, wait).ok();
        let taken = iter::from_fn(spawn).count();
        assert!(taken < 1000, "the limit does not hold");
        let result = f();
        drop(end);
        result
    });
    setrlimit(Resource::As, before).unwrap();
    result
}

/// The size of this process's address space.
fn used_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSize:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024
}

/// Counts the spans of waits.
#[cfg(feature = "tracing")]
mod spans {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tracing::Subscriber;
    use tracing::span::{Attributes, Id};
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    static COUNT: AtomicUsize = AtomicUsize::new(0);

    struct CountsSpans;

    impl<S: Subscriber> Layer<S> for CountsSpans {
        fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
            COUNT.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn subscribe() {
        tracing::subscriber::set_global_default(Registry::default().with(CountsSpans)).unwrap();
    }

    pub(super) fn take() -> usize {
        COUNT.swap(0, Ordering::Relaxed)
    }
}

#[test]
fn a_call_whose_deadline_cannot_be_told_is_handed_back_and_leaves_no_span() {
    within_a_minute(|_| {
        #[cfg(feature = "tracing")]
        spans::subscribe();
        // From now on this thread has a runtime, and the monitor runs.
        assert_eq!(answer().wait(), 42);
        #[cfg(feature = "tracing")]
        assert_eq!(spans::take(), 1);

        let error = without_threads(|| answer().within(MINUTE).try_wait().unwrap_err());
        assert_eq!(error.kind(), WaitErrorKind::Runtime);
        #[cfg(feature = "tracing")]
        assert_eq!(spans::take(), 0);

        let call = error.into_call().expect("the call was not started");
        assert_eq!(call.wait_timeout(MINUTE).unwrap(), 42, "the failure was remembered");
        #[cfg(feature = "tracing")]
        assert_eq!(spans::take(), 1);
    });
}
