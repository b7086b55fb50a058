//! One name: the question, and the lines that answer it.

use std::fmt::Display;
use std::future::Future;
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use fend::dns::{LookupError, RecordType, Resolver};
use fend::time::timeout;

/// What is wanted of a word of the command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Addresses(String),
    Records(String, RecordType),
    NameOf(IpAddr),
}

impl Question {
    pub(crate) fn of(word: &str, record_type: Option<RecordType>) -> Question {
        match (record_type, word.parse()) {
            (Some(record_type), _) => Question::Records(word.to_owned(), record_type),
            (None, Ok(address)) => Question::NameOf(address),
            (None, Err(_)) => Question::Addresses(word.to_owned()),
        }
    }

    /// The lines to print, or what to complain of. Both name what was asked for.
    pub(crate) async fn ask(
        self,
        resolver: Resolver,
        limit: Option<Duration>,
    ) -> Result<Vec<String>, String> {
        match &self {
            Question::Addresses(name) => within(limit, name, addresses(&resolver, name)).await,
            Question::Records(name, record_type) => {
                within(limit, name, records(&resolver, name, *record_type)).await
            }
            Question::NameOf(address) => {
                let name = async { resolver.name_of(*address).await.map(|name| vec![name]) };
                within(limit, address, name).await
            }
        }
    }
}

async fn within(
    limit: Option<Duration>,
    subject: impl Display,
    lookup: impl Future<Output = Result<Vec<String>, LookupError>>,
) -> Result<Vec<String>, String> {
    let answer = match limit {
        None => lookup.await,
        Some(limit) => match timeout(limit, lookup).await {
            Ok(answer) => answer,
            Err(_) => return Err(format!("lookup {subject}: not over within {limit:?}")),
        },
    };
    answer.map_err(|error| error.to_string())
}

/// Address, family and name, as `getent ahosts` has them; each address once.
async fn addresses(resolver: &Resolver, name: &str) -> Result<Vec<String>, LookupError> {
    let found = resolver.lookup(name, "").await?;
    let addresses: Vec<String> = found.iter().map(|info| bare(info.socket_addr())).collect();
    let width = addresses.iter().map(String::len).max().unwrap_or_default();
    let line = |address: &String| {
        let family = if address.contains(':') { "IPv6" } else { "IPv4" };
        format!("{address:width$}  {family}  {name}")
    };
    Ok(addresses.iter().map(line).collect())
}

/// Without the port, but with the interface of a link-local one.
fn bare(address: SocketAddr) -> String {
    match address {
        SocketAddr::V6(address) if address.scope_id() != 0 => {
            format!("{}%{}", address.ip(), address.scope_id())
        }
        address => address.ip().to_string(),
    }
}

/// The aliases on the way too, as `dig +short` has them.
async fn records(
    resolver: &Resolver,
    name: &str,
    record_type: RecordType,
) -> Result<Vec<String>, LookupError> {
    let found = resolver.records(name, record_type).await?;
    Ok(found.chain().iter().chain(&*found).map(|record| record.data.to_string()).collect())
}

pub(crate) fn print(lines: &[String]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    for line in lines {
        writeln!(stdout, "{line}")?;
    }
    stdout.flush()
}
