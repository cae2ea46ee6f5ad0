//! The tests, and which mutants each of them reaches.

use std::collections::BTreeSet;
use std::fs;
use std::slice;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::build::Binary;
use crate::process::{Ended, Mode, names, run};
use crate::{folder, for_each};

/// Without a mutant.
const LIMIT: Duration = Duration::from_secs(300);

/// A test that passes without a mutant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Test {
    pub(crate) binary: String,
    pub(crate) name: Option<String>,
    pub(crate) time: Duration,
    pub(crate) reaches: BTreeSet<usize>,
}

impl Test {
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.binary, self.name.as_deref().unwrap_or_default())
    }
}

/// Runs each test once, but for those that are `known` from an earlier run.
pub(crate) fn record(binaries: &[Binary], known: Vec<Test>, jobs: usize) -> Vec<Test> {
    let all = binaries
        .iter()
        .flat_map(|binary| names(binary).into_iter().map(move |name| (binary, name)));
    let all: Vec<_> = all.collect();
    let (mut tests, mut new) = (Vec::new(), Vec::new());
    for (binary, name) in all {
        match known.iter().find(|test| test.binary == binary.name && test.name == name) {
            Some(test) => tests.push(test.clone()),
            None => new.push((binary, name)),
        }
    }
    println!("{} tests, {} of them new", tests.len() + new.len(), new.len());
    let tests = Mutex::new(tests);
    for_each(jobs, new, |worker, (binary, name)| {
        let (file, log) =
            (folder().join(format!("reached-{worker}")), folder().join(format!("log-{worker}")));
        fs::write(&file, []).expect("the record can be written");
        let (ended, time) =
            run(binary, slice::from_ref(&name), Mode::Recording(&file), LIMIT, &log);
        let bytes = fs::read(&file).expect("the record can be read");
        let reaches = (0..bytes.len()).filter(|number| bytes[*number] != 0).collect();
        let test = Test { binary: binary.name.clone(), name, time, reaches };
        if ended == Ended::Passed {
            tests.lock().expect("no worker panics").push(test);
        } else {
            println!("left out, as it fails without a mutant: {} ({ended:?})", test.title());
        }
    });
    tests.into_inner().expect("no worker panics")
}
