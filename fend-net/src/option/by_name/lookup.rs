//! From a name to the option that is meant.

use std::io;

use libc::c_int;
use socket2::{Domain, Protocol, Socket};

use super::table::{Named, TABLE};

/// Longer names are no misspelt ones.
const LONGEST: usize = 48;

/// How many similar names an error lists.
const LISTED: usize = 4;

/// The option that `name` means on `socket`.
pub(super) fn lookup(socket: &Socket, name: &str) -> io::Result<&'static Named> {
    let wanted = name.to_ascii_uppercase();
    if let Some(found) = TABLE.iter().find(|option| option.name == wanted) {
        return Ok(found);
    }
    let meant: Vec<_> = TABLE.iter().filter(|option| option.short() == wanted).collect();
    match meant[..] {
        [] => Err(unknown(name, &wanted)),
        [only] => Ok(only),
        _ => fittest(meant, socket.domain()?, socket.protocol()?).map_err(|equal| ambiguous(name, &equal)),
    }
}

/// The one that a socket of this family and protocol most likely has; those that are equally likely, if they are
/// several.
fn fittest(
    options: Vec<&'static Named>,
    domain: Domain,
    protocol: Option<Protocol>,
) -> Result<&'static Named, Vec<&'static Named>> {
    let fit = |option: &&Named| fitness(option.option.level, domain, protocol);
    let best = options.iter().map(fit).max();
    let fittest: Vec<_> = options.into_iter().filter(|option| Some(fit(option)) == best).collect();
    match fittest[..] {
        [only] => Ok(only),
        _ => Err(fittest),
    }
}

/// How well options of `level` suit a socket: 0 is not at all. An IPv6 socket has options of IPv4 too, for peers at mapped
/// addresses.
fn fitness(level: c_int, domain: Domain, protocol: Option<Protocol>) -> u8 {
    match level {
        libc::SOL_IP if domain == Domain::IPV4 || domain == Domain::IPV6 => 1,
        libc::SOL_IPV6 if domain == Domain::IPV6 => 2,
        libc::SOL_TCP if protocol == Some(Protocol::TCP) => 2,
        libc::SOL_UDP if protocol == Some(Protocol::UDP) => 2,
        libc::SOL_SOCKET => 2,
        _ => 0,
    }
}

fn ambiguous(name: &str, options: &[&Named]) -> io::Error {
    let names: Vec<_> = options.iter().map(|option| option.name).collect();
    let message = format!("the socket option {name:?} may be {}: use the whole name", names.join(" or "));
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

fn unknown(name: &str, wanted: &str) -> io::Error {
    let near = near(wanted);
    let message = match near[..] {
        [] => format!("there is no socket option {name:?}, nor one with a name like it"),
        _ => format!("there is no socket option {name:?}; is it {}?", near.join(" or ")),
    };
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

/// Names that are like `wanted`, which is in upper case, the most similar first.
fn near(wanted: &str) -> Vec<&'static str> {
    if wanted.len() > LONGEST || wanted.is_empty() {
        return Vec::new();
    }
    let bound = 1 + wanted.len() / 4;
    let mut near: Vec<_> = TABLE
        .iter()
        .filter_map(|option| {
            let distance = distance(wanted, option.name).min(distance(wanted, option.short()));
            // A piece of the name will do, when it is not just a letter or two.
            let is_piece = wanted.len() > 2 && option.name.contains(wanted);
            (distance <= bound || is_piece).then_some((distance, option.name))
        })
        .collect();
    near.sort();
    near.into_iter().map(|(_, name)| name).take(LISTED).collect()
}

/// How many letters have to be put in, taken out or changed to make one of the other (Levenshtein's distance).
fn distance(a: &str, b: &str) -> usize {
    let b = b.as_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use socket2::Type;

    fn socket(domain: Domain, kind: Type) -> Socket {
        Socket::new(domain, kind, None).unwrap()
    }

    #[track_caller]
    fn means(domain: Domain, kind: Type, name: &str, wanted: &str) {
        assert_eq!(lookup(&socket(domain, kind), name).unwrap().name, wanted);
    }

    #[test]
    fn distance_counts_changes() {
        assert_eq!(distance("", ""), 0);
        assert_eq!(distance("", "ABC"), 3);
        assert_eq!(distance("ABC", ""), 3);
        assert_eq!(distance("REUSEADDR", "REUSEADDR"), 0);
        assert_eq!(distance("REUSADDR", "REUSEADDR"), 1);
        assert_eq!(distance("KITTEN", "SITTING"), 3);
    }

    #[test]
    fn names_are_unique_and_in_order() {
        for pair in TABLE.windows(2) {
            let [a, b] = pair else { unreachable!() };
            assert!(a.option.level != b.option.level || a.name < b.name, "{} {}", a.name, b.name);
        }
        let mut names: Vec<_> = TABLE.iter().map(|option| option.name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn prefix_and_case_do_not_matter() {
        for name in ["SO_REUSEADDR", "REUSEADDR", "reuseaddr", "So_ReuseAddr"] {
            means(Domain::IPV4, Type::STREAM, name, "SO_REUSEADDR");
        }
        means(Domain::IPV4, Type::STREAM, "nodelay", "TCP_NODELAY");
    }

    #[test]
    fn family_and_protocol_decide() {
        means(Domain::IPV4, Type::DGRAM, "MTU_DISCOVER", "IP_MTU_DISCOVER");
        means(Domain::IPV6, Type::DGRAM, "MTU_DISCOVER", "IPV6_MTU_DISCOVER");
        means(Domain::IPV6, Type::DGRAM, "TTL", "IP_TTL");
        means(Domain::IPV4, Type::STREAM, "CORK", "TCP_CORK");
        means(Domain::IPV4, Type::DGRAM, "CORK", "UDP_CORK");
        means(Domain::IPV4, Type::DGRAM, "TIMESTAMP", "SO_TIMESTAMP");
        means(Domain::IPV4, Type::STREAM, "PROTOCOL", "SO_PROTOCOL");
        // A whole name means what it says, fitting or not.
        means(Domain::IPV4, Type::STREAM, "UDP_CORK", "UDP_CORK");
    }

    #[test]
    fn what_may_be_several_is_refused() {
        let error = lookup(&socket(Domain::IPV4, Type::STREAM), "timestamp").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the socket option \"timestamp\" may be SO_TIMESTAMP or TCP_TIMESTAMP: use the whole name"
        );
        let error = lookup(&socket(Domain::UNIX, Type::STREAM), "MTU").unwrap_err();
        assert!(error.to_string().contains("IP_MTU or IPV6_MTU"), "{error}");
    }

    #[test]
    fn an_unknown_name_gets_near_ones() {
        let unknown = |name| {
            let error = lookup(&socket(Domain::IPV4, Type::STREAM), name).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            error.to_string()
        };
        assert_eq!(unknown("REUSADDR"), "there is no socket option \"REUSADDR\"; is it SO_REUSEADDR?");
        assert!(unknown("SO_NODELAY").contains("is it TCP_NODELAY?"));
        assert!(unknown("reuse").contains("SO_REUSEADDR or SO_REUSEPORT"));
        assert!(unknown("KEEPALIFE").contains("SO_KEEPALIVE"));
        assert_eq!(unknown("zzzzzz"), "there is no socket option \"zzzzzz\", nor one with a name like it");
        assert!(unknown("").contains("nor one"));
        assert!(unknown(&"X".repeat(10_000)).contains("nor one"));
    }
}
