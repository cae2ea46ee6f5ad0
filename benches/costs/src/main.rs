//! Measures what a wait costs: code, stack, instructions, and the files that a reader opens to follow it. Nothing is timed
//! unless it is asked for, so CI can rely on the figures.
//!
//! ```text
//! cargo run --release -p smartasync-costs             compares with benches/costs/table.txt
//! cargo run --release -p smartasync-costs -- --update updates that table
//! cargo run --release -p smartasync-costs -- --times  measures how long the compiler takes for one more wait, writes
//!                                                     benches/costs/times.txt, and how long for a crate that calls a twin
//! ```
//!
//! It fails if a figure exceeds its limit or differs from the table. So a change that costs something also changes
//! the table.

mod code;
mod files;
mod instructions;
mod stack;
mod table;
#[path = "../../turns/mod.rs"]
mod turns;
mod twin;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use table::{Row, TABLE, TIMES, Table};

/// How the measured programs are built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Profile {
    Debug,
    Release,
}

impl Profile {
    const ALL: [Profile; 2] = [Profile::Release, Profile::Debug];

    fn name(self) -> &'static str {
        match self {
            Profile::Debug => "debug",
            Profile::Release => "release",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Profile::Debug => &[],
            Profile::Release => &["--release"],
        }
    }

    /// Builds a program of this package, and returns its path.
    fn build(self, program: &str) -> PathBuf {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", env!("CARGO_PKG_NAME"), "--bin", program])
            .args(self.arguments())
            .current_dir(root())
            .status();
        assert!(built.expect("cargo can be run").success(), "{program} builds");
        target().join(self.name()).join(program)
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

fn main() -> ExitCode {
    let has_argument = |name| std::env::args().any(|argument| argument == name);
    if has_argument("--times") {
        let times = Table::new(Profile::ALL.into_iter().flat_map(code::times).collect());
        println!("{times}");
        times.write(TIMES);
        Profile::ALL.into_iter().for_each(twin::time_rebuilds);
        return ExitCode::SUCCESS;
    }
    let mut rows: Vec<Row> = Vec::new();
    for profile in Profile::ALL {
        rows.extend(code::rows(profile));
        rows.extend(stack::rows(profile));
        rows.extend(twin::rows(profile));
    }
    rows.extend(instructions::rows());
    rows.extend(files::rows());
    let table = Table::new(rows);
    println!("{table}");
    if has_argument("--update") {
        table.write(TABLE);
        return ExitCode::SUCCESS;
    }
    let complaints = table.complaints();
    complaints.iter().for_each(|complaint| eprintln!("{complaint}"));
    if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
