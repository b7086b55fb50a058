//! From the hosts of the command line to addresses that may be looked at.

use std::net::{IpAddr, SocketAddr};

use fend::dns::lookup;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    fn has(self, address: IpAddr) -> bool {
        address.is_ipv4() == (self == Family::V4)
    }
}

/// The addresses of all hosts, each once, in the order of the command line. The ports are 0.
pub(crate) async fn resolve(
    hosts: &[String],
    family: Option<Family>,
    allow_remote: bool,
) -> Result<Vec<SocketAddr>, String> {
    let mut addresses = Vec::new();
    for host in hosts {
        let found = lookup(host.as_str(), "").await.map_err(|error| error.to_string())?;
        let wanted = |address: &SocketAddr| family.is_none_or(|family| family.has(address.ip()));
        let mut of_host = found.iter().map(|info| info.socket_addr()).filter(wanted).peekable();
        if of_host.peek().is_none() {
            return Err(format!("{host} has no address of this family"));
        }
        for address in of_host {
            if !allow_remote && !is_this_machine(address.ip()) {
                return Err(refusal(host, address.ip()));
            }
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    Ok(addresses)
}

/// Loopback, also when it is written as IPv6.
fn is_this_machine(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn refusal(host: &str, address: IpAddr) -> String {
    let of_host = if host.parse() == Ok(address) { String::new() } else { format!(" ({address})") };
    format!(
        "{host}{of_host} is not a loopback address: with --allow-remote it is scanned all the same, which its owner must have agreed to"
    )
}
