//! Looks for a crate of tests that does not compile, or fails, with a mutant.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use super::unit::{Kind, Unit, With};
use crate::hunt::{Outcome, Verdict, confirm};
use crate::list::Mutant;
use crate::process::Ended;

#[derive(Debug)]
pub(crate) struct Hunt {
    /// The cheapest is first.
    pub(crate) units: Vec<Unit>,
    /// How many mutants of a file each unit has caught: it is likely to catch the next one too.
    pub(crate) caught: Mutex<BTreeMap<(String, usize), u32>>,
}

impl Hunt {
    pub(crate) fn run(&self, number: usize, mutant: &Mutant, log: &Path) -> Verdict {
        let units = 0..self.units.len();
        let mut units: Vec<_> =
            units.filter(|unit| self.units[*unit].changed.contains(&number)).collect();
        let caught = self.caught.lock().expect("no worker panics").clone();
        // What it costs to catch one, as far as is known.
        let price = |unit: &usize| {
            let count = caught.get(&(mutant.file.clone(), *unit)).copied().unwrap_or_default();
            self.units[*unit].check * 10 / (10 * count + 1)
        };
        units.sort_by_cached_key(price);
        let found =
            units.iter().find_map(|unit| Some((*unit, self.check(*unit, number, log)?))).or_else(
                || units.iter().find_map(|unit| Some((*unit, self.test(*unit, number, log)?))),
            );
        if let Some((unit, _)) = found {
            let mut caught = self.caught.lock().expect("no worker panics");
            *caught.entry((mutant.file.clone(), unit)).or_default() += 1;
        }
        Verdict {
            mutant: mutant.name.clone(),
            outcome: found.map_or(Outcome::Missed, |(_, outcome)| outcome),
            by: found.map(|(unit, _)| self.units[unit].name.clone()),
            tests: units.len(),
        }
    }

    fn check(&self, unit: usize, number: usize, log: &Path) -> Option<Outcome> {
        match self.units[unit].check(With::Mutant(number), log).0 {
            Some(true) => None,
            Some(false) => Some(Outcome::Caught),
            None => Some(Outcome::TimedOut),
        }
    }

    fn test(&self, unit: usize, number: usize, log: &Path) -> Option<Outcome> {
        let unit = &self.units[unit];
        if !matches!(unit.kind, Kind::Tests { .. }) {
            return None;
        }
        let limit = unit.run * 5 + Duration::from_secs(10);
        let run = |with| unit.test(with, limit, log).0;
        if run(With::Mutant(number)) == Ended::Passed {
            return None;
        }
        confirm(|| run(With::Mutant(number)), || run(With::Nothing))
    }
}
