//! Reports calls that wait too long.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::site::Site;
use crate::sync::ignore_poison;

/// A call that has waited longer than [`BridgeBuilder::warn_after`](crate::BridgeBuilder::warn_after)
/// says.
#[derive(Clone, Copy, Debug)]
pub struct SlowCall {
    site: Site,
    waited: Duration,
}

impl SlowCall {
    /// Returns the name of the function that was called.
    pub fn name(&self) -> &'static str {
        self.site.name
    }

    /// Returns where it was called.
    pub fn caller(&self) -> &'static Location<'static> {
        self.site.caller
    }

    /// Returns how long it has waited so far.
    pub fn waited(&self) -> Duration {
        self.waited
    }
}

impl fmt::Display for SlowCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SlowCall { site: Site { name, caller }, waited } = self;
        write!(f, "`{name}` at {caller} has waited for {waited:?}")
    }
}

/// What is done with a slow call.
pub(super) type Report = Arc<dyn Fn(&SlowCall) + Send + Sync>;

/// The default report.
pub(super) fn log(call: &SlowCall) {
    #[cfg(feature = "tracing")]
    tracing::warn!(name = call.name(), caller = %call.caller(), waited = ?call.waited(), "slow call");
    #[cfg(not(feature = "tracing"))]
    eprintln!("smartasync: {call}");
}

/// The calls of a bridge that wait, and the thread that looks at the clock for them: started with the
/// first call, asleep until the first of them is slow.
pub(super) struct Watchdog {
    thread_name: String,
    watch: Arc<Watch>,
}

struct Watch {
    made_in: Process,
    limit: Duration,
    report: Report,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// By the time at which each began, and a number that tells apart those of one time.
    waiting: BTreeMap<(Instant, u64), Site>,
    next_number: u64,
    has_thread: bool,
    is_over: bool,
}

impl Watchdog {
    /// Watches a bridge called `name`.
    pub(super) fn new(name: &str, limit: Duration, report: Report) -> Watchdog {
        Watchdog::on_thread(format!("{name}/watchdog"), limit, report)
    }

    fn on_thread(thread_name: String, limit: Duration, report: Report) -> Watchdog {
        let (made_in, state, changed) = (Process::current(), Mutex::default(), Condvar::new());
        Watchdog { thread_name, watch: Arc::new(Watch { made_in, limit, report, state, changed }) }
    }

    /// The same, watching nothing.
    pub(super) fn renewed(&self) -> Watchdog {
        let (limit, report) = (self.watch.limit, Arc::clone(&self.watch.report));
        Watchdog::on_thread(self.thread_name.clone(), limit, report)
    }

    /// Watches a call until what is returned is dropped.
    pub(super) fn watch(&self, site: Site) -> Watched<'_> {
        let mut state = self.watch.state();
        if !state.has_thread {
            state.has_thread = self.start();
        }
        state.next_number += 1;
        let key = (Instant::now(), state.next_number);
        // They get slow in the order in which they began: only the first is waited for.
        if state.waiting.is_empty() {
            self.watch.changed.notify_one();
        }
        state.waiting.insert(key, site);
        Watched { watch: &self.watch, key }
    }

    /// Returns false where no thread can be started: the next call tries again.
    fn start(&self) -> bool {
        let watch = Arc::clone(&self.watch);
        let builder = thread::Builder::new().name(self.thread_name.clone());
        builder.spawn(move || watch.run()).is_ok()
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if self.watch.made_in.is_current() {
            self.watch.state().is_over = true;
            self.watch.changed.notify_one();
        }
    }
}

impl Watch {
    fn run(&self) {
        let mut state = self.state();
        while !state.is_over {
            let Some((&key, &site)) = state.waiting.first_key_value() else {
                state = ignore_poison(self.changed.wait(state));
                continue;
            };
            let waited = key.0.elapsed();
            if waited < self.limit {
                let left = self.limit - waited;
                (state, _) = ignore_poison(self.changed.wait_timeout(state, left));
                continue;
            }
            state.waiting.remove(&key);
            drop(state);
            self.tell(SlowCall { site, waited });
            state = self.state();
        }
    }

    /// A report that panics ends neither the watch nor the call.
    fn tell(&self, call: SlowCall) {
        let _ = catch_unwind(AssertUnwindSafe(|| (self.report)(&call)));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        ignore_poison(self.state.lock())
    }
}

/// A call that is watched.
pub(super) struct Watched<'a> {
    watch: &'a Watch,
    key: (Instant, u64),
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        // The lock that a forked child has inherited may never be released.
        if !self.watch.made_in.is_current() {
            return;
        }
        let unreported = self.watch.state().waiting.remove(&self.key);
        let waited = self.key.0.elapsed();
        // The thread of the watch may have been late, or may not have been there.
        if let Some(site) = unreported.filter(|_| waited >= self.watch.limit) {
            self.watch.tell(SlowCall { site, waited });
        }
    }
}
