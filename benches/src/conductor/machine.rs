//! What was measured, and on what.

use std::fs;
use std::process::Command;

/// Facts and their values, as a table shows them.
pub(super) fn facts() -> Vec<(&'static str, String)> {
    vec![
        ("processor", field("/proc/cpuinfo", "model name")),
        ("processors", std::thread::available_parallelism().map_or(1, usize::from).to_string()),
        ("memory", field("/proc/meminfo", "MemTotal")),
        ("Linux", read("/proc/sys/kernel/osrelease")),
        ("Rust", output("rustc", &["--version"])),
        ("profile", profile()),
        ("tokio", version("tokio")),
        ("smol", version("smol")),
        ("hyper", version("hyper")),
        ("OpenSSL", output("openssl", &["version"])),
        ("valgrind", output("valgrind", &["--version"])),
        ("date", output("date", &["--utc", "+%F"])),
    ]
}

fn profile() -> String {
    match super::profile_of_this().as_str() {
        "measured" => "`measured`: optimised, LTO over all crates, one unit of code".to_owned(),
        other => format!("`{other}`"),
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "-".to_owned(), |text| text.trim().to_owned())
}

/// The first line `name : value` of a file.
fn field(path: &str, name: &str) -> String {
    let text = read(path);
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix(':'));
    line.map_or_else(|| "-".to_owned(), |value| value.trim().to_owned())
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(|_| "-".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Of a crate, by the lock file that all was built with.
fn version(name: &str) -> String {
    let lock = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));
    let entry = format!("name = \"{name}\"\nversion = \"");
    let version = lock.split(&entry).nth(1).and_then(|rest| rest.split('"').next());
    version.unwrap_or("-").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        assert!(version("tokio").starts_with("1."), "{}", version("tokio"));
        assert_eq!(version("no such crate"), "-");
        assert!(facts().iter().all(|(_, value)| !value.contains('\n')));
    }
}
