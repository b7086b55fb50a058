//! Clients that know nothing of fend.

use std::env;
use std::io;
use std::process::ExitStatus;

use fend::process::Command;

/// Runs a client to its end: its status and what it says on either stream. `None` where it is not installed. Dropped, it kills the client.
pub(crate) async fn run_client(client: &str, arguments: &[&str]) -> io::Result<Option<(ExitStatus, String)>> {
    if !is_installed(client) {
        return Ok(None);
    }
    let output = Command::new(client).args(arguments).kill_on_drop(true).output().await?;
    let said = [output.stdout, output.stderr].concat();
    Ok(Some((output.status, String::from_utf8_lossy(&said).into_owned())))
}

/// Where it has to be installed it is.
fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|directory| directory.join(program).is_file());
    assert!(found || env::var_os("CI").is_none(), "{program} is not installed");
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}
