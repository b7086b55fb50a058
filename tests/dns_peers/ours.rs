//! The resolver under test, and its answers as lines of text.

use std::net::SocketAddr;

use fend::dns::{LookupError, NameServer, Path, RecordType, Records, Resolver, ResolverBuilder};

/// Asks `server` alone: no file of the machine has a say.
pub(crate) fn asking(server: impl Into<NameServer>) -> ResolverBuilder {
    let nothing = "/dev/null";
    Resolver::builder()
        .path(Path::Native)
        .resolv_conf(nothing)
        .hosts(nothing)
        .nsswitch(nothing)
        .gai_conf(nothing)
        .name_server(server)
}

/// [`asking`], with all else as it comes.
pub(crate) fn resolver(server: SocketAddr) -> Resolver {
    asking(server).build().expect("a resolver")
}

/// The data of the chain of CNAMEs and of each record, as `dig +short` has it, sorted.
pub(crate) fn lines(records: &Records) -> Vec<String> {
    let mut lines: Vec<String> =
        records.chain().iter().chain(records.iter()).map(|record| record.data.to_string()).collect();
    lines.sort_unstable();
    lines
}

/// The lines for a name and a type, which is given as dig takes it.
pub(crate) async fn ask(
    resolver: &Resolver,
    name: &str,
    record_type: &str,
) -> Result<Vec<String>, LookupError> {
    resolver.records(name, parse(record_type)).await.map(|records| lines(&records))
}

pub(crate) fn parse(record_type: &str) -> RecordType {
    record_type.parse().unwrap_or_else(|error| panic!("{record_type}: {error}"))
}

/// The addresses of a host, as text in the order that they came.
pub(crate) async fn addresses(resolver: &Resolver, host: &str) -> Result<Vec<String>, LookupError> {
    let list = resolver.lookup(host, "").await?;
    Ok(list.socket_addrs().map(|address| address.ip().to_string()).collect())
}
