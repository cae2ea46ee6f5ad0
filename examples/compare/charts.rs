//! The charts, as SVG files.

mod bars;
mod lines;
mod style;

use std::path::Path;

use crate::questions::{Answer, Chart};

pub(crate) fn draw(answer: &Answer, folder: &Path) {
    let file = folder.join(answer.name).with_extension("svg");
    let drawn = match &answer.chart {
        Chart::Bars { is_logarithmic } => bars::draw(answer, *is_logarithmic, &file),
        Chart::Lines { lines } => lines::draw(answer, lines, &file),
    };
    drawn.unwrap_or_else(|error| panic!("{} is written: {error}", file.display()));
}
