//! A histogram, drawn in text.

use std::time::Duration;

use crate::histogram::Histogram;

/// Letters of the longest bar.
const WIDTH: u64 = 50;

/// A full block, and those of one to seven eighths.
const BLOCK: char = '█';
const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A row for each of 1, 2, 5, 10, 20, 50.. of a unit, from the shortest latency to the longest: what took as long as that, or less.
pub(crate) fn draw(histogram: &Histogram) -> String {
    let rows = rows(histogram);
    let most = rows.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let total = histogram.total();
    rows.iter()
        .map(|(longest, count)| {
            let percent = 100.0 * *count as f64 / total as f64;
            format!("{:>9} {percent:6.2} % {}\n", format!("≤ {}", short(*longest)), bar(*count, most))
        })
        .collect()
}

fn rows(histogram: &Histogram) -> Vec<(Duration, u64)> {
    let mut buckets = histogram.buckets().filter(|(_, count)| *count > 0).peekable();
    let mut rows = Vec::new();
    for longest in series() {
        if buckets.peek().is_none() {
            break;
        }
        let mut count = 0;
        while let Some((_, more)) = buckets.next_if(|(latency, _)| *latency <= longest) {
            count += more;
        }
        // None before the first.
        if count > 0 || !rows.is_empty() {
            rows.push((longest, count));
        }
    }
    rows
}

/// 1, 2, 5, 10, 20, 50.. µs, as far as there are numbers.
fn series() -> impl Iterator<Item = Duration> {
    let micros = std::iter::successors(Some(1_u64), |power| power.checked_mul(10));
    micros.flat_map(|power| [1, 2, 5].map(|step| Duration::from_micros(power.saturating_mul(step))))
}

/// As long as `count` is of `most`, and something for whatever is more than nothing.
fn bar(count: u64, most: u64) -> String {
    let eighths = (u128::from(count) * u128::from(WIDTH * 8)).div_ceil(u128::from(most.max(1))) as u64;
    let mut bar: String = std::iter::repeat_n(BLOCK, (eighths / 8) as usize).collect();
    if eighths % 8 > 0 {
        bar.push(EIGHTHS[(eighths % 8) as usize - 1]);
    }
    bar
}

/// A round number of a unit.
fn short(latency: Duration) -> String {
    match latency.as_micros() {
        micros @ ..1_000 => format!("{micros} µs"),
        micros @ ..1_000_000 => format!("{} ms", micros / 1_000),
        micros => format!("{} s", micros / 1_000_000),
    }
}
