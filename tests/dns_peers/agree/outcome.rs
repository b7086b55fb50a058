//! What came of a lookup, in a form that can be compared.

use std::process::Command;

use fend::dns::{AddrList, Hints, LookupError, Resolver};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Each address with its type of socket and its protocol, and the canonical name.
    Found { list: Vec<String>, addresses: Vec<String>, canonical: Option<String> },
    /// The kind of the error.
    Failed(&'static str),
}

impl Outcome {
    pub(crate) fn of(result: Result<AddrList, LookupError>) -> Outcome {
        match result {
            Ok(list) => Outcome::Found {
                list: list.iter().map(|info| format!("{info:?}")).collect(),
                addresses: list.socket_addrs().map(|address| address.to_string()).collect(),
                canonical: list.canonical_name().map(str::to_owned),
            },
            Err(error) => Outcome::Failed(kind(&error)),
        }
    }

    /// The addresses in their order; none after an error.
    pub(crate) fn addresses(&self) -> Vec<String> {
        match self {
            Outcome::Found { addresses, .. } => addresses.clone(),
            Outcome::Failed(_) => Vec::new(),
        }
    }
}

/// The only word for an error in which both paths agree: their texts name different things.
fn kind(error: &LookupError) -> &'static str {
    match () {
        () if error.is_not_found() => "not found",
        () if error.is_no_data() => "no data",
        () if error.is_invalid_input() => "invalid",
        () if error.is_try_again() => "try again",
        () if error.is_timeout() => "timeout",
        () if error.is_refused() => "refused",
        () => panic!("{error}"),
    }
}

/// Asks both, and tells how they differ.
pub(crate) async fn compare(
    native: &Resolver,
    system: &Resolver,
    name: &str,
    service: &str,
    hints: Hints,
) -> Option<String> {
    let ours = Outcome::of(native.lookup(name, service).hints(hints).await);
    let theirs = Outcome::of(system.lookup(name, service).hints(hints).await);
    (ours != theirs).then(|| format!("{name} {service} {hints:?}:\n  native {ours:?}\n  system {theirs:?}"))
}

/// The addresses that `getent ahosts` prints, with port 0.
pub(crate) async fn getent(name: &str) -> Vec<String> {
    let name = name.to_owned();
    let output = fend::spawn_blocking(move || Command::new("getent").args(["ahosts", &name]).output());
    let output = output.await.expect("no panic").expect("getent");
    let printed = String::from_utf8(output.stdout).expect("text");
    let streams = printed.lines().filter(|line| line.contains("STREAM"));
    let addresses = streams.filter_map(|line| line.split_whitespace().next());
    addresses.map(|address| if address.contains(':') { format!("[{address}]:0") } else { format!("{address}:0") }).collect()
}
