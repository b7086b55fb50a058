//! What fend may cost: `bounds.json`, which a change is held to.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value, json};

use super::Failure;
use super::exact::{Count, count};
use super::peers::FEND;
use super::progress::Progress;
use super::rows::EXACT;
use super::statistics::short;

/// A figure may grow by this part of its bound: the tools and the length of a run move it by less.
const ROOM: f64 = 0.05;

/// Where few things are counted, half of one is no growth: it is how many a batch happens to hold.
const LEAST: f64 = 0.05;

/// What became of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Kept,
    /// So much less that the bound should follow.
    Undercut,
    Broken,
}

fn judge(measured: f64, bound: f64) -> Verdict {
    let room = (bound * ROOM).max(LEAST);
    match measured - bound {
        more if more > room => Verdict::Broken,
        more if more < -room => Verdict::Undercut,
        _ => Verdict::Kept,
    }
}

/// Counts up to so many times while a bound seems broken.
const TRIES: usize = 4;

/// The least that is counted, in one try if that keeps the bound. How many requests a wait happens to bring moves what a server costs by more than is
/// forgiven, and only upwards, about once in ten times; what has really grown has grown each time.
fn least(bound: Option<f64>, mut count: impl FnMut() -> Result<f64, Failure>) -> Result<f64, Failure> {
    let mut least = count()?;
    for _ in 1..TRIES {
        if bound.is_some_and(|bound| judge(least, bound) != Verdict::Broken) {
            break;
        }
        least = least.min(count()?);
    }
    Ok(least)
}

fn path() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/bounds.json"))
}

/// Counts all, compares, prints a table. An error when a bound is broken; with `update` all become what was counted.
pub(super) fn check(only: &str, update: bool) -> Result<(), Failure> {
    let text = fs::read_to_string(path()).unwrap_or_else(|_| "{}".to_owned());
    let mut bounds: Map<String, Value> =
        serde_json::from_str(&text).map_err(|error| Failure(format!("{}: {error}", path().display())))?;
    let rows: Vec<_> = EXACT.iter().filter(|row| row.name.contains(only)).collect();
    let traces = can_trace();
    let mut progress = Progress::new(rows.len());
    let (mut table, mut broken) = (String::new(), Vec::new());
    for row in rows {
        progress.step(row.title);
        if matches!(row.count, Count::Calls(_)) && !traces {
            table += &format!("{:<24} not counted: strace may not trace here\n", row.name);
            continue;
        }
        let bound = bounds.get(row.name).and_then(|entry| entry["bound"].as_f64());
        let measured = least(bound, || count(row.count, FEND))?;
        let verdict = bound.map(|bound| judge(measured, bound));
        let said = match verdict {
            None => "has no bound yet",
            Some(Verdict::Kept) => "",
            Some(Verdict::Undercut) => "less: the bound can follow",
            Some(Verdict::Broken) => "MORE",
        };
        table += &format!(
            "{:<24} {:>10} {:>10}  {said}\n",
            row.name,
            bound.map_or_else(|| "-".to_owned(), short),
            short(measured)
        );
        if matches!(verdict, None | Some(Verdict::Broken)) {
            broken.push(row.name);
        }
        if update && verdict != Some(Verdict::Kept) {
            bounds.insert(row.name.to_owned(), json!({ "bound": rounded(measured), "of": row.title }));
        }
    }
    #[expect(clippy::print_stdout, reason = "this is what it is for")]
    {
        println!("{:<24} {:>10} {:>10}\n{table}", "", "bound", "now");
    }
    if update {
        let text = serde_json::to_string_pretty(&bounds).expect("a map of numbers and texts") + "\n";
        return fs::write(path(), text).map_err(|error| Failure(format!("{}: {error}", path().display())));
    }
    if broken.is_empty() {
        return Ok(());
    }
    Err(Failure(format!(
        "more than 5 % above the bound, or without one: {}. When that is meant, `bench check --update true` moves the bounds, and the \
         commit says why",
        broken.join(", ")
    )))
}

/// Some sandboxes forbid it.
fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-q", "-o", "/dev/null", "true"]).output();
    traced.is_ok_and(|output| output.status.success())
}

fn rounded(value: f64) -> f64 {
    let digits = if value < 100.0 { 100.0 } else { 1.0 };
    (value * digits).round() / digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_percent_are_forgiven() {
        assert_eq!(judge(1049.0, 1000.0), Verdict::Kept);
        assert_eq!(judge(1051.0, 1000.0), Verdict::Broken);
        assert_eq!(judge(949.0, 1000.0), Verdict::Undercut);
        assert_eq!(judge(0.04, 0.0), Verdict::Kept);
        assert_eq!(judge(1.0, 0.0), Verdict::Broken);
    }

    #[test]
    fn what_is_broken_once_is_counted_again() {
        let mut counts = [1300.0, 1200.0, 1010.0, 900.0].into_iter();
        assert_eq!(least(Some(1000.0), || Ok(counts.next().unwrap())).unwrap(), 1010.0);
        assert_eq!(counts.next(), Some(900.0), "no further than it must");
        let mut counts = [1300.0, 1200.0, 1250.0, 1400.0].into_iter();
        assert_eq!(least(Some(1000.0), || Ok(counts.next().unwrap())).unwrap(), 1200.0);
    }

    #[test]
    fn every_row_has_a_bound_and_every_bound_a_row() {
        let text = fs::read_to_string(path()).unwrap();
        let bounds: Map<String, Value> = serde_json::from_str(&text).unwrap();
        let mut rows: Vec<_> = EXACT.iter().map(|row| row.name.to_owned()).collect();
        let mut named: Vec<_> = bounds.keys().cloned().collect();
        rows.sort_unstable();
        named.sort_unstable();
        assert_eq!(rows, named);
    }
}
