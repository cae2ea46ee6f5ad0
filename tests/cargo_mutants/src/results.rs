//! The outcome of each mutant, in a file that a stopped run leaves behind.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;

use crate::folder;
use crate::hunt::Verdict;

#[derive(Debug)]
pub(crate) struct Results {
    /// By the name of the mutant.
    pub(crate) verdicts: HashMap<String, Verdict>,
    file: File,
}

impl Results {
    /// Goes on with those of the last run, or begins new ones.
    pub(crate) fn open(goes_on: bool) -> Results {
        let path = folder().join("results.json");
        let before = fs::read_to_string(&path).unwrap_or_default();
        let before = before.lines().filter(|_| goes_on);
        let before = before.filter_map(|line| serde_json::from_str::<Verdict>(line).ok());
        let verdicts = before.map(|verdict| (verdict.mutant.clone(), verdict)).collect();
        let mut options = OpenOptions::new();
        options.create(true).write(true).append(goes_on).truncate(!goes_on);
        Results { verdicts, file: options.open(path).expect("the results can be written") }
    }

    pub(crate) fn add(&mut self, verdict: Verdict) {
        let line = serde_json::to_string(&verdict).expect("a verdict is JSON");
        writeln!(self.file, "{line}").expect("the results can be written");
        self.verdicts.insert(verdict.mutant.clone(), verdict);
    }
}
