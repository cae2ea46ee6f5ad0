//! What does one more wait add to a program? The figures are those of the tables of `benches/costs`; CI compares one of them
//! with what it measures.

use super::{Answer, Chart, Column, Question};
use crate::designs;
use crate::progress::Progress;

const TABLE: &str = include_str!("../../../benches/costs/table.txt");
/// What `cargo run --release -p smartasync-costs -- --times` has written.
const TIMES: &str = include_str!("../../../benches/costs/times.txt");

pub(crate) fn ask(progress: &Progress) -> Answer {
    progress.begin("code, compile time and stack, from their tables", 1);
    let column = |heading, name: &str, row: &str, others: &[(&'static str, &str)]| {
        let (own, unit) = figure(row);
        let others = others.iter().map(|(name, row)| (*name, figure(row).0 / own));
        Column {
            heading,
            legend: format!("{name} (1 = {own:.0} {unit})"),
            ratios: [(designs::SMARTASYNC, 1.0)].into_iter().chain(others).collect(),
        }
    };
    let columns = [("release", "rel."), ("debug", "debug")].map(|(profile, heading)| {
        let row = |what: &str| format!("{what}, {profile}, ");
        let code = column(
            ["code", heading],
            &format!("code of one more wait, {profile}"),
            &(row("code") + "wait"),
            &[(designs::HANDLE, &(row("code") + "Handle::block_on"))],
        );
        let stack = column(
            ["stack", heading],
            &format!("stack for a future of 64 KiB, {profile}"),
            &(row("stack") + "wait"),
            &[
                (designs::SHARED, &(row("stack") + "shared")),
                (designs::REUSED, &(row("stack") + "Runtime::block_on")),
            ],
        );
        let time = column(
            ["time", heading],
            &format!("compile time of one more wait, {profile}"),
            &(row("time") + "wait"),
            &[
                (designs::HANDLE, &(row("time") + "Handle::block_on")),
                (designs::REUSED, &(row("time") + "Runtime::block_on")),
            ],
        );
        [code, time, stack]
    });
    progress.advance(1);
    let columns: Vec<Column> = columns.into_iter().flatten().collect();
    let meaning = format!(
        "In release, one more wait adds {:.2} of the code of one more `Handle::block_on`, and needs {:.2} of the stack \
         of `Runtime::block_on`; in debug {:.2} and {:.2}. The compiler takes {:.2} of the time of one more \
         `Runtime::block_on` for it, in debug {:.2}. The figures are those of benches/costs, which `cargo run --release -p smartasync-costs` measures.",
        1.0 / columns[0].ratio(designs::HANDLE),
        1.0 / columns[2].ratio(designs::REUSED),
        1.0 / columns[3].ratio(designs::HANDLE),
        1.0 / columns[5].ratio(designs::REUSED),
        1.0 / columns[1].ratio(designs::REUSED),
        1.0 / columns[4].ratio(designs::REUSED),
    );
    Answer {
        question: Question::Costs,
        title: "What does one more wait add to a program?".into(),
        axis: "bytes and time, smartasync = 1 (less is better)",
        chart: Chart::Bars { is_logarithmic: false },
        columns,
        meaning,
    }
}

/// The figure of a row, and its unit: `stack, release, wait    71 KiB, ratio ...`.
fn figure(row: &str) -> (f64, &'static str) {
    let found = TABLE.lines().chain(TIMES.lines()).find_map(|line| {
        let rest = line.strip_prefix(row)?.strip_prefix("  ")?;
        let mut words = rest.split_whitespace();
        Some((words.next()?.parse().ok()?, words.next()?.trim_end_matches(',')))
    });
    found.unwrap_or_else(|| panic!("benches/costs has the row {row:?}"))
}
