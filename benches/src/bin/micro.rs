//! One in-process case on one runtime, `--operations` times. Prints a line of JSON.

use benches::arguments::Arguments;
use benches::micro::{self, Done};
use benches::peer::{Fend, Smol, Tokio};

fn help() -> String {
    let cases: String = micro::CASES.iter().map(|(name, what)| format!("  {name:<20} {what}\n")).collect();
    format!(
        "\
usage: micro --runtime fend|tokio|smol --case CASE [--operations N] [--workers N]

cases:
{cases}"
    )
}

fn main() {
    let mut arguments = Arguments::read(&help());
    let runtime: String = arguments.require("runtime");
    let case: String = arguments.require("case");
    let operations = arguments.get_or("operations", 100_000);
    let workers = arguments.get_or("workers", 1);
    arguments.finish();
    let done = match runtime.as_str() {
        "fend" => micro::run::<Fend>(&case, workers, operations),
        "tokio" => micro::run::<Tokio>(&case, workers, operations),
        "smol" => micro::run::<Smol>(&case, workers, operations),
        _ => None,
    };
    let Some(Done { operations, seconds }) = done else {
        eprintln!("there is no runtime {runtime:?}, or no case {case:?}\n\n{}", help());
        std::process::exit(2);
    };
    let nanoseconds = seconds * 1e9 / operations as f64;
    #[expect(clippy::print_stdout, reason = "this is what it is for")]
    {
        println!("{{\"operations\":{operations},\"seconds\":{seconds},\"nanoseconds\":{nanoseconds}}}");
    }
}
