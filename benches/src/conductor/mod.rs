//! The program `bench`: runs all others, again and again and in turns, and makes tables, plots and bounds of what they say.
//!
//! | file | idea |
//! |---|---|
//! | `rows` | what is measured, row by row, and what is asked of fend |
//! | `exact` | counts that come out the same each time |
//! | `rounds`, `calibration` | times: the peers take turns, and each sample stands between two measurements of the machine's state |
//! | `growth` | cost by the number of connections, sleeps, tasks |
//! | `process`, `peers` | the programs as children |
//! | `results`, `report`, `plots`, `machine` | JSON, Markdown, pictures |
//! | `bounds` | what a change is held to |
//! | `profile` | where instructions go, by function |

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::arguments::Arguments;

mod bounds;
mod calibration;
mod exact;
mod growth;
mod machine;
mod peers;
mod plots;
mod process;
mod profile;
mod progress;
mod report;
mod results;
mod rounds;
mod rows;
mod statistics;

use progress::Progress;
use results::Results;
use rounds::Amount;
use rows::{EXACT, Subject, TIMED};

const HELP: &str = "\
usage: bench quick [--only TEXT] [--out FOLDER]   three minutes, into target/bench
       bench all [--only TEXT] [--out FOLDER]     a quarter of an hour, into benches/
       bench check [--only TEXT]                  counts alone, of fend alone, against benches/bounds.json
       bench check --update true                  makes what is counted now the bounds
       bench profile [--out FOLDER]               where instructions go, by function, into benches/results/PROFILES.md

Run it by `cargo run --profile measured -p benches --bin bench -- quick`: it builds the programs that it runs with the same profile. The bounds are those of
`cargo run --release -p benches --bin bench -- check`, which is built in less time.
It needs valgrind, strace and taskset (util-linux), and a machine that does nothing else.

  --only TEXT   only rows whose name contains this
  --out FOLDER  where RESULTS.md and results/ go";

/// What went wrong, in words.
#[derive(Debug)]
struct Failure(String);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let mut arguments = Arguments::of(HELP, words);
    let only: String = arguments.get_or("only", String::new());
    let done = match command.as_str() {
        "check" => {
            let update = arguments.get_or("update", false);
            arguments.finish();
            build().and_then(|()| bounds::check(&only, update))
        }
        "profile" => {
            let out: Option<PathBuf> = arguments.get("out");
            arguments.finish();
            build().and_then(|()| {
                profile(&out.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("results")))
            })
        }
        "quick" | "all" => {
            let out = arguments.get("out");
            arguments.finish();
            build().and_then(|()| run(&command, &only, out))
        }
        "help" | "--help" | "-h" => arguments.end("", 0),
        "" => arguments.end("a command is missing", 2),
        other => arguments.end(&format!("there is no command {other:?}"), 2),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The programs that are measured, and the tools that measure.
fn build() -> Result<(), Failure> {
    for (tool, package) in [("valgrind", "valgrind"), ("strace", "strace"), ("taskset", "util-linux")] {
        let found = Command::new(tool).arg("--version").output();
        if !found.is_ok_and(|output| output.status.success()) {
            return Err(Failure(format!("{tool} is not there: it comes with the package {package}")));
        }
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--profile", &profile_of_this(), "-p", "benches", "--bins", "--quiet"]);
    let status = command.status().map_err(|error| Failure(format!("cannot run cargo: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure("the programs cannot be built".to_owned())) }
}

fn run(command: &str, only: &str, out: Option<PathBuf>) -> Result<(), Failure> {
    let all = command == "all";
    let amount = if all { Amount { rounds: 7, part: 1.0 } } else { Amount { rounds: 3, part: 0.2 } };
    let folder = out.unwrap_or_else(|| {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR"));
        if all { benches.to_owned() } else { benches.join("../target/bench") }
    });
    let mut progress = Progress::new(steps(amount, only, all));
    let mut results = Results::default();
    for row in EXACT.iter().filter(|row| row.name.contains(only)) {
        for peer in row.peers {
            progress.step(&format!("{}, {}", row.name, peer.name));
            let value = exact::count(row.count, *peer)?;
            results.exact.entry(row.name).or_default().insert(peer.name, value);
        }
    }
    for row in TIMED.iter().filter(|row| row.name.contains(only)) {
        if !matches!(row.subject, Subject::Tail { .. }) {
            results.timed.insert(row.name, rounds::measure(row, amount, &mut progress)?);
        }
    }
    if all && only.is_empty() {
        results.charts = growth::measure(&mut progress)?;
    }
    write(&results, &folder, &format!("cargo run --profile measured -p benches --bin bench -- {command}"))
}

/// The profile that this program was built with: by the folder that it lies in.
fn profile_of_this() -> String {
    let own = std::env::current_exe().ok();
    let folder = own.as_deref().and_then(|path| path.parent()?.file_name()?.to_str());
    match folder {
        Some("debug") | None => "dev".to_owned(),
        Some(profile) => profile.to_owned(),
    }
}

fn profile(folder: &Path) -> Result<(), Failure> {
    let (path, page) = (folder.join("PROFILES.md"), profile::page()?);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, &page))
        .map_err(|error| Failure(format!("{}: {error}", path.display())))?;
    #[expect(clippy::print_stdout, reason = "this is what it is for")]
    {
        println!("{page}");
    }
    Ok(())
}

fn steps(amount: Amount, only: &str, all: bool) -> usize {
    let exact: usize = EXACT.iter().filter(|row| row.name.contains(only)).map(|row| row.peers.len()).sum();
    let timed: usize =
        TIMED.iter().filter(|row| row.name.contains(only)).map(|row| rounds::peers(row).len()).sum();
    let growth = if all && only.is_empty() { growth::STEPS } else { 0 };
    exact + timed * amount.rounds + growth
}

/// Into the folder, and the page to standard output too.
fn write(results: &Results, folder: &Path, command: &str) -> Result<(), Failure> {
    let pictures = folder.join("results");
    let failed = |path: &Path, error: std::io::Error| Failure(format!("{}: {error}", path.display()));
    fs::create_dir_all(&pictures).map_err(|error| failed(&pictures, error))?;
    let json = serde_json::to_string_pretty(&results.to_json()).expect("numbers and texts") + "\n";
    let page = report::markdown(results, command);
    for (path, text) in [(pictures.join("results.json"), &json), (folder.join("RESULTS.md"), &page)] {
        fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    plots::draw(results, &pictures)?;
    #[expect(clippy::print_stdout, reason = "this is what it is for")]
    {
        println!("{page}");
    }
    eprintln!("written to {}", folder.display());
    Ok(())
}
