//! The charts, as SVG files.

mod bars;
mod lines;
mod style;

use std::fs;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::questions::{Answer, Chart, Question};

pub(crate) fn draw(answer: &Answer, folder: &Path) {
    let file = file(answer.question, folder);
    let drawn = match &answer.chart {
        Chart::Bars { is_logarithmic } => bars::draw(answer, *is_logarithmic, &file),
        Chart::Lines { lines } => lines::draw(answer, lines, &file),
    };
    drawn.unwrap_or_else(|error| panic!("{} is written: {error}", file.display()));
}

/// Writes a list of Markdown's link definitions that contain the charts of the folder, for pages that are not beside it.
pub(crate) fn embed(folder: &Path) {
    let definition = |question: Question| {
        let chart = fs::read(file(question, folder)).ok()?;
        let name = question.name();
        Some(format!("[{name}]: data:image/svg+xml;base64,{}\n", BASE64_STANDARD.encode(chart)))
    };
    let definitions: String = Question::all().into_iter().filter_map(definition).collect();
    fs::write(folder.join("embedded.md"), definitions).expect("the folder can be written to");
}

/// Where the chart of a question is.
pub(crate) fn file(question: Question, folder: &Path) -> PathBuf {
    folder.join(question.name()).with_extension("svg")
}
