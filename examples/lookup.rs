//! Looks names up: addresses, names of addresses, and records of any type. A small `getent` and `dig +short`.
//!
//! `cargo run --example lookup -- localhost`, `cargo run --example lookup -- --type MX --server 192.0.2.53 example.org`.

use std::process::ExitCode;

use fend::Runtime;
use fend::dns::Resolver;

#[path = "lookup/answer.rs"]
mod answer;
#[path = "support/arguments.rs"]
mod arguments;
#[path = "lookup/command_line.rs"]
mod command_line;
#[path = "support/runtime.rs"]
mod runtime;

use answer::Question;
use arguments::{Exit, complain};
use command_line::Command;

fn main() -> ExitCode {
    arguments::main("lookup", &command_line::help(), command_line::read, run)
}

fn run(command: Command) -> ExitCode {
    let prepared = command.resolver().and_then(|resolver| Ok((command.runtime.build()?, resolver)));
    match prepared {
        Ok((runtime, resolver)) => {
            let status = look_up(&runtime, &resolver, &command);
            if command.stats {
                tell_stats(&resolver);
            }
            status
        }
        Err(error) => Err(error).exit("lookup"),
    }
}

/// Asks for all names at once, and prints in the order of the command line.
fn look_up(runtime: &Runtime, resolver: &Resolver, command: &Command) -> ExitCode {
    runtime.block_on(async {
        let ask = |name: &String| {
            let question = Question::of(name, command.record_type);
            fend::spawn(question.ask(resolver.clone(), command.timeout))
        };
        let answers: Vec<_> = command.names.iter().map(ask).collect();
        let mut status = ExitCode::SUCCESS;
        for answer in answers {
            match answer.await.unwrap_or_else(|error| Err(error.to_string())) {
                // Whoever reads our output has seen enough.
                Ok(lines) if answer::print(&lines).is_err() => return status,
                Ok(_) => {}
                Err(reason) => {
                    complain(reason);
                    status = ExitCode::FAILURE;
                }
            }
        }
        status
    })
}

fn tell_stats(resolver: &Resolver) {
    let stats = resolver.cache_stats();
    complain(format!(
        "cache: {} hits, {} misses, {} merged, {} evicted; {} answers in about {} bytes",
        stats.hits, stats.misses, stats.merged, stats.evicted, stats.entries, stats.bytes
    ));
}
