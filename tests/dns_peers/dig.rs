//! What `dig` says.

use std::net::SocketAddr;
use std::process::Command;

/// Asks `server`, with further arguments, and gives what dig prints.
pub(crate) fn dig(server: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new("dig");
    // Nobody's settings, and no names that dig would translate.
    command.args(["-r", "+noidnin", "+noidnout", "+tries=2", "+time=5"]);
    command.args([format!("@{}", server.ip()), "-p".into(), server.port().to_string()]).args(arguments);
    let output = command.output().expect("dig");
    let printed = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{command:?}: {}\n{printed}", output.status);
    printed
}

/// The lines of `dig +short`, sorted.
pub(crate) fn short(server: SocketAddr, name: &str, record_type: &str) -> Vec<String> {
    let printed = dig(server, &["+short", name, record_type]);
    assert!(!printed.contains(";;"), "{name} {record_type}: {printed}");
    let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

/// The flags and the status of an answer: "qr aa tc rd", "NXDOMAIN".
pub(crate) fn header(server: SocketAddr, arguments: &[&str]) -> (String, String) {
    let printed = dig(server, arguments);
    let after =
        |start: &str| printed.split_once(start).unwrap_or_else(|| panic!("no {start:?} in {printed}")).1;
    let until = |text: &str, end: char| text.split(end).next().unwrap_or_default().to_owned();
    (until(after("flags: "), ';'), until(after("status: "), ','))
}
