//! The table of outcomes.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::build::Build;
use crate::hunt::{Outcome, Verdict};
use crate::list::Mutant;

/// The smallest part of the viable mutants that must be caught, in percent.
const THRESHOLD: usize = 90;

#[derive(Clone, Copy, Debug, Default)]
struct Row {
    viable: usize,
    failed: usize,
    timed_out: usize,
    missed: usize,
}

impl Row {
    fn add(&mut self, outcome: Outcome) {
        self.viable += 1;
        match outcome {
            Outcome::Caught => self.failed += 1,
            Outcome::TimedOut => self.timed_out += 1,
            Outcome::Missed => self.missed += 1,
        }
    }

    fn print(self, name: &str) {
        let Row { viable, failed, timed_out, missed } = self;
        let part = (viable - missed) * 1000 / viable.max(1);
        println!(
            "| {name} | {viable} | {failed} | {timed_out} | {missed} | {}.{} % |",
            part / 10,
            part % 10
        );
    }
}

pub(crate) fn print_build(mutants: &[Mutant], build: &Build) {
    for number in &build.fixed {
        println!("cannot be chosen at run time: {}", mutants[*number].name);
    }
    let [viable, unviable, fixed, absent] =
        [&build.viable, &build.unviable, &build.fixed, &build.absent].map(|numbers| numbers.len());
    println!(
        "{} mutants: {viable} compile, {unviable} do not, {absent} are for other platforms or features, {fixed} cannot be chosen at run time",
        mutants.len()
    );
}

/// Prints verdicts, each with the file of its mutant. Fails if too few mutants are caught.
pub(crate) fn print<'a>(verdicts: impl Iterator<Item = (&'a str, &'a Verdict)>) -> ExitCode {
    let mut files: BTreeMap<&str, Row> = BTreeMap::new();
    let mut all = Row::default();
    println!("\nmissed:");
    for (file, verdict) in verdicts {
        files.entry(file).or_default().add(verdict.outcome);
        all.add(verdict.outcome);
        if verdict.outcome == Outcome::Missed {
            println!("{} ({} tests reach it)", verdict.mutant, verdict.tests);
        }
    }
    println!(
        "\n| file | compile | a test fails | a test hangs | missed | caught |\n|---|---|---|---|---|---|"
    );
    files.iter().for_each(|(file, row)| row.print(file));
    all.print("all");
    if (all.viable - all.missed) * 100 >= all.viable * THRESHOLD {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
