//! How many connections may be tried at once.

use std::fs;

/// Few enough that a host's network takes them well, and more than what waits for each other on this machine.
const USUAL: usize = 512;

/// For what else is open: standard streams, the runtime's own, the lookup's.
const RESERVED: usize = 32;

/// As many as are asked for, if this process may have so many descriptors.
pub(crate) fn concurrency(asked: Option<usize>) -> Result<usize, String> {
    let most = limit().map_or(USUAL, |limit| limit.saturating_sub(RESERVED));
    match asked {
        Some(asked) if asked > most => Err(format!(
            "--concurrency {asked}: this process may have {most} connections (ulimit -n, less {RESERVED})"
        )),
        Some(asked) => Ok(asked),
        None if most == 0 => Err(format!("fewer than {RESERVED} descriptors may be open (ulimit -n)")),
        None => Ok(most.min(USUAL)),
    }
}

/// The soft limit of open files. `None` when there is none, or it cannot be known.
fn limit() -> Option<usize> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
