//! The zones that the servers have, and the questions about them.

/// A zone, as a server reads it.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    /// With a dot at its end.
    pub(crate) origin: String,
    pub(crate) text: String,
    /// The server makes keys for it, and signs it.
    pub(crate) is_signed: bool,
}

impl Zone {
    /// `records` without SOA and NS.
    pub(crate) fn new(origin: &str, records: &str) -> Zone {
        let text = format!("$ORIGIN {origin}\n$TTL 300\n{HEAD}{records}");
        Zone { origin: origin.to_owned(), text, is_signed: false }
    }

    pub(crate) fn file(&self) -> String {
        format!("zone-{}", self.origin.trim_end_matches('.'))
    }
}

/// A "no" may be kept for 1 s: the least of the two.
const HEAD: &str = "@ 60 SOA ns1.fend.test. host\\.master.fend.test. 2024010101 7200 3600 1209600 1
@ NS ns1.fend.test.
@ NS ns2.fend.test.
";

/// Records that stand for themselves.
const RECORDS: &str = r#"
ns1 A 127.0.0.1
ns1 AAAA ::1
ns2 A 127.0.0.1
a 77 A 192.0.2.1
a3 A 192.0.2.1
a3 A 198.51.100.9
a3 A 10.0.0.3
aaaa 99 AAAA 2001:db8::1
aaaa 99 AAAA 2001:db8:0:0:1::1
aaaa 99 AAAA fe80::1
aaaa 99 AAAA ::
mapped AAAA ::ffff:192.0.2.9
both A 192.0.2.2
both AAAA 2001:db8::2
MiXed-Case A 192.0.2.3
c1 100 CNAME c2
c2 50 CNAME C3
c3 200 CNAME both
c-out CNAME target.other.test.
c-nowhere CNAME nowhere.other.test.
c-nodata CNAME txt
loop1 CNAME loop2
loop2 CNAME loop1
@ MX 10 mail
@ MX 20 mail2.other.test.
@ A 192.0.2.80
no-mail MX 0 .
txt TXT "plain"
txt TXT "several" "strings" "" "of one record"
txt TXT "say \"hi\" \\ ; and ( ) @ $"
txt TXT "\195\188\000\127\255 bytes"
txt TXT "tab\009 and line\010"
txt TXT ""
_sip._tcp SRV 1 2 5060 both
_sip._tcp SRV 65535 0 65535 A3
_none._tcp SRV 0 0 0 .
caa CAA 0 issue "ca.example; policy=ev"
caa CAA 128 iodef "mailto:security@fend.test"
caa CAA 0 issuewild ";"
caa CAA 0 issue "with \"quotes\" and \\ "
https HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1
https HTTPS 2 other.fend.test. port=8443
https-alias HTTPS 0 https
svcb SVCB 1 svc mandatory=alpn,port alpn=h2,h3 no-default-alpn port=853 ipv4hint=192.0.2.3 ech=AEX+DQBBpQAgACB/RU5hyx7P22XbB0d6rdWs ipv6hint=2001:db8::3,2001:db8::4
svcb SVCB 3 . alpn=dot key7=/dns-query{?dns}
svcb SVCB 4 . key65333="an own key\255"
svcb SVCB 5 . key667
_dns SVCB 0 svc
*.wild A 192.0.2.77
*.wild TXT "from the wildcard"
not.wild AAAA 2001:db8::77
leaf.empty A 192.0.2.78
we\.ird A 192.0.2.81
sp\032ace A 192.0.2.82
b\255in A 192.0.2.83
to-weird CNAME b\255in
mx-weird MX 5 sp\032a\.ce\(\)\;\"\@\$
sub NS ns.sub
ns.sub A 127.0.0.9
dead NS ns.dead.other.test.
long-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-0123 A 192.0.2.84
type65280 TYPE65280 \# 5 0102030405
"#;

/// Records whose sizes matter.
fn sized() -> String {
    let mut text = String::new();
    // About 1,000 bytes: too much for a datagram without EDNS, and not with it.
    for n in 1..=60 {
        text += &format!("many A 198.18.0.{n}\n");
    }
    // Too much for any datagram that is asked for.
    for n in 1..=250 {
        text += &format!("more A 198.18.1.{n}\n");
    }
    for n in 0..200 {
        text += &format!("large TXT \"{n}:{}\"\n", "x".repeat(200));
    }
    // Near the 64 KiB that a message has at most, by strings as long as they may be.
    for n in 0..120 {
        text += &format!("huge TXT \"{n:03}{}\" \"{}\"\n", "y".repeat(252), "z".repeat(255));
    }
    text
}

/// The zone that most of the tests ask about.
fn main_zone() -> Zone {
    Zone::new("fend.test.", &[RECORDS, &sized()].concat())
}

/// Every zone.
pub(crate) fn zones() -> Vec<Zone> {
    let other = "target A 192.0.2.90\ntarget AAAA 2001:db8::90\nmail2 A 192.0.2.91\nonly.here A 192.0.2.92\n";
    let v4 = "1 PTR a.fend.test.\n2 PTR both.fend.test.\n2 PTR second.fend.test.\n7 CNAME 7.0-31\n7.0-31 PTR classless.fend.test.\n";
    let zero = |n: usize| vec!["0"; n].join(".");
    let v6 = format!("1.{0} PTR aaaa.fend.test.\n2.{0} PTR both.fend.test.\n", zero(23));
    let signed = "a A 192.0.2.100\ntxt TXT \"signed\"\n";
    let root = "fend.test. NS ns1.fend.test.\nother.test. NS ns1.fend.test.\nexample. NS ns.example.\nns.example. A 192.0.2.53\n";
    vec![
        main_zone(),
        Zone::new("other.test.", other),
        Zone::new("2.0.192.in-addr.arpa.", v4),
        Zone::new("8.b.d.0.1.0.0.2.ip6.arpa.", &v6),
        Zone { is_signed: true, ..Zone::new("signed.test.", signed) },
        Zone::new(".", root),
    ]
}

/// Names below fend.test, or with a dot at their end as they are, and types, which have records.
pub(crate) const WITH_RECORDS: &[(&str, &str)] = &[
    ("a", "A"),
    ("a3", "A"),
    ("A3", "A"),
    ("aaaa", "AAAA"),
    ("mapped", "AAAA"),
    ("both", "A"),
    ("both", "AAAA"),
    ("mixed-case", "A"),
    ("MIXED-CASE", "A"),
    ("c1", "A"),
    ("c1", "AAAA"),
    ("c1", "CNAME"),
    ("c2", "CNAME"),
    ("c-out", "A"),
    ("c-out", "AAAA"),
    ("c-nodata", "TXT"),
    ("fend.test.", "MX"),
    ("fend.test.", "A"),
    ("fend.test.", "NS"),
    ("fend.test.", "SOA"),
    ("no-mail", "MX"),
    ("txt", "TXT"),
    ("_sip._tcp", "SRV"),
    ("_none._tcp", "SRV"),
    ("caa", "CAA"),
    ("https", "HTTPS"),
    ("https-alias", "HTTPS"),
    ("svcb", "SVCB"),
    ("_dns", "SVCB"),
    ("anything.wild", "A"),
    ("some.thing.wild", "TXT"),
    ("not.wild", "AAAA"),
    ("leaf.empty", "A"),
    ("we\\.ird", "A"),
    ("sp\\032ace", "A"),
    ("b\\255in", "A"),
    ("to-weird", "A"),
    ("mx-weird", "MX"),
    ("long-abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-0123", "A"),
    ("type65280", "TYPE65280"),
    ("many", "A"),
    ("more", "A"),
    ("large", "TXT"),
    ("huge", "TXT"),
    ("1.2.0.192.in-addr.arpa.", "PTR"),
    ("2.2.0.192.in-addr.arpa.", "PTR"),
    ("7.2.0.192.in-addr.arpa.", "PTR"),
    ("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.", "PTR"),
    ("other.test.", "SOA"),
    ("signed.test.", "NS"),
    ("a.signed.test.", "A"),
];

/// Those that have none, though the name exists.
pub(crate) const WITHOUT_RECORDS: &[(&str, &str)] = &[
    ("a", "AAAA"),
    ("aaaa", "A"),
    ("txt", "A"),
    ("c-nodata", "A"),
    ("empty", "A"),
    ("wild", "A"),
    ("not.wild", "A"),
    ("anything.wild", "MX"),
    ("fend.test.", "SRV"),
];

/// Those whose name does not exist.
pub(crate) const WITHOUT_NAME: &[(&str, &str)] = &[
    ("nowhere", "A"),
    ("nowhere", "TXT"),
    ("below.a", "A"),
    ("below.not.wild", "A"),
    ("c-nowhere", "A"),
    ("99.2.0.192.in-addr.arpa.", "PTR"),
];

/// The whole name of an entry above.
pub(crate) fn whole(name: &str) -> String {
    if name.ends_with('.') { name.to_owned() } else { format!("{name}.fend.test.") }
}
