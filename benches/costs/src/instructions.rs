//! The instructions of a call, counted by callgrind.

use std::path::Path;
use std::process::Command;

use crate::table::Row;
use crate::{Profile, target};

/// The number of calls: a multiple of 2,048, as one call in 2,048 lets the driver run.
const CALLS: u64 = 10 * 2_048;

pub(crate) fn rows() -> Vec<Row> {
    let program = Profile::Release.build("calls");
    let counted = |kind: &str| count(&program, kind);
    let row = |kind: &str, figure: u64| Row::new(format!("instructions, {kind}"), figure, "");
    let default = counted("wait, ready");
    let runtime = counted("runtime, ready");
    let pending = counted("runtime, pending");
    vec![
        row("Handle::block_on, ready", counted("handle, ready")),
        row("Runtime::block_on, ready", runtime),
        row("wait, ready", default).beside(runtime, 1.0).at_most(600),
        row("wait, private bridge, ready", counted("private, ready")).beside(default, 1.3),
        row("wait, shared, ready", counted("shared, ready")).beside(default, 2.0),
        row("wait beside enter(), ready", counted("entered, ready")).beside(runtime, 1.5),
        row("wait_timeout, ready", counted("wait_timeout, ready")).beside(runtime, 1.3),
        row("Runtime::block_on, pending", pending),
        row("wait, suspends once", counted("wait, pending")).beside(pending, 1.0),
        row("wait, suspends 8 times", counted("wait, pending 8 times"))
            .beside(counted("runtime, pending 8 times"), 1.0),
    ]
}

/// Counts the instructions of one call, in the thread that makes it.
fn count(program: &Path, kind: &str) -> u64 {
    let report = run(program, kind, CALLS, &target().join("callgrind.out"));
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    let (_, instructions) = collected.expect("callgrind says what it has collected");
    instructions.trim().parse::<u64>().expect("a number") / CALLS
}

/// Makes `calls` calls under callgrind, which writes `profile`. Returns what it reports.
pub(crate) fn run(program: &Path, kind: &str, calls: u64, profile: &Path) -> String {
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg("--toggle-collect=*measured_calls*")
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(program)
        .args([kind, &calls.to_string()])
        .output()
        .expect("valgrind is installed");
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    report.into_owned()
}
