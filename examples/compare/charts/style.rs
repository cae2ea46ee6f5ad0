//! What all charts have in common.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
pub(super) type Drawn = Result<(), Box<dyn std::error::Error>>;

pub(super) const WIDTH: u32 = 860;
pub(super) const TITLE_HEIGHT: i32 = 34;
pub(super) const TEXT_HEIGHT: i32 = 18;
pub(super) const MARGIN: i32 = 12;

/// Colours that differ for colour-blind readers too.
const COLORS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(230, 159, 0),
    RGBColor(0, 158, 115),
    RGBColor(213, 94, 0),
    RGBColor(86, 180, 233),
    RGBColor(204, 121, 167),
];

pub(super) fn color(series: usize) -> RGBColor {
    COLORS[series % COLORS.len()]
}

/// A text of a size that starts, is centred or ends at its position.
pub(super) fn text(size: i32, at: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_text_style(&(1, 1)).color(&BLACK).pos(Pos::new(at, VPos::Center))
}

/// A value at an axis, without what the sum of the steps to it has added.
pub(super) fn tick(value: f64) -> String {
    ((value * 1_000.0).round() / 1_000.0).to_string()
}

/// The background, the title, and below it the legend.
pub(super) fn begin<'a>(
    area: &Area<'_>,
    title: &str,
    legend: impl Iterator<Item = &'a str>,
) -> Drawn {
    area.fill(&WHITE)?;
    area.draw_text(title, &text(18, HPos::Left), (MARGIN, TITLE_HEIGHT / 2 + 2))?;
    for (series, name) in legend.enumerate() {
        let middle = TITLE_HEIGHT + TEXT_HEIGHT * series as i32 + TEXT_HEIGHT / 2;
        let corners = [(MARGIN, middle - 6), (MARGIN + 12, middle + 6)];
        area.draw(&Rectangle::new(corners, color(series).filled()))?;
        area.draw_text(name, &text(13, HPos::Left), (MARGIN + 20, middle))?;
    }
    Ok(())
}
