//! Runs the mutants of cargo-mutants from a single build, which contains all that compile: with a build for each,
//! they take days. Only the tests that reach a mutant run with it, the cheapest first.
//!
//! ```text
//! cargo run -p smartasync-cargo-mutants                 all mutants of src/
//! cargo run -p smartasync-cargo-mutants -- --macros     all mutants of macros/src/
//! cargo run -p smartasync-cargo-mutants -- --resume     goes on where the last run was stopped
//! cargo run -p smartasync-cargo-mutants -- --missed     also tries those again that were not caught
//! cargo run -p smartasync-cargo-mutants -- WORD...      those with one of the words in their name
//! ```
//!
//! With `--macros`, `--tests=WORD,..` takes only the tests with one of these words in their name: those that are new.
//!
//! `MUTANT=17 target/cargo-mutants/build/debug/deps/it-... NAME` is one test with one mutant. Needs Unix.

mod build;
mod copy;
mod hunt;
mod list;
mod macros;
mod process;
mod report;
mod results;
mod rewrite;
mod tests;

use std::collections::VecDeque;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use build::{Build, Plan};
use hunt::{Hunt, Outcome, Verdict};
use list::Mutant;
use results::Results;

const PACKAGE: &str = "smartasync";

/// Packages whose tests reach what those of the crate itself do not.
const TESTS: &[&str] = &["smartasync-edition-2024"];

/// More than there are cores: most tests sleep most of the time, and so does a mutant that hangs.
const JOBS: usize = 5;

/// The root of the workspace.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the workspace is there")
}

/// Whether an option was given.
fn has(option: &str) -> bool {
    std::env::args().skip(1).any(|word| word == option)
}

/// What a run leaves behind.
fn folder() -> PathBuf {
    let name = if has("--macros") { "cargo-mutants-macros" } else { "cargo-mutants" };
    root().join("target").join(name)
}

/// Runs `work` for each of `items`, with so many at a time, and with the number of the worker.
fn for_each<T: Send>(
    jobs: usize,
    items: impl IntoIterator<Item = T>,
    work: impl Fn(usize, T) + Sync,
) {
    let queue: Mutex<VecDeque<T>> = Mutex::new(items.into_iter().collect());
    let (queue, work) = (&queue, &work);
    thread::scope(|scope| {
        for worker in 0..jobs {
            scope.spawn(move || {
                while let Some(item) = { queue.lock().expect("no worker panics").pop_front() } {
                    work(worker, item);
                }
            });
        }
    });
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn main() -> ExitCode {
    let (options, words): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let tests = options.iter().find_map(|option| option.strip_prefix("--tests="));
    let is_known = |option: &&String| {
        ["--macros", "--resume", "--missed"].contains(&option.as_str())
            || has("--macros") && option.starts_with("--tests=")
    };
    if let Some(unknown) = options.iter().find(|option| !is_known(option)) {
        eprintln!("there is no option {unknown}");
        return ExitCode::FAILURE;
    }
    fs::create_dir_all(folder()).expect("the target can be written");
    if has("--macros") {
        let mutants = macros::mutants();
        let (build, hunt) = macros::prepare(&mutants, tests.unwrap_or_default());
        let attempt = |number, log: &Path| hunt.run(number, &mutants[number], log);
        return run_all(&mutants, &build, &words, macros::JOBS, attempt);
    }
    let mutants = list::read(PACKAGE);
    let (build, binaries) = build::run(&plan(), &mutants);
    let tests = tests::record(&binaries);
    let hunt = Hunt { binaries: &binaries, tests: &tests, caught: Mutex::default() };
    let attempt = |number, log: &Path| hunt.run(number, &mutants[number], log);
    run_all(&mutants, &build, &words, JOBS, attempt)
}

/// The build of the tests of `src/`.
fn plan() -> Plan {
    let mut build = vec!["test", "--no-run", "--lib", "--tests", "--package", PACKAGE];
    TESTS.iter().for_each(|test| build.extend(["--package", test]));
    let switch = include_str!("../switch.rs");
    Plan { package: PACKAGE, build, environment: vec![], switch, hook: str::to_owned }
}

/// Runs those of the mutants that have no result yet.
fn run_all(
    mutants: &[Mutant],
    build: &Build,
    words: &[String],
    jobs: usize,
    attempt: impl Fn(usize, &Path) -> Verdict + Sync,
) -> ExitCode {
    report::print_build(mutants, build);
    let mut results = Results::open(has("--resume") || has("--missed"));
    if has("--missed") {
        results.verdicts.retain(|_, verdict| verdict.outcome != Outcome::Missed);
    }
    let is_chosen = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let chosen = build.viable.iter().filter(|number| is_chosen(&mutants[**number].name));
    let chosen: Vec<_> = chosen.copied().collect();
    let has_result = |number: &usize| results.verdicts.contains_key(&mutants[*number].name);
    let mut open: Vec<_> = chosen.iter().copied().filter(|number| !has_result(number)).collect();
    // In no order, so that a part of the results stands for all.
    open.sort_by_cached_key(|number| hash(&mutants[*number].name));
    println!("{} mutants, {} of them have no result yet", chosen.len(), open.len());

    let results = Mutex::new(results);
    for_each(jobs, open, |worker, number| {
        let verdict = attempt(number, &folder().join(format!("log-{worker}")));
        if verdict.outcome == Outcome::Missed {
            println!("missed, {} tests reach it: {}", verdict.tests, verdict.mutant);
        }
        results.lock().expect("no worker panics").add(verdict);
    });
    let results = results.into_inner().expect("no worker panics");
    report::print(chosen.into_iter().filter_map(|number| {
        Some((mutants[number].file.as_str(), results.verdicts.get(&mutants[number].name)?))
    }))
}
