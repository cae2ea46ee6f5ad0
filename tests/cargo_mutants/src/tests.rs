//! The tests, and which mutants each of them reaches.

use std::collections::BTreeSet;
use std::fs;
use std::slice;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::build::Binary;
use crate::process::{Ended, Mode, names, run};
use crate::{JOBS, folder, for_each};

/// It compiles all examples first, and reaches only what others reach too.
const LEFT_OUT: &str = "ctrl_c";

/// Without a mutant.
const LIMIT: Duration = Duration::from_secs(300);

/// A test that passes without a mutant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Test {
    pub(crate) binary: String,
    pub(crate) name: Option<String>,
    pub(crate) time: Duration,
    pub(crate) reaches: BTreeSet<usize>,
    /// When its binary was built.
    built: SystemTime,
}

impl Test {
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.binary, self.name.as_deref().unwrap_or_default())
    }
}

fn built(binary: &Binary) -> SystemTime {
    let metadata = fs::metadata(&binary.path).expect("the binary is there");
    metadata.modified().expect("a file has a time")
}

/// Runs each test once, but for those of a binary that is still the one of an earlier run.
pub(crate) fn record(binaries: &[Binary]) -> Vec<Test> {
    let path = folder().join("reached.json");
    let known = fs::read(&path).ok();
    let known = known.and_then(|text| serde_json::from_slice::<Vec<Test>>(&text).ok());
    let known = known.unwrap_or_default();
    let all = binaries
        .iter()
        .filter(|binary| binary.name != LEFT_OUT)
        .flat_map(|binary| names(binary).into_iter().map(move |name| (binary, name)));
    let all: Vec<_> = all.collect();
    let (mut tests, mut new) = (Vec::new(), Vec::new());
    for (binary, name) in all {
        let is_it = |test: &&Test| {
            test.binary == binary.name && test.name == name && test.built == built(binary)
        };
        match known.iter().find(is_it) {
            Some(test) => tests.push(test.clone()),
            None => new.push((binary, name)),
        }
    }
    println!("{} tests, {} of them new", tests.len() + new.len(), new.len());
    let tests = Mutex::new(tests);
    for_each(JOBS, new, |worker, (binary, name)| {
        let (file, log) =
            (folder().join(format!("reached-{worker}")), folder().join(format!("log-{worker}")));
        fs::write(&file, []).expect("the record can be written");
        let (ended, time) =
            run(binary, slice::from_ref(&name), Mode::Recording(&file), LIMIT, &log);
        let bytes = fs::read(&file).expect("the record can be read");
        let reaches = (0..bytes.len()).filter(|number| bytes[*number] != 0).collect();
        let built = built(binary);
        let test = Test { binary: binary.name.clone(), name, time, reaches, built };
        if ended == Ended::Passed {
            tests.lock().expect("no worker panics").push(test);
        } else {
            println!("left out, as it fails without a mutant: {} ({ended:?})", test.title());
        }
    });
    let tests = tests.into_inner().expect("no worker panics");
    let record = serde_json::to_vec(&tests).expect("a record is JSON");
    fs::write(path, record).expect("the target can be written");
    tests
}
