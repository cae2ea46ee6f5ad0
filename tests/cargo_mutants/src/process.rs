//! Runs tests in a process, with a mutant or without, and with a time limit.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::build::Binary;

/// What a mutant may take: one that allocates for ever must not end the machine.
const KIBIBYTES: u32 = 16 << 20;

/// The number of the signal `SIGXCPU`.
const XCPU: i32 = 24;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Passed,
    /// These tests failed, or the process did, if there is none.
    Failed(Vec<String>),
    TimedOut,
}

/// What is observed in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode<'a> {
    Plain,
    With(usize),
    Recording(&'a Path),
}

/// Returns the names of the tests in a binary. One without a harness is a test itself, and has none.
pub(crate) fn names(binary: &Binary) -> Vec<Option<String>> {
    let listed = command(binary, &["--list".to_owned()]).stderr(Stdio::null()).output();
    let listed = listed.expect("a test can be run");
    let text = String::from_utf8_lossy(&listed.stdout);
    if !listed.status.success() || !text.contains(" benchmarks") {
        return vec![None];
    }
    text.lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(|name| Some(name.to_owned()))
        .collect()
}

/// A command that may take up to so much memory, and so many seconds of the CPU.
pub(crate) fn limited(program: impl AsRef<OsStr>, kibibytes: u32, seconds: Option<u64>) -> Command {
    let seconds = seconds.map_or("unlimited".to_owned(), |seconds| seconds.to_string());
    let script = format!("ulimit -v {kibibytes}; ulimit -S -t {seconds}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(program);
    command
}

fn command(binary: &Binary, arguments: &[String]) -> Command {
    let mut command = limited(&binary.path, KIBIBYTES, None);
    command.args(arguments);
    command
        .current_dir(&binary.folder)
        .env("CARGO_MANIFEST_DIR", &binary.folder)
        .stdin(Stdio::null());
    command.env_remove("MUTANT").env_remove("MUTANTS_REACHED");
    command
}

/// Runs these tests of a binary. Returns how they ended, and the time that they took.
pub(crate) fn run(
    binary: &Binary,
    tests: &[Option<String>],
    mode: Mode<'_>,
    limit: Duration,
    log: &Path,
) -> (Ended, Duration) {
    let mut arguments: Vec<_> = tests.iter().flatten().cloned().collect();
    if !arguments.is_empty() {
        arguments.extend(["--exact", "--test-threads", "4"].map(str::to_owned));
    }
    let mut command = command(binary, &arguments);
    match mode {
        Mode::Plain => {}
        Mode::With(number) => drop(command.env("MUTANT", number.to_string())),
        Mode::Recording(file) => drop(command.env("MUTANTS_REACHED", file)),
    }
    let (succeeds, time) = watch(command, limit, log);
    let ended = match succeeds {
        None => Ended::TimedOut,
        Some(true) => Ended::Passed,
        Some(false) => {
            let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
            let failed = text
                .lines()
                .filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED"));
            Ended::Failed(
                failed.map(|name| name.trim_end_matches(" - should panic").to_owned()).collect(),
            )
        }
    };
    (ended, time)
}

/// Runs a command, and ends its whole process group. Returns whether it succeeded, unless its time was over.
pub(crate) fn watch(mut command: Command, limit: Duration, log: &Path) -> (Option<bool>, Duration) {
    let output = File::create(log).expect("the log can be written");
    command.stderr(output.try_clone().expect("the log has two writers")).stdout(output);
    wait(command.process_group(0).spawn().expect("a command can be run"), limit)
}

/// Waits for a process, and ends its whole group. Returns whether it succeeded, unless its time was over. Does not
/// count what the machine, or this process, stood still.
fn wait(mut child: Child, limit: Duration) -> (Option<bool>, Duration) {
    let (mut time, mut last) = (Duration::ZERO, Instant::now());
    let succeeds = loop {
        if let Some(status) = child.try_wait().expect("a child can be awaited") {
            // It has used up its time of the CPU.
            break (status.signal() != Some(XCPU)).then(|| status.success());
        }
        time += last.elapsed().min(Duration::from_millis(100));
        last = Instant::now();
        if time > limit {
            break None;
        }
        thread::sleep(Duration::from_millis(2));
    };
    let group = format!("-{}", child.id());
    let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    let _ = child.wait();
    (succeeds, time)
}
