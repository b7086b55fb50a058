//! The machine's own addresses, with what the kernel knows of them: rtnetlink(7), one request and one answer of few packets.
//!
//! getifaddrs(3) would ask for all interfaces too, and it does not tell which addresses are deprecated.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use fend_reactor::time;
use socket2::{Domain, Protocol, Socket, Type};

use super::recent::Recent;
use crate::addr_info::Configured;
use crate::sync::Mutex;

/// The number of our only request, which each part of the answer has in it.
const SEQUENCE: u32 = 1;

/// The kernel's parts of an answer are not larger than this.
const PART: usize = 32 * 1024;

/// The sizes of a `nlmsghdr`, of an `ifaddrmsg`, and of the head of an attribute (`rtattr`).
const HEADER: usize = 16;
const ADDRESS_HEADER: usize = 8;
const ATTRIBUTE_HEADER: usize = 4;

/// The machine's own addresses, when they were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interfaces(Vec<Own>);

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Own {
    address: IpAddr,
    pub(super) prefix: u8,
    /// `IFA_F_...`.
    flags: u8,
}

impl Own {
    /// One that is still being checked for a double (RFC 4429) is as good as deprecated.
    pub(super) fn is_deprecated(&self) -> bool {
        u32::from(self.flags) & (libc::IFA_F_DEPRECATED | libc::IFA_F_OPTIMISTIC) != 0
    }

    pub(super) fn is_home(&self) -> bool {
        u32::from(self.flags) & libc::IFA_F_HOMEADDRESS != 0
    }
}

impl Interfaces {
    /// Asks the kernel.
    ///
    /// # Errors
    ///
    /// The system's; a sandbox may have no such sockets.
    pub(crate) fn read() -> io::Result<Interfaces> {
        // The kernel has its answer ready when the request has been sent, so there is nothing to wait for.
        let kind = Type::RAW.nonblocking();
        let socket =
            Socket::new(Domain::from(libc::AF_NETLINK), kind, Some(Protocol::from(libc::NETLINK_ROUTE)))?;
        (&socket).write_all(&request())?;
        let mut own = Vec::new();
        let mut part = vec![0; PART];
        loop {
            let length = (&socket).read(&mut part)?;
            if length == 0 {
                return Err(malformed());
            }
            if take_part(&part[..length], &mut own)? == Part::Last {
                return Ok(Interfaces(own));
            }
        }
    }

    /// What was read within the last second, or is now.
    ///
    /// # Errors
    ///
    /// As [`read`](Interfaces::read).
    pub(super) fn recent() -> io::Result<Arc<Interfaces>> {
        static LAST: Mutex<Option<Recent<Arc<Interfaces>>>> = Mutex::new(None);
        let now = time::now();
        let known = LAST.lock().as_ref().and_then(|last| last.get(now).cloned());
        if let Some(interfaces) = known {
            return Ok(interfaces);
        }
        let interfaces = Arc::new(Interfaces::read()?);
        *LAST.lock() = Some(Recent::new(interfaces.clone(), now));
        Ok(interfaces)
    }

    /// The families of which there is an address beside 127.0.0.1 and ::1. Where the kernel does not tell, both.
    pub(crate) fn configured() -> Configured {
        Interfaces::read().map_or(Configured { v4: true, v6: true }, |interfaces| interfaces.families())
    }

    pub(super) fn families(&self) -> Configured {
        let mut far = self.0.iter().filter(|own| {
            own.address != IpAddr::V4(Ipv4Addr::LOCALHOST) && own.address != IpAddr::V6(Ipv6Addr::LOCALHOST)
        });
        let v4 = far.clone().any(|own| own.address.is_ipv4());
        Configured { v4, v6: far.any(|own| own.address.is_ipv6()) }
    }

    #[cfg(test)]
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.0.iter().map(|own| own.address)
    }

    /// What there is to say of `address`, if it is the machine's own; of a mapped one too.
    pub(super) fn of(&self, address: IpAddr) -> Option<Own> {
        let address = address.to_canonical();
        self.0.iter().find(|own| own.address == address).copied()
    }
}

/// A dump of all addresses.
fn request() -> [u8; HEADER + ADDRESS_HEADER] {
    let mut request = [0; HEADER + ADDRESS_HEADER];
    request[0..4].copy_from_slice(&((HEADER + ADDRESS_HEADER) as u32).to_ne_bytes());
    request[4..6].copy_from_slice(&libc::RTM_GETADDR.to_ne_bytes());
    request[6..8].copy_from_slice(&((libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16).to_ne_bytes());
    request[8..12].copy_from_slice(&SEQUENCE.to_ne_bytes());
    request
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    More,
    Last,
}

/// Takes the addresses out of one part of the answer.
fn take_part(mut part: &[u8], own: &mut Vec<Own>) -> io::Result<Part> {
    while !part.is_empty() {
        let (kind, sequence, message, rest) = split_message(part).ok_or_else(malformed)?;
        part = rest;
        if sequence != SEQUENCE {
            continue;
        }
        match libc::c_int::from(kind) {
            libc::NLMSG_DONE => return Ok(Part::Last),
            libc::NLMSG_ERROR => return Err(error_in(message)),
            _ if kind == libc::RTM_NEWADDR => own.extend(read_address(message)),
            _ => {}
        }
    }
    Ok(Part::More)
}

/// The first message: its kind, its sequence number, what is in it, and what comes after it.
fn split_message(bytes: &[u8]) -> Option<(u16, u32, &[u8], &[u8])> {
    let header: &[u8; HEADER] = bytes.first_chunk()?;
    let length = u32_at(header, 0)? as usize;
    let message = bytes.get(HEADER..length)?;
    Some((u16_at(header, 4)?, u32_at(header, 8)?, message, bytes.get(aligned(length)..).unwrap_or_default()))
}

/// `None` for what is no IP address.
fn read_address(message: &[u8]) -> Option<Own> {
    let (&[family, prefix, flags, ..], mut attributes) = message.split_first_chunk::<ADDRESS_HEADER>()?;
    let (mut address, mut local) = (None, None);
    while let Some((kind, value, rest)) = split_attribute(attributes) {
        match kind {
            libc::IFA_ADDRESS => address = Some(value),
            // Of a link from point to point, `IFA_ADDRESS` is the other end.
            libc::IFA_LOCAL => local = Some(value),
            _ => {}
        }
        attributes = rest;
    }
    Some(Own { address: ip(family, local.or(address)?)?, prefix, flags })
}

fn ip(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match libc::c_int::from(family) {
        libc::AF_INET => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        libc::AF_INET6 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

/// The first attribute: its kind, its value, and what comes after it.
fn split_attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = usize::from(u16_at(bytes, 0)?);
    let kind = u16_at(bytes, 2)?;
    let value = bytes.get(ATTRIBUTE_HEADER..length)?;
    Some((kind, value, bytes.get(aligned(length)..).unwrap_or_default()))
}

/// Messages and attributes begin at multiples of 4.
fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|&bytes| u16::from_ne_bytes(bytes))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|&bytes| u32::from_ne_bytes(bytes))
}

fn error_in(message: &[u8]) -> io::Error {
    match message.first_chunk().map(|&bytes| i32::from_ne_bytes(bytes)) {
        Some(code) if code < 0 => io::Error::from_raw_os_error(code.saturating_neg()),
        _ => malformed(),
    }
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the kernel's list of addresses is cut")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_has_its_addresses_and_their_prefixes() {
        let interfaces = Interfaces::read().unwrap();
        let lo = interfaces.of(IpAddr::V4(Ipv4Addr::LOCALHOST)).unwrap();
        assert_eq!((lo.prefix, lo.is_deprecated(), lo.is_home()), (8, false, false));
        assert_eq!(interfaces.of("::ffff:127.0.0.1".parse().unwrap()), Some(lo));
        assert_eq!(interfaces.of("192.0.2.77".parse().unwrap()), None);
    }

    #[test]
    fn addresses_of_the_loopback_are_no_sign_of_a_family() {
        let own = |address: &str| Own { address: address.parse().unwrap(), prefix: 8, flags: 0 };
        let families = |list: &[&str]| Interfaces(list.iter().map(|text| own(text)).collect()).families();
        assert_eq!(families(&["127.0.0.1", "::1"]), Configured { v4: false, v6: false });
        assert_eq!(families(&["127.0.0.1", "::1", "fe80::1"]), Configured { v4: false, v6: true });
        assert_eq!(families(&["127.0.0.2", "::1"]), Configured { v4: true, v6: false });
        assert_eq!(families(&["10.0.0.1", "fd00::1"]), Configured { v4: true, v6: true });
    }

    #[test]
    fn flags_and_the_near_end_of_a_link_are_read() {
        let mut message = vec![libc::AF_INET as u8, 24, libc::IFA_F_DEPRECATED as u8, 0, 2, 0, 0, 0];
        for (kind, address) in [(libc::IFA_LOCAL, [10, 0, 0, 1]), (libc::IFA_ADDRESS, [10, 0, 0, 2])] {
            message.extend(8_u16.to_ne_bytes());
            message.extend(kind.to_ne_bytes());
            message.extend(address);
        }
        let own = read_address(&message).unwrap();
        assert_eq!((own.address, own.prefix), ("10.0.0.1".parse().unwrap(), 24));
        assert!(own.is_deprecated() && !own.is_home());
        for cut in 0..message.len() {
            // No panic; what is left may still be an address.
            let _ = read_address(&message[..cut]);
        }
        let error = take_part(&[5, 0, 0, 0, 20, 0], &mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
