//! Which mutants change the expansion of the attribute, in which crates.

use std::fs;
use std::io::Write;
use std::sync::Mutex;

use super::JOBS;
use super::unit::{Kind, LIMIT, Unit, With};
use crate::process::Ended;
use crate::{folder, for_each};

/// Returns those that pass without a mutant, each with the mutants that it reaches.
pub(crate) fn run(units: Vec<Unit>) -> Vec<Unit> {
    let kept = Mutex::new(Vec::new());
    for_each(JOBS, units, |worker, mut unit| {
        let log = folder().join(format!("log-{worker}"));
        // For the first of a kind, dependencies are compiled.
        unit.check(With::Nothing, &log);
        let (checks, check) = unit.check(With::Nothing, &log);
        if checks != Some(true) {
            println!("left out, as it fails without a mutant: {}", unit.name);
            return;
        }
        let (ended, run) = unit.test(With::Nothing, LIMIT, &log);
        if ended != Ended::Passed {
            println!("left out, as its tests fail without a mutant: {} ({ended:?})", unit.name);
            return;
        }
        (unit.check, unit.run) = (check, run);
        survey(&mut unit, worker);
        println!(
            "{}: checked in {} ms, run in {} ms, reaches {} mutants, {} change it",
            unit.name,
            check.as_millis(),
            run.as_millis(),
            unit.reached.len(),
            unit.changed.len()
        );
        kept.lock().expect("no worker panics").push(unit);
    });
    let mut kept = kept.into_inner().expect("no worker panics");
    kept.sort_by_key(|unit| (unit.check, unit.name.clone()));
    kept
}

fn survey(unit: &mut Unit, worker: usize) {
    let log = folder().join(format!("log-{worker}"));
    let file = folder().join(format!("survey-{worker}"));
    let _ = fs::remove_file(&file);
    if let Kind::Program(_) = unit.kind {
        unit.check(With::Record(&file), &log);
        let text = fs::read_to_string(&file).expect("it has noted what it reaches");
        unit.reached = numbers(&text, "reached ").collect();
        unit.changed = unit.reached.clone();
        return;
    }
    loop {
        let (checks, _) = unit.check(With::Survey(&file), &log);
        if checks == Some(true) {
            break;
        }
        // A mutant that ends the compiler, or loops, changes more than the expansion.
        let last = fs::read_to_string(file.with_extension("now"));
        let last = last.expect("only a mutant stops a survey");
        let mut open =
            fs::OpenOptions::new().append(true).open(&file).expect("the survey is there");
        writeln!(open, "changed {last}").expect("the survey can be written");
    }
    let text = fs::read_to_string(&file).unwrap_or_default();
    unit.reached = numbers(&text, "reached ").collect();
    unit.changed = numbers(&text, "changed ").collect();
}

fn numbers(text: &str, word: &str) -> impl Iterator<Item = usize> {
    text.lines().filter_map(move |line| line.strip_prefix(word)?.parse().ok())
}
