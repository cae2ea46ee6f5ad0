//! The charts, as SVG files.

mod bars;
mod lines;
mod style;

use std::path::{Path, PathBuf};

use crate::questions::{Answer, Chart};

pub(crate) fn draw(answer: &Answer, folder: &Path) {
    let file = file(answer, folder);
    let drawn = match &answer.chart {
        Chart::Bars { is_logarithmic } => bars::draw(answer, *is_logarithmic, &file),
        Chart::Lines { lines } => lines::draw(answer, lines, &file),
    };
    drawn.unwrap_or_else(|error| panic!("{} is written: {error}", file.display()));
}

/// Where the chart of an answer is.
pub(crate) fn file(answer: &Answer, folder: &Path) -> PathBuf {
    folder.join(answer.question.name()).with_extension("svg")
}
