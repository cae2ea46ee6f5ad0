//! Shows that the loom models can fail. Changes one line of the source at a time, and requires that each model
//! named in that row of `mutants.toml` fails. A model that cannot fail proves nothing.
//!
//! ```text
//! cargo run -p smartasync-mutants             all mutants
//! cargo run -p smartasync-mutants -- WORD...  those with one of the words in their name
//! cargo run -p smartasync-mutants -- --check  only looks whether the table fits the source, as `cargo test` does
//! ```

mod check;
mod copy;
mod model;
mod table;
mod totals;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use copy::Copy;
use model::Outcome;
use table::Mutant;
use totals::Totals;

/// The root of the workspace.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the workspace is there")
}

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1);
    let (options, words): (Vec<_>, Vec<_>) =
        arguments.partition(|argument| argument.starts_with('-'));
    if let Some(unknown) = options.iter().find(|option| *option != "--check") {
        eprintln!("there is no option {unknown}");
        return ExitCode::FAILURE;
    }
    let table = table::read();
    let is_chosen =
        |mutant: &&Mutant| words.is_empty() || words.iter().any(|word| mutant.name.contains(word));
    let chosen: Vec<&Mutant> = table.iter().filter(is_chosen).collect();
    if chosen.is_empty() {
        eprintln!("no mutant has {} in its name", words.join(" or "));
        return ExitCode::FAILURE;
    }

    let mut totals = Totals::default();
    let mut sound = Vec::new();
    for mutant in chosen {
        totals.mutants += 1;
        if let Some(complaint) = check::complaint(mutant, &table) {
            println!("{}: {complaint}", mutant.name);
            totals.wrong_rows += 1;
        } else {
            sound.push(mutant);
        }
    }
    if options.is_empty() {
        run(&sound, &mut totals);
        println!("\n{totals}");
    } else {
        println!("{} mutants, {} wrong rows", totals.mutants, totals.wrong_rows);
    }
    if totals.are_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(mutants: &[&Mutant], totals: &mut Totals) {
    let copy = Copy::new();
    if let Err(messages) = model::build(copy.path()) {
        panic!("the models do not build, though nothing is changed:\n{messages}");
    }
    let unchanged = model::run(copy.path(), None);
    // Otherwise a mistake in the models would be taken for a mutant that is caught.
    assert_eq!(
        unchanged,
        Outcome::Passes,
        "the models, though nothing is changed: see target/mutant/log"
    );
    for mutant in mutants {
        copy.with(mutant, || run_one(mutant, copy.path(), totals));
    }
}

fn run_one(Mutant { name, models, .. }: &Mutant, copy: &Path, totals: &mut Totals) {
    let built = match model::build(copy) {
        Ok(built) => built,
        Err(messages) => {
            println!("{name}: does not build\n{messages}");
            totals.unbuilt += 1;
            return;
        }
    };
    for model in models {
        let Some(full) = built.iter().find(|full| full.ends_with(&format!("::{model}"))) else {
            println!("{name}: MISSING: there is no model {model} in what is built");
            totals.wrong_rows += 1;
            continue;
        };
        let (said, count) = match model::run(copy, Some(full)) {
            Outcome::Fails => ("caught by", &mut totals.caught),
            Outcome::Passes => ("SURVIVES", &mut totals.survivors),
            Outcome::Hangs => ("HANGS in", &mut totals.hangs),
        };
        println!("{name}: {said} {model}");
        *count += 1;
    }
}
