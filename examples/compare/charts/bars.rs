//! Horizontal bars: a group for each design, a bar for each measure.

use std::path::Path;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::style::{self, Drawn, MARGIN, TEXT_HEIGHT, TITLE_HEIGHT, WIDTH, text};
use crate::questions::{Answer, Column};
use crate::table;

const BAR: i32 = 14;
const GAP: i32 = 10;
const NAMES: i32 = 220;
const AXIS: i32 = 48;

pub(super) fn draw(answer: &Answer, is_logarithmic: bool, file: &Path) -> Drawn {
    let ratios = answer.columns.iter().flat_map(|column| &column.ratios).map(|(_, ratio)| *ratio);
    let (least, most) = ratios
        .fold((1.0, 1.0), |(least, most): (f64, f64), ratio| (least.min(ratio), most.max(ratio)));
    if is_logarithmic {
        // A bar that ends at the axis could not be seen.
        draw_on((least / 2.0..most * 2.5).log_scale(), least / 2.0, answer, file)
    } else {
        draw_on(0.0..most * 1.12, 0.0, answer, file)
    }
}

fn draw_on<X>(ratios: X, from: f64, answer: &Answer, file: &Path) -> Drawn
where
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
{
    let columns: Vec<&Column> = answer.columns.iter().collect();
    let designs = table::designs(&columns);
    let top = TITLE_HEIGHT + TEXT_HEIGHT * columns.len() as i32;
    let groups: Vec<Group> = groups(&designs, &columns);
    let height = groups.last().map_or(0, |group| group.end + GAP);
    let size = (WIDTH, (top + height + AXIS + 2 * MARGIN) as u32);
    let area = SVGBackend::new(file, size).into_drawing_area();
    style::begin(&area, &answer.title, columns.iter().map(|column| column.legend.as_str()))?;
    let mut chart = ChartBuilder::on(&area)
        .margin(MARGIN)
        .margin_top(top + MARGIN)
        .set_label_area_size(LabelAreaPosition::Left, NAMES)
        .set_label_area_size(LabelAreaPosition::Bottom, AXIS)
        .build_cartesian_2d(ratios, height..0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .light_line_style(TRANSPARENT)
        .x_desc(answer.axis)
        .x_label_formatter(&|ratio| style::tick(*ratio))
        .label_style(text(13, HPos::Center))
        .axis_desc_style(("sans-serif", 14))
        .draw()?;
    chart.draw_series([PathElement::new([(1.0, 0), (1.0, height)], BLACK.mix(0.6))])?;
    for group in &groups {
        let (x, y) = chart.backend_coord(&(from, (group.begin + group.end) / 2));
        area.draw_text(group.design, &text(13, HPos::Right), (x - 8, y))?;
        for (number, (series, ratio)) in group.bars.iter().enumerate() {
            let begin = group.begin + BAR * number as i32;
            let corners = [(from, begin + 1), (*ratio, begin + BAR - 1)];
            chart.draw_series([Rectangle::new(corners, style::color(*series).filled())])?;
            let (x, y) = chart.backend_coord(&(*ratio, begin + BAR / 2));
            let shown = table::shown(*ratio);
            // The lines of the axis would run through the figure.
            let behind = [(x + 2, y - 6), (x + 6 + 7 * shown.len() as i32, y + 6)];
            area.draw(&Rectangle::new(behind, WHITE.filled()))?;
            area.draw_text(&shown, &text(12, HPos::Left), (x + 4, y))?;
        }
    }
    area.present()?;
    Ok(())
}

/// The bars of one design: which series, and the ratio.
struct Group {
    design: &'static str,
    bars: Vec<(usize, f64)>,
    begin: i32,
    end: i32,
}

fn groups(designs: &[&'static str], columns: &[&Column]) -> Vec<Group> {
    let mut begin = GAP;
    let group = |design: &&'static str| {
        let bar = |(series, column): (usize, &&Column)| {
            let found = column.ratios.iter().find(|(name, _)| name == design);
            found.map(|(_, ratio)| (series, *ratio))
        };
        let bars: Vec<_> = columns.iter().enumerate().filter_map(bar).collect();
        let end = begin + BAR * bars.len() as i32;
        let group = Group { design, bars, begin, end };
        begin = end + GAP;
        group
    };
    designs.iter().map(group).collect()
}
