//! How cost grows with the number of connections, sleeps and tasks.

use super::Failure;
use super::peers::{FEND, Peer, Place, RAW, RUNTIMES, SMOL, Serving, TOKIO, micro};
use super::process::{number, program, run};
use super::progress::Progress;
use super::rounds::request_costs;
use super::rows::{Placement, Traffic};
use super::statistics::Samples;

/// Cost by size.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    pub(super) name: &'static str,
    pub(super) points: Vec<(u64, f64)>,
}

/// Curves that are drawn together.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) x: &'static str,
    pub(super) y: &'static str,
    pub(super) curves: Vec<Curve>,
}

const CONNECTIONS: &[u64] = &[1, 50, 1_000, 5_000];
const SLEEPS: &[u64] = &[10_000, 100_000, 1_000_000];
const TASKS: &[u64] = &[1_000, 10_000, 100_000, 1_000_000];
const ECHO: &[Peer] = &[RAW, TOKIO, SMOL, FEND];
const DRIVERS: &[(&str, usize)] = &[("one driver", 1), ("a driver for each worker", 2)];

/// Samples at each point.
const SAMPLES: usize = 3;

/// How many steps [`measure`] has.
pub(super) const STEPS: usize = SAMPLES
    * (ECHO.len() * CONNECTIONS.len()
        + DRIVERS.len() * CONNECTIONS.len()
        + RUNTIMES.len() * (SLEEPS.len() + TASKS.len()));

/// All charts.
pub(super) fn measure(progress: &mut Progress) -> Result<Vec<Chart>, Failure> {
    Ok(vec![
        echo(progress)?,
        drivers(progress)?,
        case("sleeps", SLEEPS, progress)?,
        case("spawn", TASKS, progress)?,
    ])
}

fn traffic(connections: u64, workers: usize) -> Traffic {
    let placement = if workers == 1 { Placement::Apart } else { Placement::Free };
    let connections = usize::try_from(connections).expect("few");
    Traffic {
        mode: "echo",
        protocol: "echo",
        connections,
        requests: 0,
        placement,
        workers,
        batch: 0,
        peers: ECHO,
    }
}

/// One connection is slow, since nothing is ever waiting.
fn requests(connections: u64) -> u64 {
    if connections == 1 { 20_000 } else { 100_000 }
}

fn echo(progress: &mut Progress) -> Result<Chart, Failure> {
    let curves = curves(ECHO.iter().map(|peer| (peer.name, *peer)), CONNECTIONS, |peer, connections| {
        progress.step(&format!("growth: echo of {}, {connections} connections", peer.name));
        let serving = Serving::one_worker(*peer, "echo");
        Ok(request_costs(serving, traffic(connections, 1), requests(connections))?.0)
    })?;
    Ok(Chart {
        name: "growth-echo",
        title: "Echo: CPU of the server per request",
        x: "connections",
        y: "microseconds",
        curves,
    })
}

fn drivers(progress: &mut Progress) -> Result<Chart, Failure> {
    let curves = curves(DRIVERS.iter().copied(), CONNECTIONS, |drivers, connections| {
        progress.step(&format!("growth: echo of fend, {drivers} drivers, {connections} connections"));
        let serving = Serving { workers: 2, drivers: *drivers, ..Serving::one_worker(FEND, "echo") };
        Ok(request_costs(serving, traffic(connections, 2), requests(connections))?.0)
    })?;
    Ok(Chart {
        name: "growth-drivers",
        title: "Echo of fend with two workers, nothing pinned: CPU per request",
        x: "connections",
        y: "microseconds",
        curves,
    })
}

fn case(case: &'static str, sizes: &[u64], progress: &mut Progress) -> Result<Chart, Failure> {
    let curves = curves(RUNTIMES.iter().map(|peer| (peer.name, *peer)), sizes, |peer, size| {
        progress.step(&format!("growth: {case} of {}, {size}", peer.name));
        let (line, _) = run(micro(Place::Core(0).command(program("micro")), *peer, case, 1, size))?;
        number(&line, "cpu_nanoseconds")
    })?;
    let (title, x) = match case {
        "sleeps" => ("Tasks that sleep, all at once, over one second: CPU of each", "sleeps"),
        _ => ("Tasks that are spawned, then awaited: CPU of each", "tasks"),
    };
    let name = if case == "sleeps" { "growth-sleeps" } else { "growth-tasks" };
    Ok(Chart { name, title, x, y: "nanoseconds", curves })
}

/// A median for each peer and size.
fn curves<P>(
    peers: impl Iterator<Item = (&'static str, P)>,
    sizes: &[u64],
    mut cost: impl FnMut(&P, u64) -> Result<f64, Failure>,
) -> Result<Vec<Curve>, Failure> {
    peers
        .map(|(name, peer)| {
            let points = sizes.iter().map(|&size| {
                let mut samples = Samples::default();
                for _ in 0..SAMPLES {
                    samples.add(cost(&peer, size)?);
                }
                Ok((size, samples.median()))
            });
            Ok(Curve { name, points: points.collect::<Result<_, Failure>>()? })
        })
        .collect()
}
