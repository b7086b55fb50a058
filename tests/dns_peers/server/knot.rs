//! knot: has the zones of [`crate::zone`], and counts what it is asked.

use std::collections::HashMap;
use std::process::Command;

use super::{Server, Site};
use crate::zone::Zone;

#[derive(Debug)]
pub(crate) struct Knot(pub(crate) Server);

impl Knot {
    /// Starts it with these zones, on this port or on a free one.
    pub(crate) fn start(zones: &[Zone], port: Option<u16>) -> Knot {
        Knot(Server::start("knot", port, |site| {
            for zone in zones {
                site.place.write(&zone.file(), &zone.text);
            }
            let configuration = site.place.write("knot.conf", configuration(site, zones));
            let mut command = Command::new("knotd");
            command.args(["-c", &configuration]);
            command
        }))
    }

    /// What it has counted, by name: "request-protocol\[tcp4\]".
    pub(crate) fn counts(&self) -> Counts {
        let mut command = Command::new("knotc");
        command.args(["-s", &self.0.file("knot.sock"), "stats", "mod-stats"]);
        let output = command.output().expect("knotc");
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).expect("text");
        let pairs = printed.lines().filter_map(|line| line.strip_prefix("mod-stats.")?.split_once(" = "));
        Counts(pairs.map(|(name, count)| (name.to_owned(), count.parse().expect("a count"))).collect())
    }
}

/// What a server has counted.
#[derive(Debug)]
pub(crate) struct Counts(HashMap<String, u64>);

impl Counts {
    /// 0 unless it is there.
    pub(crate) fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Questions that came by TCP.
    pub(crate) fn tcp(&self) -> u64 {
        self.of("request-protocol[tcp4]") + self.of("request-protocol[tcp6]")
    }

    /// Questions that came by UDP.
    pub(crate) fn udp(&self) -> u64 {
        self.of("request-protocol[udp4]") + self.of("request-protocol[udp6]")
    }

    pub(crate) fn all(&self) -> u64 {
        self.tcp() + self.udp()
    }
}

fn configuration(site: &Site, zones: &[Zone]) -> String {
    let (port, directory) = (site.port, site.place.path().display());
    let mut text = format!(
        "server:
    rundir: {directory}
    listen: [127.0.0.1@{port}, \"::1@{port}\"]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {directory}
    journal-db-max-size: 20M
    kasp-db-max-size: 20M
    timer-db-max-size: 5M
control:
    listen: {directory}/knot.sock
log:
  - target: stderr
    any: info
mod-stats:
  - id: all
    query-type: on
    flag-presence: on
    edns-presence: on
template:
  - id: default
    storage: {directory}
    global-module: mod-stats/all
    semantic-checks: off
    zonefile-sync: -1
    zonefile-load: whole
zone:
"
    );
    for zone in zones {
        let signed = if zone.is_signed { "on" } else { "off" };
        text += &format!(
            "  - domain: \"{}\"\n    file: \"{}\"\n    dnssec-signing: {signed}\n",
            zone.origin,
            zone.file()
        );
    }
    text
}
