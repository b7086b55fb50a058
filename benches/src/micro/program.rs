//! The program `micro`: one case on one runtime. Prints a line of JSON.

use serde_json::{Map, json};

use super::{CASES, Done, run};
use crate::arguments::Arguments;
use crate::peer::{Fend, Smol, Tokio};

fn help() -> String {
    let cases: String = CASES.iter().map(|(name, what)| format!("  {name:<20} {what}\n")).collect();
    format!(
        "\
usage: micro --runtime fend|tokio|smol --case CASE [--operations N] [--workers N]

cases, and what one operation of each is:
{cases}
Prints seconds and nanoseconds by the clock and by all threads' processor time, and what a case measures beside. The program
micro_allocations is the same and counts allocations."
    )
}

/// Reads the command line, runs the case, prints.
pub fn main() {
    let mut arguments = Arguments::read(&help());
    let runtime: String = arguments.require("runtime");
    let case: String = arguments.require("case");
    let operations = arguments.get_or("operations", 100_000);
    let workers = arguments.get_or("workers", 1);
    arguments.finish();
    let done = match runtime.as_str() {
        "fend" => run::<Fend>(&case, workers, operations),
        "tokio" => run::<Tokio>(&case, workers, operations),
        "smol" => run::<Smol>(&case, workers, operations),
        _ => None,
    };
    let Some(done) = done else {
        eprintln!("there is no runtime {runtime:?}, or no case {case:?}\n\n{}", help());
        std::process::exit(2);
    };
    #[expect(clippy::print_stdout, reason = "this is what it is for")]
    {
        println!("{}", to_json(&done));
    }
}

fn to_json(done: &Done) -> serde_json::Value {
    let each = |total: f64| total / done.operations as f64;
    let mut json = Map::new();
    let mut put = |name: &str, value: serde_json::Value| drop(json.insert(name.to_owned(), value));
    put("operations", json!(done.operations));
    put("seconds", json!(done.seconds));
    put("cpu_seconds", json!(done.cpu_seconds));
    put("nanoseconds", json!(each(done.seconds * 1e9)));
    put("cpu_nanoseconds", json!(each(done.cpu_seconds * 1e9)));
    put("allocations", json!(done.allocations.count));
    put("allocated_bytes", json!(done.allocations.bytes));
    for (name, value) in &done.figures {
        put(name, json!(value));
    }
    json.into()
}
