//! Figures that come out the same each time: instructions, allocations, system calls, bytes. What is done once, at the start, is in none: each is
//! the difference of two runs, of which one does more.

use std::fs;
use std::process::Command;

use super::Failure;
use super::peers::{Peer, Place, Serving, load, micro};
use super::process::{number, program, run};

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Count {
    /// User-space instructions of an operation in one process.
    Instructions { case: &'static str, operations: [u64; 2] },
    /// The same of a server, for each request.
    ServerInstructions(Requests),
    /// Allocations of an operation.
    Allocations { case: &'static str },
    /// Their bytes.
    AllocatedBytes { case: &'static str },
    /// Allocations of a server, for each request.
    ServerAllocations(Requests),
    /// Resident bytes of a task, of this many.
    TaskBytes { case: &'static str, tasks: u64 },
    /// Resident bytes of a connection that waits.
    ConnectionBytes,
    /// System calls of a server, for each request.
    Calls(Requests),
}

/// What a server is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requests {
    pub(super) mode: &'static str,
    pub(super) protocol: &'static str,
    pub(super) connections: usize,
    /// Of the shorter and of the longer run.
    pub(super) counts: [u64; 2],
    /// All connections send, then all receive: batches are the same each time.
    pub(super) lockstep: bool,
}

/// Counts it of this one.
pub(super) fn count(count: Count, peer: Peer) -> Result<f64, Failure> {
    match count {
        Count::Instructions { case, operations } => {
            difference(operations, |n| case_instructions(peer, case, n))
        }
        Count::ServerInstructions(requests) => {
            difference(requests.counts, |n| server_instructions(peer, requests, n))
        }
        Count::Allocations { case } => case_allocations(peer, case, "allocations"),
        Count::AllocatedBytes { case } => case_allocations(peer, case, "allocated_bytes"),
        Count::ServerAllocations(requests) => {
            difference(requests.counts, |n| server_allocations(peer, requests, n))
        }
        Count::TaskBytes { case, tasks } => {
            let (line, _) = run(micro(Command::new(program("micro")), peer, case, 1, tasks))?;
            number(&line, "resident_bytes")
        }
        Count::ConnectionBytes => difference([1_000, 5_000], |n| connection_bytes(peer, n)),
        Count::Calls(requests) => difference(requests.counts, |n| calls(peer, requests, n)),
    }
}

/// What one more costs.
fn difference(counts: [u64; 2], mut cost: impl FnMut(u64) -> Result<f64, Failure>) -> Result<f64, Failure> {
    let [fewer, more] = counts;
    Ok((cost(more)? - cost(fewer)?) / (more - fewer) as f64)
}

fn cachegrind(program: &std::path::Path) -> Command {
    let mut command = Command::new("valgrind");
    command.args(["--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"]).arg(program);
    command
}

fn case_instructions(peer: Peer, case: &str, operations: u64) -> Result<f64, Failure> {
    let (_, said) = run(micro(cachegrind(&program("micro")), peer, case, 1, operations))?;
    instructions(&said)
}

fn server_instructions(peer: Peer, requests: Requests, count: u64) -> Result<f64, Failure> {
    let command = cachegrind(&program("server"));
    let said = serve(peer, requests, count, command, |_| Ok(()))?;
    instructions(&said)
}

/// What cachegrind says at the end: `I   refs:      1,234`.
fn instructions(said: &str) -> Result<f64, Failure> {
    let line = said.lines().find(|line| line.contains("I ") && line.contains("refs:"));
    let digits = line.and_then(|line| line.rsplit(' ').next()).map(|word| word.replace(',', ""));
    let count = digits.and_then(|digits| digits.parse().ok());
    count.ok_or_else(|| Failure(format!("valgrind does not say how many instructions it has seen: {said}")))
}

fn case_allocations(peer: Peer, case: &str, name: &str) -> Result<f64, Failure> {
    difference([20_000, 60_000], |n| {
        let (line, _) = run(micro(Command::new(program("micro_allocations")), peer, case, 1, n))?;
        number(&line, name)
    })
}

fn server_allocations(peer: Peer, requests: Requests, count: u64) -> Result<f64, Failure> {
    let mut allocations = 0.0;
    serve(peer, requests, count, Command::new(program("server_allocations")), |line| {
        allocations = number(line, "allocations")?;
        Ok(())
    })?;
    Ok(allocations)
}

fn connection_bytes(peer: Peer, connections: u64) -> Result<f64, Failure> {
    let serving = Serving::one_worker(peer, "echo");
    let (mut server, address) = serving.start(Command::new(program("server")))?;
    let mut command = load(Place::Anywhere, address, "echo", usize::try_from(connections).expect("few"));
    command.args(["--idle", "true"]);
    let mut idle = super::process::Program::start(command)?;
    idle.line()?;
    server.tell("stats")?;
    let resident = number(&server.line()?, "resident_bytes")?;
    drop(idle);
    server.end()?;
    Ok(resident)
}

fn calls(peer: Peer, requests: Requests, count: u64) -> Result<f64, Failure> {
    let file = std::env::temp_dir().join(format!("fend-bench-calls-{}", std::process::id()));
    let mut command = Command::new("strace");
    command.args(["-f", "-q", "-c", "-o"]).arg(&file).arg(program("server"));
    let served = serve(peer, requests, count, command, |_| Ok(()));
    let table = fs::read_to_string(&file).unwrap_or_default();
    let _ = fs::remove_file(&file);
    served?;
    total_calls(&table)
}

/// The calls of all lines of what strace has counted: the fourth word of each.
fn total_calls(table: &str) -> Result<f64, Failure> {
    let numbers = table.lines().filter(|line| !line.trim_end().ends_with("total"));
    let calls = numbers.filter_map(|line| line.split_whitespace().nth(3)?.parse::<f64>().ok());
    let total: f64 = calls.sum();
    if total > 0.0 { Ok(total) } else { Err(Failure(format!("strace has counted nothing: {table}"))) }
}

/// Starts a server by this command, asks it, shows its figures after that, ends it, and gives what it wrote to standard error.
pub(super) fn serve(
    peer: Peer,
    requests: Requests,
    count: u64,
    command: Command,
    mut see: impl FnMut(&serde_json::Value) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let serving = Serving::one_worker(peer, requests.mode);
    let (mut server, address) = serving.start(command)?;
    let mut load = load(Place::Anywhere, address, requests.protocol, requests.connections);
    load.args(["--requests", &count.to_string(), "--patience", "60"]);
    if requests.lockstep {
        load.args(["--lockstep", "true"]);
    }
    let (report, said) = run(load)?;
    if number(&report, "errors")? > 0.0 {
        return Err(Failure(format!("{} of {} failed: {said}", report["errors"], requests.protocol)));
    }
    server.tell("stats")?;
    see(&server.line()?)?;
    server.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tools_say_is_understood() {
        let said = "==7== \n==7== I   refs:      12,345,678\n";
        assert_eq!(instructions(said).unwrap(), 12_345_678.0);
        assert!(instructions("nothing").is_err());
        let table = "% time     seconds  usecs/call     calls    errors syscall\n\
                     ------ ----------- ----------- --------- --------- ----------------\n \
                     60.00    0.000060           1        60           sendto\n \
                     40.00    0.000040           1        40         2 recvfrom\n\
                     ------ ----------- ----------- --------- --------- ----------------\n\
                     100.00    0.000100           1       100         2 total\n";
        assert_eq!(total_calls(table).unwrap(), 100.0);
        assert!(total_calls("").is_err());
    }

    #[test]
    fn what_one_more_costs() {
        assert_eq!(difference([10, 30], |n| Ok(1000.0 + 7.0 * n as f64)).unwrap(), 7.0);
    }
}
