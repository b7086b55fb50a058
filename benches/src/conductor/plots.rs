//! The results as pictures.

use std::collections::BTreeMap;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::Failure;
use super::growth::Chart;
use super::results::Results;
use super::rounds::{Row, compare};
use super::rows::{EXACT, Placement, Subject, TIMED, Traffic, Unit};
use super::statistics::Samples;

const SIZE: (u32, u32) = (900, 460);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Names and what they stand for, by group.
type Groups = Vec<(String, Vec<(&'static str, f64)>)>;

/// Each peer has the same colour everywhere.
fn colour(name: &str) -> RGBColor {
    match name {
        "raw" => RGBColor(130, 130, 130),
        "tokio" => RGBColor(221, 132, 82),
        "smol" => RGBColor(129, 114, 179),
        "fend, poll" | "a driver for each worker" => RGBColor(85, 168, 104),
        _ => RGBColor(30, 100, 200),
    }
}

/// Draws all that there is, into this folder.
pub(super) fn draw(results: &Results, folder: &Path) -> Result<(), Failure> {
    let ratios = ratios(results);
    if !ratios.is_empty() {
        bars(
            &folder.join("ratios.svg"),
            "CPU of a server per request, beside bare epoll = 1",
            &ratios,
            false,
        )?;
    }
    let instructions = instructions(results);
    if !instructions.is_empty() {
        bars(&folder.join("instructions.svg"), "User-space instructions per operation", &instructions, true)?;
    }
    for chart in &results.charts {
        let path = folder.join(format!("{}.svg", chart.name));
        curves(&path, chart).map_err(|error| Failure(format!("drawing {}: {error}", path.display())))?;
    }
    Ok(())
}

/// Of the rows of servers with one worker: each peer's median by that of raw.
fn ratios(results: &Results) -> Groups {
    let servers = TIMED.iter().filter_map(|row| match row.subject {
        Subject::Server(Traffic { placement, batch: 0, .. }) if placement != Placement::Free => {
            Some((row, results.timed.get(row.name)?))
        }
        _ => None,
    });
    servers.filter_map(|(row, samples)| Some((row.name.to_owned(), by_raw(samples)?))).collect()
}

fn by_raw(row: &Row) -> Option<Vec<(&'static str, f64)>> {
    let values: BTreeMap<_, _> = compare(row).values;
    let raw = values.get("raw")?.median();
    let order = ["raw", "tokio", "smol", "fend"];
    Some(
        order
            .into_iter()
            .filter_map(|name| Some((name, values.get(name).map(Samples::median)? / raw)))
            .collect(),
    )
}

fn instructions(results: &Results) -> Groups {
    let rows = EXACT.iter().filter(|row| row.unit == Unit::Instructions);
    rows.filter_map(|row| {
        let values = results.exact.get(row.name)?;
        let order = ["raw", "tokio", "smol", "fend"];
        Some((
            row.name.to_owned(),
            order.into_iter().filter_map(|name| Some((name, *values.get(name)?))).collect(),
        ))
    })
    .collect()
}

fn bars(path: &Path, title: &str, groups: &Groups, logarithmic: bool) -> Result<(), Failure> {
    draw_bars(path, title, groups, logarithmic)
        .map_err(|error| Failure(format!("drawing {}: {error}", path.display())))
}

fn draw_bars(
    path: &Path,
    title: &str,
    groups: &Groups,
    logarithmic: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let values = || groups.iter().flat_map(|(_, values)| values.iter().map(|(_, value)| *value));
    let largest = values().fold(0.0, f64::max);
    // Bars begin at nothing, or at ten where the scale has no nothing.
    let (bottom, top) = if logarithmic { (10.0, largest * 2.0) } else { (0.0, largest.min(2.0) * 1.1) };
    let width = groups.len() as f64;
    let mut chart = builder(&area, title);
    let label = |place: &f64| {
        let group = place.floor();
        let middle = (place - group - 0.5).abs() < 0.26;
        groups.get(group as usize).filter(|_| middle).map_or_else(String::new, |(name, _)| name.clone())
    };
    macro_rules! draw {
        ($y:expr) => {{
            let mut context = chart.build_cartesian_2d(0.0..width, $y)?;
            context
                .configure_mesh()
                .disable_x_mesh()
                .x_labels(groups.len() * 2 + 1)
                .x_label_formatter(&label)
                .y_label_formatter(&|value| {
                    if logarithmic { format!("{value:.0}") } else { format!("{value:.1}") }
                })
                .draw()?;
            for name in ["raw", "tokio", "smol", "fend"] {
                let rectangles = groups.iter().enumerate().flat_map(|(group, (_, values))| {
                    let count = values.len() as f64;
                    values.iter().enumerate().filter(|(_, (other, _))| *other == name).map(
                        move |(place, (_, value))| {
                            let left = group as f64 + 0.1 + 0.8 * place as f64 / count;
                            Rectangle::new(
                                [(left, bottom), (left + 0.8 / count, value.min(top))],
                                colour(name).filled(),
                            )
                        },
                    )
                });
                context.draw_series(rectangles)?.label(name).legend(move |(x, y)| {
                    Rectangle::new([(x, y - 5), (x + 12, y + 5)], colour(name).filled())
                });
            }
            context
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperLeft)
                .background_style(WHITE.mix(0.8))
                .draw()?;
        }};
    }
    if logarithmic {
        draw!((bottom..top).log_scale());
    } else {
        draw!(bottom..top);
    }
    area.present()?;
    Ok(())
}

fn curves(path: &Path, chart: &Chart) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let points = || chart.curves.iter().flat_map(|curve| curve.points.iter().copied());
    let sizes = points().map(|point| point.0 as f64);
    let (first, last) = sizes.fold((f64::MAX, 1.0), |(first, last), size| (size.min(first), size.max(last)));
    let top = points().map(|point| point.1).fold(0.0, f64::max) * 1.1;
    let mut context = builder(&area, chart.title).build_cartesian_2d((first..last).log_scale(), 0.0..top)?;
    context
        .configure_mesh()
        .x_desc(chart.x)
        .y_desc(chart.y)
        .x_label_formatter(&|size| format!("{size:.0}"))
        .draw()?;
    for curve in &chart.curves {
        let style = colour(curve.name).stroke_width(2);
        let points = || curve.points.iter().map(|point| (point.0 as f64, point.1));
        context
            .draw_series(LineSeries::new(points(), style))?
            .label(curve.name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], style));
        context.draw_series(points().map(|point| Circle::new(point, 3, style.filled())))?;
    }
    context
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    area.present()?;
    Ok(())
}

fn builder<'a, 'b>(area: &'a Area<'b>, title: &str) -> ChartBuilder<'a, 'b, SVGBackend<'b>> {
    let mut builder = ChartBuilder::on(area);
    builder.caption(title, ("sans-serif", 20)).margin(12).x_label_area_size(40).y_label_area_size(64);
    builder
}
