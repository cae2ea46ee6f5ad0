//! A runtime for a thread beyond the limit: one that others use.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::runtime::LocalRuntime;
use crate::runtime::set::Runtimes;

/// How long a driver may leave a task waiting. A driver that takes longer is held up by a task that blocks, and a
/// thread that shared its runtime would hang.
const ANSWER: Duration = Duration::from_millis(10);

/// How long a thread sleeps between two looks for an answer.
const PAUSE: Duration = Duration::from_micros(100);

pub(crate) enum Shared {
    Runtime(Arc<LocalRuntime>),
    /// There are runtimes, and none of their drivers answers.
    AllStuck,
    /// No runtime has an owner for a moment: each is on its way to the pool, to its end or to its owner.
    Nobody,
}

impl Runtimes {
    /// Finds the runtime with the fewest owners whose driver answers. It gets a driver thread, since neither of
    /// two owners can tell when the other one drives.
    pub(crate) fn share(&self) -> Shared {
        let candidates = self.candidates();
        if candidates.is_empty() {
            return Shared::Nobody;
        }
        // Only a runtime that has a driver can answer.
        let with_tasks = candidates.iter().filter(|runtime| runtime.runtime.has_tasks());
        with_tasks.for_each(|runtime| self.request_driver(runtime));
        let found = first_to_answer(&candidates);
        found.iter().for_each(|runtime| self.request_driver(runtime));
        for runtime in &candidates {
            if !found.as_ref().is_some_and(|found| Arc::ptr_eq(found, runtime)) {
                self.give_back(runtime, true);
            }
        }
        found.map_or(Shared::AllStuck, Shared::Runtime)
    }

    /// Makes the caller an owner of all runtimes that can be shared, those with the fewest owners first.
    fn candidates(&self) -> Vec<Arc<LocalRuntime>> {
        let open = self.open().into_iter();
        let is_shareable = |runtime: &Arc<LocalRuntime>| {
            runtime.state.is_of(&self.generation) && runtime.state.add_owner()
        };
        let mut candidates: Vec<_> = open.filter(is_shareable).collect();
        candidates.extend(self.take_unused());
        // Cached: the counts may change during the sort, and a sort that notices this panics.
        candidates.sort_by_cached_key(|runtime| runtime.state.owners());
        candidates
    }
}

/// Returns the first runtime without tasks, since nothing can hold up its driver, or else the first whose driver
/// answers.
fn first_to_answer(candidates: &[Arc<LocalRuntime>]) -> Option<Arc<LocalRuntime>> {
    let start = Instant::now();
    loop {
        if let Some(found) = candidates.iter().find(|runtime| runtime.answers(start)) {
            return Some(Arc::clone(found));
        }
        if start.elapsed() >= ANSWER {
            return None;
        }
        thread::sleep(PAUSE);
    }
}
