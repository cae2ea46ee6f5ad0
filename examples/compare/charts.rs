//! The charts, as SVG files.

mod bars;
mod lines;
mod style;

use std::fs;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::questions::{Answer, Chart};

pub(crate) fn draw(answer: &Answer, folder: &Path) {
    let file = file(answer, folder);
    let drawn = match &answer.chart {
        Chart::Bars { is_logarithmic } => bars::draw(answer, *is_logarithmic, &file),
        Chart::Lines { lines } => lines::draw(answer, lines, &file),
    };
    drawn.unwrap_or_else(|error| panic!("{} is written: {error}", file.display()));
}

/// Writes a list of Markdown's link definitions that contain the charts themselves, for pages that are not beside the
/// folder.
pub(crate) fn embed(answers: &[Answer], folder: &Path) {
    let definition = |answer: &Answer| {
        let chart = fs::read(file(answer, folder)).expect("the chart was written");
        let name = answer.question.name();
        format!("[{name}]: data:image/svg+xml;base64,{}\n", BASE64_STANDARD.encode(chart))
    };
    let definitions: String = answers.iter().map(definition).collect();
    fs::write(folder.join("embedded.md"), definitions).expect("the folder can be written to");
}

/// Where the chart of an answer is.
pub(crate) fn file(answer: &Answer, folder: &Path) -> PathBuf {
    folder.join(answer.question.name()).with_extension("svg")
}
