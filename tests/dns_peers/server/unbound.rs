//! unbound: asks a server that has the zones, validates what is signed, and keeps the answers.

use std::net::SocketAddr;
use std::process::Command;

use super::{Server, Site};
use crate::zone::Zone;

#[derive(Debug)]
pub(crate) struct Unbound(pub(crate) Server);

impl Unbound {
    /// Starts it with `authority` as the server of `zones`. `anchor`: the keys of a signed zone, as a zone file has them.
    pub(crate) fn start(zones: &[Zone], authority: SocketAddr, anchor: &str) -> Unbound {
        Unbound(Server::start("unbound", None, |site| {
            let anchor = site.place.write("anchor", anchor);
            let configuration =
                site.place.write("unbound.conf", configuration(site, zones, authority, &anchor));
            let mut command = Command::new("unbound");
            command.args(["-d", "-d", "-p", "-c", &configuration]);
            command
        }))
    }
}

fn configuration(site: &Site, zones: &[Zone], authority: SocketAddr, anchor: &str) -> String {
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
    log-queries: yes
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
    # Local data of its own.
    local-zone: \"local.fend.\" static
    local-data: \"here.local.fend. 600 IN A 192.0.2.200\"
    local-data: \"here.local.fend. 600 IN AAAA 2001:db8::200\"
    local-data: \"here.local.fend. 600 IN TXT 'its own' 'data'\"
    # Names that it would otherwise answer by itself.
    local-zone: \"test.\" nodefault
    local-zone: \"2.0.192.in-addr.arpa.\" nodefault
    local-zone: \"8.b.d.0.1.0.0.2.ip6.arpa.\" nodefault
remote-control:
    control-enable: no
"
    );
    for zone in zones.iter().filter(|zone| zone.origin != ".") {
        let (origin, ip, port) = (&zone.origin, authority.ip(), authority.port());
        text += &format!("stub-zone:\n    name: \"{origin}\"\n    stub-addr: {ip}@{port}\n");
    }
    text
}
