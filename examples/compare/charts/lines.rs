//! Lines: one for each design, against the number of threads.

use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::style::{self, Drawn, MARGIN, TEXT_HEIGHT, TITLE_HEIGHT, WIDTH, text};
use crate::questions::{Answer, Line};
use crate::table;

const PLOT: u32 = 380;

pub(super) fn draw(answer: &Answer, lines: &[Line], file: &Path) -> Drawn {
    let points = || lines.iter().flat_map(|line| &line.points);
    let threads = points().map(|(threads, _)| *threads).fold(1.0, f64::max);
    let least = points().map(|(_, ratio)| *ratio).fold(1.0, f64::min);
    let most = points().map(|(_, ratio)| *ratio).fold(1.0, f64::max);
    let top = TITLE_HEIGHT + TEXT_HEIGHT * lines.len() as i32;
    let area = SVGBackend::new(file, (WIDTH, top as u32 + PLOT)).into_drawing_area();
    style::begin(&area, &answer.title, lines.iter().map(|line| line.design))?;
    let mut chart = ChartBuilder::on(&area)
        .margin(MARGIN)
        .margin_top(top + MARGIN)
        .set_label_area_size(LabelAreaPosition::Left, 70)
        .set_label_area_size(LabelAreaPosition::Bottom, 48)
        .build_cartesian_2d(
            (0.9..threads * 1.2).log_scale().base(2.0),
            (least / 1.5..most * 1.8).log_scale(),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("threads that call at once")
        .y_desc(answer.axis)
        .x_label_formatter(&|threads| style::tick(*threads))
        .y_label_formatter(&|ratio| style::tick(*ratio))
        .label_style(("sans-serif", 13))
        .axis_desc_style(("sans-serif", 14))
        .draw()?;
    for (series, line) in lines.iter().enumerate() {
        let color = style::color(series);
        chart.draw_series(LineSeries::new(line.points.clone(), color.stroke_width(2)))?;
        for point in &line.points {
            chart.draw_series([Circle::new(*point, 4, color.filled())])?;
            let (x, y) = chart.backend_coord(point);
            let others = points().filter(|other| other.0 == point.0);
            let mut above = others.map(|other| y - chart.backend_coord(other).1);
            // The figure goes where no other line has its own.
            let is_free = !above.any(|distance| distance > 0 && distance < 30);
            let beside = if is_free { y - 12 } else { y + 13 };
            area.draw_text(&table::shown(point.1), &text(12, HPos::Center), (x, beside))?;
        }
    }
    area.present()?;
    Ok(())
}
