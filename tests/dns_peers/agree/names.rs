//! Two hundred names with addresses of many kinds: a hundred in the hosts file, a hundred in a zone. The same at each run.

use std::fmt::Write;

use crate::zone::Zone;

/// Of each kind there are several, so that all rules of RFC 6724 have something to decide.
const V4: [&str; 16] = [
    "10.1.2.9",
    "10.1.2.200",
    "10.1.9.9",
    "10.99.0.1",
    "192.168.7.9",
    "192.168.10.9",
    "192.168.99.9",
    "192.0.2.1",
    "203.0.113.7",
    "100.64.1.1",
    "172.16.5.5",
    "127.0.0.1",
    "127.3.4.5",
    "169.254.1.9",
    // Without a route.
    "198.51.100.1",
    "198.51.100.77",
];

const V6: [&str; 22] = [
    "2001:db8:1::9",
    "2001:db8:1::ffff",
    "2001:db8:1:8000::9",
    "2001:db8:1:ffff::9",
    "2001:db8:2::9",
    "2001:db8:ffff::1",
    "2400:cb00::1",
    "2a00:1450:4001::5",
    "fd00:1::9",
    "fd00:2::9",
    "fdff::9",
    // Its only source address is deprecated.
    "2001:db8:9::9",
    // Link-local, and no interface is named.
    "fe80::9",
    // Without a route.
    "2001:db8:dead::1",
    "2001:db8:dead:beef::1",
    // 6to4, Teredo, site-local, 6bone.
    "2002:c000:201::1",
    "2002:a01:209::1",
    "2001::1",
    "2001:0:1::1",
    "fec0::1",
    "3ffe::1",
    "::192.0.2.9",
];

/// Of the zone alone: in a hosts file the C library takes them for IPv4, and in its own way when both families are asked for.
const OF_THE_ZONE: [&str; 3] = ["::1", "::ffff:192.0.2.1", "::ffff:10.1.2.9"];

#[derive(Debug)]
pub(crate) struct Names {
    pub(crate) all: Vec<String>,
    /// hosts(5).
    pub(crate) hosts: String,
    /// The origin is [`ORIGIN`].
    pub(crate) zone: Zone,
}

pub(crate) const ORIGIN: &str = "agree.test.";

pub(crate) fn names() -> Names {
    let mut dice = Dice(1);
    let (mut all, mut hosts, mut records) = (Vec::new(), String::from(HOSTS), String::new());
    for n in 0..100 {
        let name = format!("h{n}.hosts.test");
        for address in dice.addresses(n, &[]) {
            writeln!(hosts, "{address}\t{name} H{n} also-h{n}").expect("a String");
        }
        // By its name, by an alias, and by one with other letters.
        all.push([name, format!("also-h{n}"), format!("h{n}")][n % 3].clone());
    }
    for n in 0..100 {
        for address in dice.addresses(n, if n % 6 == 5 { &OF_THE_ZONE } else { &[] }) {
            let record_type = if address.contains(':') { "AAAA" } else { "A" };
            writeln!(records, "d{n} {record_type} {address}").expect("a String");
        }
        writeln!(records, "c{n} CNAME cc{n}\ncc{n} CNAME d{n}").expect("a String");
        // As a whole, by way of the search list, and by way of aliases.
        let ways =
            [format!("d{n}.agree.test"), format!("d{n}"), format!("c{n}"), format!("D{n}.agree.test.")];
        all.push(ways[n % 4].clone());
    }
    Names { all, hosts, zone: Zone::new(ORIGIN, &records) }
}

/// What every hosts file has, and what C takes in its own way.
const HOSTS: &str =
    "127.0.0.1 localhost\n::1 localhost ip6-localhost # and a comment\n\nnonsense\n1.2.3 short\n";

/// Numbers that look random (Knuth's multiplier for 64 bits).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn some(&mut self, count: usize, of: &[&'static str]) -> Vec<&'static str> {
        let mut chosen: Vec<&str> = Vec::new();
        while chosen.len() < count.min(of.len()) {
            let one = of[self.below(of.len())];
            if !chosen.contains(&one) {
                chosen.push(one);
            }
        }
        chosen
    }

    /// IPv4 alone, IPv6 alone, one of each, several of each, in any order.
    fn addresses(&mut self, n: usize, also: &[&'static str]) -> Vec<&'static str> {
        let (v4, v6) = match n % 6 {
            0 => (1, 0),
            1 => (0, 1),
            2 => (1, 1),
            3 => (1 + self.below(6), 0),
            4 => (0, 1 + self.below(8)),
            _ => (1 + self.below(6), 1 + self.below(8)),
        };
        let mut chosen = [self.some(v4, &V4), self.some(v6, &V6), self.some(1, also)].concat();
        for last in (1..chosen.len()).rev() {
            chosen.swap(last, self.below(last + 1));
        }
        chosen
    }
}
