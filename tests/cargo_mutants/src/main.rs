//! Runs the mutants of cargo-mutants from a single build, which contains all that compile: with a build for each,
//! they take days. Only the tests that reach a mutant run with it, the cheapest first.
//!
//! ```text
//! cargo run -p smartasync-cargo-mutants                 all mutants of src/
//! cargo run -p smartasync-cargo-mutants -- --resume     goes on where the last run was stopped
//! cargo run -p smartasync-cargo-mutants -- --missed     also tries those again that were not caught
//! cargo run -p smartasync-cargo-mutants -- WORD...      those with one of the words in their name
//! ```
//!
//! `MUTANT=17 target/cargo-mutants/build/debug/deps/it-... NAME` is one test with one mutant. Needs Unix.

mod build;
mod copy;
mod hunt;
mod list;
mod process;
mod report;
mod rewrite;
mod tests;

use std::collections::{HashMap, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use hunt::{Hunt, Outcome, Verdict};

/// Packages whose tests reach what those of the crate itself do not.
const TESTS: &[&str] = &["smartasync-edition-2024"];

/// Tests need some real speed.
const JOBS: usize = 2;

/// The root of the workspace.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the workspace is there")
}

/// What a run leaves behind.
fn folder() -> PathBuf {
    root().join("target/cargo-mutants")
}

/// Runs `work` for each of `items`, in so many threads.
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

fn main() -> ExitCode {
    let (options, words): (Vec<_>, Vec<_>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    if let Some(unknown) =
        options.iter().find(|option| !["--resume", "--missed"].contains(&option.as_str()))
    {
        eprintln!("there is no option {unknown}");
        return ExitCode::FAILURE;
    }
    fs::create_dir_all(folder()).expect("the target can be written");
    let mutants = list::read("smartasync");
    let (build, binaries) = build::run("smartasync", TESTS, &mutants);
    report::print_build(&mutants, &build);

    let (reached, results) = (folder().join("reached.json"), folder().join("results.json"));
    let numbers: Vec<_> =
        build.viable.iter().map(|number| (*number, &mutants[*number].name)).collect();
    let numbers = serde_json::to_value(&numbers).expect("names are JSON");
    let known = fs::read(&reached).ok().filter(|_| !options.is_empty());
    let known: Option<(serde_json::Value, Vec<tests::Test>)> =
        known.and_then(|text| serde_json::from_slice(&text).ok());
    let known =
        known.filter(|(before, _)| *before == numbers).map_or_else(Vec::new, |(_, tests)| tests);
    let tests = tests::record(&binaries, known, JOBS);
    let record = serde_json::to_vec(&(&numbers, &tests)).expect("a record is JSON");
    fs::write(reached, record).expect("the record can be written");

    let mut verdicts: HashMap<String, Verdict> = HashMap::new();
    if !options.is_empty() {
        let lines = fs::read_to_string(&results).unwrap_or_default();
        let lines = lines.lines().filter_map(|line| serde_json::from_str::<Verdict>(line).ok());
        verdicts.extend(lines.map(|verdict| (verdict.mutant.clone(), verdict)));
    } else {
        fs::write(&results, []).expect("the results can be written");
    }
    if options.iter().any(|option| option == "--missed") {
        verdicts.retain(|_, verdict| verdict.outcome != Outcome::Missed);
    }
    let is_chosen = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word));
    let chosen: Vec<_> =
        build.viable.iter().copied().filter(|number| is_chosen(&mutants[*number].name)).collect();
    let open: Vec<_> = chosen
        .iter()
        .copied()
        .filter(|number| !verdicts.contains_key(&mutants[*number].name))
        .collect();
    println!("{} mutants, {} of them have no result yet", chosen.len(), open.len());

    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&results)
        .expect("the results can be written");
    let verdicts = Mutex::new((verdicts, file));
    let hunt = Hunt { binaries: &binaries, tests: &tests, caught: Mutex::default() };
    for_each(JOBS, open, |worker, number| {
        let verdict = hunt.run(number, &mutants[number], &folder().join(format!("log-{worker}")));
        if verdict.outcome == Outcome::Missed {
            println!("missed, {} tests: {}", verdict.tests, verdict.mutant);
        }
        let (all, file) = &mut *verdicts.lock().expect("no worker panics");
        let line = serde_json::to_string(&verdict).expect("a verdict is JSON");
        writeln!(file, "{line}").expect("the results can be written");
        all.insert(verdict.mutant.clone(), verdict);
    });
    let (verdicts, _) = verdicts.into_inner().expect("no worker panics");
    let chosen: Vec<_> = chosen
        .iter()
        .filter_map(|number| Some((&mutants[*number], verdicts.get(&mutants[*number].name)?)))
        .collect();
    report::print(&chosen)
}
