//! The table: a row for each design, a column for each measure.

use std::path::Path;

use crate::charts;
use crate::questions::{Answer, Column};

const NAME_WIDTH: usize = 29;
const WIDTH: usize = 7;

pub(crate) fn print(answers: &[Answer], folder: &Path) {
    println!(
        "Ratios, measured in turns: smartasync = 1, less is better. All but `thr`, `idle` and `far` keep to one core.\n"
    );
    let columns: Vec<&Column> = answers.iter().flat_map(|answer| &answer.columns).collect();
    for line in 0..2 {
        print_row("", columns.iter().map(|column| column.heading[line].to_owned()));
    }
    for design in designs(&columns) {
        let ratio = |column: &&Column| {
            let found = column.ratios.iter().find(|(name, _)| *name == design);
            found.map_or_else(|| "-".to_owned(), |(_, ratio)| shown(*ratio))
        };
        print_row(design, columns.iter().map(ratio));
    }
    answers.iter().for_each(|answer| print_meaning(answer, &charts::file(answer.question, folder)));
}

/// What the columns are, what they say, and where the chart is.
fn print_meaning(answer: &Answer, chart: &Path) {
    println!("\n{}", answer.title);
    for column in &answer.columns {
        println!("  {:<13}{}", column.heading.join(" ").trim_start(), column.legend);
    }
    println!("  {}", answer.meaning);
    println!("  {}", chart.display());
    println!("  cargo run --release --example compare -- --question {}", answer.question.name());
}

fn print_row(name: &str, cells: impl Iterator<Item = String>) {
    let cells: String = cells.map(|cell| format!("{cell:>WIDTH$}")).collect();
    println!("{name:<NAME_WIDTH$}{cells}");
}

/// All designs, in the order in which they appear.
pub(crate) fn designs(columns: &[&Column]) -> Vec<&'static str> {
    let mut all = Vec::new();
    for (name, _) in columns.iter().flat_map(|column| &column.ratios) {
        if !all.contains(name) {
            all.push(*name);
        }
    }
    all
}

/// Two digits or more.
pub(crate) fn shown(ratio: f64) -> String {
    match ratio {
        0.0 => "0".to_owned(),
        ..0.1 => format!("{ratio:.3}"),
        ..10.0 => format!("{ratio:.2}"),
        ..100.0 => format!("{ratio:.1}"),
        _ => format!("{ratio:.0}"),
    }
}
