//! Builds the models of a copy, and runs them.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::root;

/// The time limit of a model. All of them together take seconds.
const DEADLINE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passes,
    Fails,
    Hangs,
}

fn script(copy: &Path) -> Command {
    let mut script = Command::new(copy.join("tests/loom/run"));
    // Not the one of the models themselves: Cargo takes the copy for the same package, and would run the last mutant.
    script.env("LOOM_TARGET_DIR", root().join("target/mutant-loom"));
    script
}

/// Returns the full names of the models, or the reason why they cannot be built.
pub(crate) fn build(copy: &Path) -> Result<Vec<String>, String> {
    let built = script(copy).arg("--list").output().expect("tests/loom/run can be run");
    if !built.status.success() {
        return Err(String::from_utf8_lossy(&built.stderr).into_owned());
    }
    let list = String::from_utf8_lossy(&built.stdout);
    Ok(list.lines().filter_map(|line| line.strip_suffix(": test")).map(str::to_owned).collect())
}

/// Runs one model that has been built, or all of them. Their output goes to the copy's `log`.
pub(crate) fn run(copy: &Path, model: Option<&str>) -> Outcome {
    let log = File::create(copy.join("log")).expect("the log can be written");
    let mut running = script(copy)
        .arg("--exact")
        .args(model)
        .stderr(log.try_clone().expect("the log has two writers"))
        .stdout(log)
        .stdin(Stdio::null())
        .spawn()
        .expect("tests/loom/run can be run");
    let start = Instant::now();
    loop {
        if let Some(status) = running.try_wait().expect("a child can be awaited") {
            return if status.success() { Outcome::Passes } else { Outcome::Fails };
        }
        if start.elapsed() > DEADLINE {
            running.kill().expect("a child can be stopped");
            running.wait().expect("a child can be awaited");
            return Outcome::Hangs;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
