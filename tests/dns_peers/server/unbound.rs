//! unbound: asks a server that has the zones, validates what is signed, and keeps the answers.

use std::net::SocketAddr;
use std::process::Command;

use super::{Server, Site};
use crate::zone::Zone;

#[derive(Debug)]
pub(crate) struct Unbound(pub(crate) Server);

impl Unbound {
    /// Starts it on this port or on a free one, with `authority` as the server of `zones`.
    pub(crate) fn start(zones: &[Zone], authority: SocketAddr, port: Option<u16>, own: Own) -> Unbound {
        Unbound(Server::start("unbound", port, |site| {
            let anchor = site.place.write("anchor", own.anchor);
            let configuration = configuration(site, zones, authority, &anchor, own.settings);
            let configuration = site.place.write("unbound.conf", configuration);
            let mut command = Command::new("unbound");
            command.args(["-d", "-d", "-p", "-c", &configuration]);
            command
        }))
    }
}

/// What one test has in it that another has not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own<'a> {
    /// The keys of signed zones, as a zone file has them.
    pub(crate) anchor: &'a str,
    /// Further lines of the "server" section.
    pub(crate) settings: &'a str,
}

fn configuration(site: &Site, zones: &[Zone], authority: SocketAddr, anchor: &str, settings: &str) -> String {
    let (port, directory) = (site.port, site.place.path().display());
    let mut text = format!(
        "server:
    interface: 127.0.0.1@{port}
    interface: ::1@{port}
    access-control: 127.0.0.0/8 allow
    access-control: ::1 allow
    chroot: \"\"
    username: \"\"
    pidfile: \"\"
    directory: \"{directory}\"
    use-syslog: no
    logfile: \"\"
    verbosity: 1
    do-daemonize: no
    num-threads: 1
    outgoing-range: 4096
    num-queries-per-thread: 4096
    so-rcvbuf: 0
    do-not-query-localhost: no
    module-config: \"validator iterator\"
    trust-anchor-file: \"{anchor}\"
    rrset-roundrobin: no
    minimal-responses: no
    # Names that it would otherwise answer by itself.
    local-zone: \"test.\" nodefault
    local-zone: \"2.0.192.in-addr.arpa.\" nodefault
    local-zone: \"8.b.d.0.1.0.0.2.ip6.arpa.\" nodefault
{settings}
remote-control:
    control-enable: no
"
    );
    for zone in zones {
        let (origin, ip, port) = (&zone.origin, authority.ip(), authority.port());
        text += &format!("stub-zone:\n    name: \"{origin}\"\n    stub-addr: {ip}@{port}\n");
    }
    text
}
