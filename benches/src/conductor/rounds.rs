//! What is timed: rounds in which the peers take turns, each sample between two calibrations.

use std::collections::BTreeMap;
use std::process::Command;

use super::Failure;
use super::calibration::{agree, round_trip};
use super::peers::{Peer, Place, Serving, load, micro};
use super::process::{Program, number, program, run};
use super::progress::Progress;
use super::rows::{Placement, Subject, Timed, Traffic};
use super::statistics::Samples;

/// Tries for a sample whose calibrations agree.
const TRIES: usize = 3;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amount {
    pub(super) rounds: usize,
    /// Part of the requests and operations of a row.
    pub(super) part: f64,
}

/// A sample, and what the machine was like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) value: f64,
    /// 99th percentile of the latency, where there is one.
    pub(super) p99: Option<f64>,
    /// The cache line's round trip before and after.
    pub(super) calibration: [Option<f64>; 2],
}

/// All samples of a row, by the peer's name.
pub(super) type Row = BTreeMap<&'static str, Vec<Sample>>;

/// Who takes part in a row.
pub(super) fn peers(timed: &Timed) -> Vec<Peer> {
    match timed.subject {
        Subject::Server(traffic) => traffic.peers.to_vec(),
        Subject::Case { .. } => super::peers::RUNTIMES.to_vec(),
        Subject::Tail { .. } => Vec::new(),
    }
}

/// Runs the rounds of one row.
pub(super) fn measure(timed: &Timed, amount: Amount, progress: &mut Progress) -> Result<Row, Failure> {
    let mut row = Row::new();
    let peers = peers(timed);
    for round in 0..amount.rounds {
        // Nobody always follows the same one.
        for place in 0..peers.len() {
            let peer = peers[(place + round) % peers.len()];
            progress.step(&format!(
                "{}, round {} of {}, {}",
                timed.name,
                round + 1,
                amount.rounds,
                peer.name
            ));
            let sample = bracketed(|| sample(timed.subject, peer, amount.part))?;
            row.entry(peer.name).or_default().push(sample);
        }
    }
    Ok(row)
}

/// A sample whose calibrations agree, if there is one in a few tries; else the last one.
fn bracketed(mut sample: impl FnMut() -> Result<(f64, Option<f64>), Failure>) -> Result<Sample, Failure> {
    let mut before = round_trip();
    for left in (0..TRIES).rev() {
        let (value, p99) = sample()?;
        let after = round_trip();
        if left == 0 || agree(before, after) {
            return Ok(Sample { value, p99, calibration: [before, after] });
        }
        before = after;
    }
    unreachable!("the last try returns")
}

fn sample(subject: Subject, peer: Peer, part: f64) -> Result<(f64, Option<f64>), Failure> {
    match subject {
        Subject::Server(traffic) => server(traffic, peer, part),
        Subject::Case { case, workers, operations, figure, factor, .. } => {
            // How many sleep at once is what that row is about.
            let part = if case == "sleeps" { 1.0 } else { part };
            let place =
                if workers == 1 && !case.starts_with("blocking") { Place::Core(0) } else { Place::Anywhere };
            let operations = (operations as f64 * part) as u64;
            let (line, _) = run(micro(place.command(program("micro")), peer, case, workers, operations))?;
            Ok((number(&line, figure)? * factor, None))
        }
        Subject::Tail { .. } => unreachable!("it has no samples of its own"),
    }
}

/// Processor time of a server for each request, in microseconds, and the client's 99th percentile.
pub(super) fn server(traffic: Traffic, peer: Peer, part: f64) -> Result<(f64, Option<f64>), Failure> {
    let serving =
        Serving { workers: traffic.workers, batch: traffic.batch, ..Serving::one_worker(peer, traffic.mode) };
    let requests = ((traffic.requests as f64 * part) as u64).max(1);
    request_costs(serving, traffic, requests)
}

/// The same of a server that is set in another way.
pub(super) fn request_costs(
    serving: Serving,
    traffic: Traffic,
    requests: u64,
) -> Result<(f64, Option<f64>), Failure> {
    let (here, there) = match traffic.placement {
        Placement::Apart => (Place::Core(0), Place::Core(1)),
        Placement::Together => (Place::Core(0), Place::Core(0)),
        Placement::Free => (Place::Anywhere, Place::Anywhere),
    };
    let (mut server, address) = serving.start(here.command(program("server")))?;
    let mut command: Command = load(there, address, traffic.protocol, traffic.connections);
    command.args([
        "--requests",
        &requests.to_string(),
        "--warmup",
        &(requests / 10).to_string(),
        "--wait",
        "true",
    ]);
    let mut load = Program::start(command)?;
    load.line()?;
    let before = cpu(&mut server)?;
    load.tell("go")?;
    let report = load.line()?;
    let after = cpu(&mut server)?;
    let said = load.end()?;
    server.end()?;
    let (errors, answered) = (number(&report, "errors")?, number(&report, "requests")?);
    if errors > 0.0 || answered < 1.0 {
        return Err(Failure(format!(
            "{errors} errors, {answered} answers from {}: {said}",
            serving.peer.name
        )));
    }
    Ok(((after - before) * 1e6 / answered, Some(number(&report, "p99")?)))
}

fn cpu(server: &mut Program) -> Result<f64, Failure> {
    server.tell("stats")?;
    number(&server.line()?, "cpu_seconds")
}

/// The samples of the state in which most of the row's were taken, and how many were set apart.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) values: BTreeMap<&'static str, Samples>,
    pub(super) tails: BTreeMap<&'static str, Samples>,
    pub(super) apart: usize,
}

/// Chooses them.
pub(super) fn compare(row: &Row) -> Compared {
    let all = || row.values().flatten();
    let same = |sample: &Sample, state: &Sample| {
        agree(sample.calibration[0], state.calibration[0])
            && agree(sample.calibration[1], state.calibration[1])
    };
    let state = all().max_by_key(|state| all().filter(|sample| same(sample, state)).count());
    let mut compared = Compared::default();
    let Some(state) = state else { return compared };
    for (name, samples) in row {
        for sample in samples {
            if same(sample, state) {
                compared.values.entry(name).or_default().add(sample.value);
                sample.p99.into_iter().for_each(|p99| compared.tails.entry(name).or_default().add(p99));
            } else {
                compared.apart += 1;
            }
        }
    }
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(value: f64, calibration: f64) -> Sample {
        Sample { value, p99: None, calibration: [Some(calibration); 2] }
    }

    #[test]
    fn only_one_state_is_compared() {
        let row = Row::from([
            ("raw", vec![sample(4.0, 80.0), sample(6.0, 390.0), sample(4.2, 85.0)]),
            ("fend", vec![sample(6.1, 380.0), sample(4.1, 90.0)]),
        ]);
        let compared = compare(&row);
        assert_eq!(compared.apart, 2);
        assert_eq!(compared.values["raw"].sorted(), [4.0, 4.2]);
        assert_eq!(compared.values["fend"].sorted(), [4.1]);
    }

    #[test]
    fn a_sample_is_repeated_while_the_machine_changes_and_taken_in_the_end() {
        let mut tries = 0;
        let taken = bracketed(|| {
            tries += 1;
            Ok((f64::from(tries), None))
        });
        assert_eq!(taken.unwrap().value, f64::from(tries));
        assert!(tries <= 3);
    }
}
