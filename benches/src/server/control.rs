//! How the server is spoken to from outside: its address on stdout, questions on stdin.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::thread;

use super::connections;
use crate::{allocations, sys};

/// Tells the address, and begins to listen to stdin, on a thread that otherwise sleeps.
pub(super) fn start(address: SocketAddr) -> io::Result<()> {
    say(&format!("{{\"address\":\"{address}\"}}"))?;
    thread::Builder::new().name("control".to_owned()).spawn(|| {
        let result = answer();
        if let Err(error) = &result {
            eprintln!("stdin and stdout: {error}");
        }
        // As a program ends, not as one is killed: valgrind then says what it has counted.
        std::process::exit(i32::from(result.is_err()));
    })?;
    Ok(())
}

/// Until the end of stdin.
fn answer() -> io::Result<()> {
    for line in io::stdin().lines() {
        match line?.as_str() {
            "stats" => say(&stats()?)?,
            other => eprintln!("{other:?} means nothing; there is \"stats\""),
        }
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn stats() -> io::Result<String> {
    let cpu_seconds = sys::process_cpu().as_secs_f64();
    let resident = resident_bytes()?;
    let allocations::Allocations { count, bytes } = allocations::total();
    let (accepted, closed) = connections::counts();
    Ok(format!(
        "{{\"cpu_seconds\":{cpu_seconds},\"resident_bytes\":{resident},\"allocations\":{count},\
         \"allocated_bytes\":{bytes},\"accepted\":{accepted},\"closed\":{closed}}}"
    ))
}

/// `Rss` of /proc/self/smaps_rollup, which counts pages; `VmRSS` of /proc/self/status may be some dozen pages off.
fn resident_bytes() -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let kibibytes = text.lines().find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix("kB"));
    let kibibytes = kibibytes.and_then(|number| number.trim().parse::<u64>().ok());
    kibibytes.map(|number| number * 1_024).ok_or_else(|| io::Error::other("smaps_rollup has no Rss"))
}
