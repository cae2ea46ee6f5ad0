//! Looks for a test that fails with a mutant.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::build::Binary;
use crate::list::Mutant;
use crate::process::{Ended, Mode, run};
use crate::tests::Test;

/// So many tests have a process of their own, the others share one with some of their binary.
const ALONE: usize = 12;

/// The tests that share a process take so long, without a mutant and one after the other.
const SHARED: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    Caught,
    /// A test that reaches it does not end.
    TimedOut,
    Missed,
}

/// A line of the file of results.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Verdict {
    pub(crate) mutant: String,
    pub(crate) outcome: Outcome,
    /// The test that caught it.
    pub(crate) by: Option<String>,
    /// The number of tests that reach it.
    pub(crate) tests: usize,
}

/// Returns how a mutant is caught that has been caught once. A failure counts if it happens again, and does not happen
/// without the mutant.
pub(crate) fn confirm(
    again: impl FnOnce() -> Ended,
    without: impl FnOnce() -> Ended,
) -> Option<Outcome> {
    let outcome = match again() {
        Ended::Passed => return None,
        Ended::Failed(_) => Outcome::Caught,
        Ended::TimedOut => Outcome::TimedOut,
    };
    (without() == Ended::Passed).then_some(outcome)
}

#[derive(Debug)]
pub(crate) struct Hunt<'a> {
    pub(crate) binaries: &'a [Binary],
    pub(crate) tests: &'a [Test],
    /// How many mutants of a file each test has caught: it is likely to catch the next one too.
    pub(crate) caught: Mutex<HashMap<String, HashMap<usize, usize>>>,
}

impl Hunt<'_> {
    pub(crate) fn run(&self, number: usize, mutant: &Mutant, log: &Path) -> Verdict {
        let mut reaching: Vec<_> = (0..self.tests.len())
            .filter(|test| self.tests[*test].reaches.contains(&number))
            .collect();
        let caught = self
            .caught
            .lock()
            .expect("no worker panics")
            .get(&mutant.file)
            .cloned()
            .unwrap_or_default();
        let count = |test: &usize| caught.get(test).copied().unwrap_or_default();
        reaching.sort_by_key(|test| (self.tests[*test].time, *test));
        // The best of those that caught others, then the cheapest.
        let mut best: Vec<_> = reaching.iter().copied().filter(|test| count(test) > 0).collect();
        best.sort_by_key(|test| (usize::MAX - count(test), self.tests[*test].time));
        best.truncate(ALONE / 2);
        reaching.retain(|test| !best.contains(test));
        let mut verdict = Verdict {
            mutant: mutant.name.clone(),
            outcome: Outcome::Missed,
            by: None,
            tests: reaching.len() + best.len(),
        };
        best.append(&mut reaching);
        for batch in self.batches(&best) {
            if let Some((outcome, test)) = self.try_batch(number, &batch, log) {
                *self
                    .caught
                    .lock()
                    .expect("no worker panics")
                    .entry(mutant.file.clone())
                    .or_default()
                    .entry(test)
                    .or_default() += 1;
                (verdict.outcome, verdict.by) = (outcome, Some(self.tests[test].title()));
                break;
            }
        }
        verdict
    }

    fn batches(&self, tests: &[usize]) -> Vec<Vec<usize>> {
        let (alone, rest) = tests.split_at(ALONE.min(tests.len()));
        let mut batches: Vec<_> = alone.iter().map(|test| vec![*test]).collect();
        let mut open: HashMap<&str, Vec<usize>> = HashMap::new();
        for test in rest {
            let batch = open.entry(&self.tests[*test].binary).or_default();
            batch.push(*test);
            let is_single = self.tests[*test].name.is_none();
            if is_single || self.time(batch) > SHARED {
                batches.push(std::mem::take(batch));
            }
        }
        let mut open: Vec<_> = open.into_values().filter(|batch| !batch.is_empty()).collect();
        open.sort_by_key(|batch| self.time(batch));
        batches.extend(open);
        batches
    }

    fn time(&self, batch: &[usize]) -> Duration {
        batch.iter().map(|test| self.tests[*test].time).sum()
    }

    /// Returns how the mutant was caught, and by which test.
    fn try_batch(&self, number: usize, batch: &[usize], log: &Path) -> Option<(Outcome, usize)> {
        let suspects: Vec<Vec<usize>> = match self.process(batch, Mode::With(number), 3, log) {
            Ended::Passed => return None,
            Ended::Failed(names) if !names.is_empty() => {
                let is_named = |test: &usize| {
                    self.tests[*test].name.as_ref().is_some_and(|name| names.contains(name))
                };
                batch.iter().copied().filter(is_named).take(3).map(|test| vec![test]).collect()
            }
            Ended::Failed(_) | Ended::TimedOut => vec![batch.to_vec()],
        };
        suspects.into_iter().find_map(|suspects| {
            let outcome = confirm(
                || self.process(&suspects, Mode::With(number), 10, log),
                || self.process(&suspects, Mode::Plain, 60, log),
            )?;
            Some((outcome, suspects[0]))
        })
    }

    /// Runs tests of one binary, for up to five times their time and some seconds.
    fn process(&self, batch: &[usize], mode: Mode<'_>, seconds: u64, log: &Path) -> Ended {
        let first = &self.tests[batch[0]].binary;
        let binary =
            self.binaries.iter().find(|binary| binary.name == *first).expect("a test has a binary");
        let names: Vec<_> = batch.iter().map(|test| self.tests[*test].name.clone()).collect();
        run(binary, &names, mode, self.time(batch) * 5 + Duration::from_secs(seconds), log).0
    }
}
