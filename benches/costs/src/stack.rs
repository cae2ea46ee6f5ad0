//! Measures the stack that a wait for a future of 64 KiB needs.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::Profile;
use crate::table::Row;

/// The accuracy of the measurement, in KiB.
const RESOLUTION: u64 = 2;
const MOST: u64 = 8 * 1024;

pub(crate) fn rows(profile: Profile) -> Vec<Row> {
    let program = profile.build("stack");
    let needed = |kind: &str| least(&program, kind);
    let at_most = if profile == Profile::Release { 1.25 } else { 1.5 };
    let tokio = needed("runtime");
    let name = |what: &str| format!("stack, {}, {what}", profile.name());
    let row = |kind: &str| Row::new(name(kind), needed(kind), "KiB").beside(tokio, at_most);
    let mut rows = vec![Row::new(name("Runtime::block_on"), tokio, "KiB")];
    rows.extend(["wait", "wait_timeout", "block_on", "shared"].map(row));
    rows
}

/// Finds the smallest stack, in KiB, with which the program survives.
fn least(program: &Path, kind: &str) -> u64 {
    let (mut too_little, mut enough) = (8, MOST);
    while enough - too_little > RESOLUTION {
        let middle = u64::midpoint(too_little, enough);
        if lives(program, kind, middle) { enough = middle } else { too_little = middle }
    }
    assert!(enough < MOST, "{kind} lives with {MOST} KiB");
    enough
}

fn lives(program: &Path, kind: &str, size: u64) -> bool {
    let bytes = (size * 1024).to_string();
    let run = Command::new(program).args([kind, &bytes]).stderr(Stdio::null()).status();
    run.expect("the program can be run").success()
}
