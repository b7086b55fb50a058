//! Where user-space instructions go: callgrind's costs by function, as the difference of two runs.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Failure;
use super::exact::{Requests, serve};
use super::peers::{FEND, micro};
use super::process::{program, run};
use super::progress::Progress;
use super::rows::{ECHO, HTTP};
use super::statistics::short;

/// Functions that a table shows.
const SHOWN: usize = 20;

/// What is looked into.
#[derive(Debug, Clone, Copy)]
enum Subject {
    Server(Requests),
    Case(&'static str),
}

const SUBJECTS: &[(&str, Subject)] = &[
    ("an echo of 64 bytes, 50 connections", Subject::Server(ECHO)),
    ("an HTTP GET through hyper, 50 connections", Subject::Server(HTTP)),
    ("a task that is spawned and awaited, all at once", Subject::Case("spawn")),
];

/// A table for each subject.
pub(super) fn page() -> Result<String, Failure> {
    let mut page = "# Where fend's user-space instructions go\n\n\
         By callgrind, one worker. A function's own instructions and those of what was inlined into it, for each operation.\n"
        .to_owned();
    let mut progress = Progress::new(SUBJECTS.len());
    for (title, subject) in SUBJECTS {
        progress.step(title);
        let costs = difference(*subject)?;
        let total: f64 = costs.values().sum();
        let mut costs: Vec<_> = costs.into_iter().collect();
        costs.sort_by(|one, other| other.1.total_cmp(&one.1));
        let _ = write!(page, "\n## Of {title}: {}\n\n| instructions | function |\n|---|---|\n", short(total));
        for (function, cost) in costs.iter().take(SHOWN) {
            let _ = writeln!(page, "| {} | `{function}` |", short(*cost));
        }
    }
    Ok(page)
}

fn difference(subject: Subject) -> Result<BTreeMap<String, f64>, Failure> {
    let counts = match subject {
        Subject::Server(requests) => requests.counts,
        Subject::Case(_) => [20_000, 60_000],
    };
    let [fewer, more] = counts;
    let (fewer_costs, mut costs) = (costs(subject, fewer)?, costs(subject, more)?);
    for (function, cost) in &mut costs {
        let before = fewer_costs.get(function).copied().unwrap_or_default();
        *cost = (*cost - before) / (more - fewer) as f64;
    }
    Ok(costs)
}

fn costs(subject: Subject, count: u64) -> Result<BTreeMap<String, f64>, Failure> {
    let file = std::env::temp_dir().join(format!("fend-bench-callgrind-{}", std::process::id()));
    let ran = match subject {
        Subject::Server(requests) => {
            serve(FEND, requests, count, callgrind("server", &file), |_| Ok(())).map(drop)
        }
        Subject::Case(case) => run(micro(callgrind("micro", &file), FEND, case, 1, count)).map(drop),
    };
    let annotated = ran.and_then(|()| annotate(&file));
    let _ = std::fs::remove_file(&file);
    Ok(by_function(&annotated?))
}

fn callgrind(name: &str, file: &Path) -> Command {
    let mut command = Command::new("valgrind");
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(file);
    command.arg("--tool=callgrind").arg(out).arg(program(name));
    command
}

fn annotate(file: &PathBuf) -> Result<String, Failure> {
    let arguments = ["--threshold=100", "--show-percs=no", "--auto=no"];
    let output = Command::new("callgrind_annotate").args(arguments).arg(file).output();
    let output = output.map_err(|error| Failure(format!("cannot run callgrind_annotate: {error}")))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The sums of lines such as `1,234  file:function [object]`.
fn by_function(annotated: &str) -> BTreeMap<String, f64> {
    let mut costs = BTreeMap::new();
    for line in annotated.lines() {
        let Some((cost, place)) = line.trim_start().split_once("  ") else { continue };
        let Ok(cost) = cost.replace(',', "").parse::<f64>() else { continue };
        let place = place.trim().split(" [").next().unwrap_or_default();
        if let Some((_, function)) = place.split_once(':') {
            *costs.entry(function.to_owned()).or_default() += cost;
        }
    }
    costs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_of_a_function_are_summed_over_files() {
        let annotated = "--------\nIr  \n\n1,000  fend/src/a.rs:fend::run [/bin/server]\n  234  core/src/b.rs:fend::run\n\
                         50  ???:malloc [libc.so]\n20,000  PROGRAM TOTALS\n";
        let costs = by_function(annotated);
        assert_eq!(costs, BTreeMap::from([("fend::run".to_owned(), 1234.0), ("malloc".to_owned(), 50.0)]));
    }
}
