//! What came of a lookup, in a form that can be compared.

use std::net::IpAddr;
use std::process::Command;

use fend::dns::{AddrInfo, AddrList, Hints, LookupError, Resolver};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Each address with its type of socket and its protocol, and the canonical name.
    Found { list: Vec<AddrInfo>, canonical: Option<String> },
    /// The kind of the error.
    Failed(&'static str),
}

impl Outcome {
    pub(crate) fn of(result: Result<AddrList, LookupError>) -> Outcome {
        match result {
            Ok(list) => Outcome::Found {
                list: once(list.iter().copied()),
                canonical: list.canonical_name().map(str::to_owned),
            },
            Err(error) => Outcome::Failed(kind(&error)),
        }
    }

    /// The addresses in their order; none after an error.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        match self {
            Outcome::Found { list, .. } => once(list.iter().map(AddrInfo::ip)),
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
        () => "other",
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
    // getaddrinfo says of some names that exist that there is no such name: when their addresses are behind a CNAME, or when the machine
    // has no address of that family itself.
    let vague = ours == Outcome::Failed("no data") && theirs == Outcome::Failed("not found");
    (ours != theirs && !vague)
        .then(|| format!("{name} {service} {hints:?}:\n  native {ours:?}\n  system {theirs:?}"))
}

/// Each in its first place. glibc repeats an address that stands in the hosts file twice, and the native path does not.
fn once<T: PartialEq>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut first = Vec::new();
    for one in all {
        if !first.contains(&one) {
            first.push(one);
        }
    }
    first
}

/// The addresses that `getent ahosts` prints.
pub(crate) async fn getent(name: &str) -> Vec<IpAddr> {
    let name = name.to_owned();
    let output = fend::spawn_blocking(move || Command::new("getent").args(["ahosts", &name]).output());
    let output = output.await.expect("no panic").expect("getent");
    let printed = String::from_utf8(output.stdout).expect("text");
    let streams = printed.lines().filter(|line| line.contains("STREAM"));
    let texts = streams.filter_map(|line| line.split_whitespace().next()?.split('%').next());
    once(texts.map(|text| text.parse().unwrap_or_else(|_| panic!("no address: {text}"))))
}
