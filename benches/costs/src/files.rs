//! The files of the library that one call enters: those that a reader opens to follow it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::table::Row;
use crate::{Profile, instructions, target};

pub(crate) fn rows() -> Vec<Row> {
    // Nothing is inlined in a debug build.
    let program = Profile::Debug.build("calls");
    [("wait, ready", 8), ("wait, parks", 12)]
        .map(|(kind, most)| {
            let files = entered(&program, kind);
            println!("files, {kind}: {}", Vec::from_iter(files.clone()).join(", "));
            Row::new(format!("files, {kind}"), files.len() as u64, "").at_most(most)
        })
        .into()
}

/// The files whose functions run in a call, without their folder and their ending.
fn entered(program: &Path, kind: &str) -> BTreeSet<String> {
    let profile = target().join("callgrind.out");
    instructions::run(program, kind, 1, &profile);
    let annotated = Command::new("callgrind_annotate")
        .args(["--threshold=100", "--auto=no"])
        .arg(&profile)
        .output()
        .expect("valgrind is installed");
    let annotated = String::from_utf8(annotated.stdout).expect("callgrind writes text");
    annotated.lines().filter_map(file).collect()
}

/// The file that a line like `12 (0.1%)  src/call.rs:smartasync::call::Call<F>::wait` names, if it is one of ours.
fn file(line: &str) -> Option<String> {
    let (file, function) = line.split_once(".rs:")?;
    let file = file.split_whitespace().last()?.strip_prefix("src/")?;
    // Callgrind names `lib.rs`, which has no functions, for what it cannot place.
    (function.contains("smartasync::") && file != "lib").then(|| file.to_owned())
}
