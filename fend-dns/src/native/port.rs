//! The port from which a question goes out: a new one each time, drawn from the kernel's generator.
//!
//! Whoever forges an answer must guess it together with the id (RFC 5452, section 9.2). Drawn are the ports that the kernel itself would
//! give to sockets (`net.ipv4.ip_local_port_range`, for IPv6 too), without those that the administrator keeps for others
//! (`net.ipv4.ip_local_reserved_ports`): ip(7). Both are read once: procfs waits for no disk.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::OnceLock;

use fend_net::{Domain, UdpSocket};

use crate::sys;

/// Draws before the kernel chooses in our place. On a host where nine of ten ports are in use, one question in three comes to that.
const DRAWS: u32 = 10;

/// The kernel's own, when the file cannot be read.
const DEFAULT_RANGE: RangeInclusive<u16> = 32768..=60999;

/// Ports to draw from.
#[derive(Debug, PartialEq, Eq)]
struct Ports {
    /// In rising order, without overlaps, none of them empty.
    ranges: Vec<RangeInclusive<u16>>,
    count: u32,
}

/// A socket for questions to `server`, bound to a port that was drawn.
pub(super) fn bind(server: SocketAddr) -> io::Result<UdpSocket> {
    let (domain, any) = match server {
        SocketAddr::V4(_) => (Domain::IPV4, IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        SocketAddr::V6(_) => (Domain::IPV6, IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
    };
    let socket = UdpSocket::new(domain)?;
    let ports = Ports::of_the_system();
    for _ in 0..DRAWS {
        let Some(port) = ports.draw()? else { break };
        match socket.bind_to(SocketAddr::new(any, port)) {
            Ok(()) => return Ok(socket),
            // A service manager may forbid a port of the range, too.
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
    // The connect that follows has the kernel choose, which draws as well, out of fewer.
    Ok(socket)
}

fn is_taken(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

impl Ports {
    fn of_the_system() -> &'static Ports {
        static PORTS: OnceLock<Ports> = OnceLock::new();
        PORTS.get_or_init(|| {
            let read = |name| fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).unwrap_or_default();
            Ports::new(&read("ip_local_port_range"), &read("ip_local_reserved_ports"))
        })
    }

    /// From what is in the two files: "32768 60999", and "8080,9000-9010".
    fn new(range: &str, reserved: &str) -> Ports {
        let mut ends = range.split_ascii_whitespace().map(str::parse);
        let range = match (ends.next(), ends.next()) {
            (Some(Ok(first)), Some(Ok(last))) if 0 < first && first <= last => first..=last,
            _ => DEFAULT_RANGE,
        };
        let mut reserved: Vec<_> = reserved.trim().split(',').filter_map(parse_range).collect();
        reserved.sort_by_key(|range| *range.start());
        Ports::of(without(range, &reserved))
    }

    fn of(ranges: Vec<RangeInclusive<u16>>) -> Ports {
        let count = ranges.iter().map(|range| u32::from(range.end() - range.start()) + 1).sum();
        Ports { ranges, count }
    }

    /// `None` when all are kept for others.
    fn draw(&self) -> io::Result<Option<u16>> {
        let mut bytes = [0; 8];
        sys::random(&mut bytes)?;
        // With 64 bits for at most 2^16 ports none is visibly more likely than another.
        let index = u64::from_ne_bytes(bytes).checked_rem(u64::from(self.count));
        Ok(index.and_then(|index| self.nth(usize::try_from(index).ok()?)))
    }

    fn nth(&self, mut index: usize) -> Option<u16> {
        for range in &self.ranges {
            if index < range.len() {
                return range.clone().nth(index);
            }
            index -= range.len();
        }
        None
    }
}

/// "8080" or "9000-9010".
fn parse_range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = first.trim().parse().ok()?..=last.trim().parse().ok()?;
    Some(range).filter(|range| !range.is_empty())
}

/// What is left of `range`. `taken` is sorted by where its ranges start.
fn without(range: RangeInclusive<u16>, taken: &[RangeInclusive<u16>]) -> Vec<RangeInclusive<u16>> {
    let mut left = Vec::new();
    // Wider than a port, so that there is one after the last.
    let mut next = u32::from(*range.start());
    let end = u32::from(*range.end());
    let ends = taken.iter().map(|taken| (u32::from(*taken.start()), u32::from(*taken.end())));
    for (taken_from, taken_to) in ends.chain([(end + 1, end + 1)]) {
        if next < taken_from.min(end + 1) {
            let last = taken_from.min(end + 1) - 1;
            left.extend(u16::try_from(next).ok().zip(u16::try_from(last).ok()).map(|(a, b)| a..=b));
        }
        next = next.max(taken_to + 1);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_ports_are_left_out_wherever_they_lie() {
        let ports = |range, reserved| Ports::new(range, reserved).ranges;
        assert_eq!(ports("32768\t60999\n", "\n"), [32768..=60999]);
        assert_eq!(ports("100 110", "50-100,105,107-108,110,200-300"), [101..=104, 106..=106, 109..=109]);
        assert_eq!(ports("100 110", "108-120"), [100..=107]);
        assert_eq!(ports("100 110", "102-106,103-104"), [100..=101, 107..=110]);
        assert_eq!(ports("1 65535", "65535"), [1..=65534]);
        assert_eq!(ports("100 110", "1-65535"), []);
    }

    #[test]
    fn files_that_say_nothing_leave_the_kernels_own_range() {
        for range in ["", "x y", "5", "9 1", "0 5", "1 70000"] {
            assert_eq!(Ports::new(range, "junk,,7-,40000-35000").ranges, [DEFAULT_RANGE], "{range:?}");
        }
    }

    #[test]
    fn each_port_can_be_drawn_and_no_other() {
        let ports = Ports::new("100 110", "103-105");
        assert_eq!(ports.count, 8);
        let all: Vec<_> = (0..9).map(|index| ports.nth(index)).collect();
        let expected = [100, 101, 102, 106, 107, 108, 109, 110].map(Some);
        assert_eq!((&all[..8], all[8]), (&expected[..], None));
        assert_eq!(Ports::of(Vec::new()).draw().unwrap(), None);
    }

    /// DN2. 200 draws of 28,232 ports share one in about 0.7 pairs.
    #[test]
    fn sockets_are_bound_to_ports_that_differ() {
        let server = SocketAddr::from(([127, 0, 0, 1], 53));
        let mut ports: Vec<_> =
            (0..200).map(|_| bind(server).unwrap().local_addr().unwrap().port()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert!(ports.len() >= 180, "{} of 200", ports.len());
    }
}
