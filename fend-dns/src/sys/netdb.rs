//! getaddrinfo(3) and getnameinfo(3).

use std::ffi::CStr;
use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;

use crate::addr_info::{AddrInfo, AddrList};
use crate::hints::{Family, Hints, Protocol, SocketType};

/// Not in every libc crate's list.
const SOCK_DCCP: libc::c_int = 6;

/// What the C library says when it fails.
#[derive(Debug)]
pub(crate) struct Failure {
    /// `EAI_...`.
    pub(crate) code: libc::c_int,
    /// What `errno` was then: it counts with `EAI_SYSTEM` alone.
    pub(crate) os_error: io::Error,
}

impl Failure {
    /// Of a call that has just returned `code`.
    fn check(code: libc::c_int) -> Result<(), Failure> {
        let os_error = io::Error::last_os_error();
        if code == 0 { Ok(()) } else { Err(Failure { code, os_error }) }
    }

    /// The C library's text, in the language of the process.
    pub(crate) fn text(&self) -> String {
        // SAFETY: rule 6.
        let text = unsafe { CStr::from_ptr(libc::gai_strerror(self.code)) };
        text.to_string_lossy().into_owned()
    }
}

/// The list of getaddrinfo(3), in its order. Entries that are of no IP family, or of a type of socket that [`SocketType`] does not know, are left
/// out.
pub(crate) fn getaddrinfo(
    host: Option<&CStr>,
    service: Option<&CStr>,
    hints: &Hints,
) -> Result<AddrList, Failure> {
    let pointer = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    let hints = in_c(hints);
    let mut list = List(ptr::null_mut());
    // SAFETY: rules 1 and 2, or null for no text.
    let code = unsafe { libc::getaddrinfo(pointer(host), pointer(service), &hints, &mut list.0) };
    Failure::check(code)?;
    Ok(list.read())
}

fn in_c(hints: &Hints) -> libc::addrinfo {
    // SAFETY: rule 3.
    let mut out: libc::addrinfo = unsafe { MaybeUninit::zeroed().assume_init() };
    out.ai_family = match hints.family {
        Family::Any => libc::AF_UNSPEC,
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    out.ai_socktype = hints.socket_type.map_or(0, socket_type_in_c);
    out.ai_protocol = hints.protocol.map_or(0, |protocol| protocol.0);
    let flags = [
        (hints.passive, libc::AI_PASSIVE),
        (hints.canonical_name, libc::AI_CANONNAME),
        (hints.numeric_host, libc::AI_NUMERICHOST),
        (hints.numeric_service, libc::AI_NUMERICSERV),
        (hints.v4_mapped, libc::AI_V4MAPPED),
        (hints.all, libc::AI_ALL),
        (hints.addr_config, libc::AI_ADDRCONFIG),
    ];
    out.ai_flags = flags.iter().filter(|(is_set, _)| *is_set).fold(0, |all, (_, flag)| all | flag);
    out
}

fn socket_type_in_c(socket_type: SocketType) -> libc::c_int {
    match socket_type {
        SocketType::Stream => libc::SOCK_STREAM,
        SocketType::Datagram => libc::SOCK_DGRAM,
        SocketType::Raw => libc::SOCK_RAW,
        SocketType::SeqPacket => libc::SOCK_SEQPACKET,
        SocketType::Dccp => SOCK_DCCP,
    }
}

fn socket_type_of(number: libc::c_int) -> Option<SocketType> {
    Some(match number {
        libc::SOCK_STREAM => SocketType::Stream,
        libc::SOCK_DGRAM => SocketType::Datagram,
        libc::SOCK_RAW => SocketType::Raw,
        libc::SOCK_SEQPACKET => SocketType::SeqPacket,
        SOCK_DCCP => SocketType::Dccp,
        _ => return None,
    })
}

/// The owner of a list of getaddrinfo(3); null when there is none.
struct List(*mut libc::addrinfo);

impl List {
    fn read(&self) -> AddrList {
        let mut out = AddrList { list: Vec::new(), canonical_name: None };
        let mut next = self.0;
        // SAFETY: rule 5; the borrow ends before `self` does.
        while let Some(node) = unsafe { next.as_ref() } {
            out.list.extend(read_node(node));
            if !node.ai_canonname.is_null() {
                // SAFETY: rule 5.
                let name = unsafe { CStr::from_ptr(node.ai_canonname) };
                out.canonical_name = Some(name.to_string_lossy().into_owned());
            }
            next = node.ai_next;
        }
        out
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: rule 5: this is the owner, and it is dropped once.
            unsafe { libc::freeaddrinfo(self.0) };
        }
    }
}

/// `node` is one of a list by rule 5.
fn read_node(node: &libc::addrinfo) -> Option<AddrInfo> {
    let length = node.ai_addrlen as usize;
    let address = match node.ai_family {
        libc::AF_INET if length >= mem::size_of::<libc::sockaddr_in>() => {
            // SAFETY: rule 5; that many bytes are there.
            v4(unsafe { node.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() })
        }
        libc::AF_INET6 if length >= mem::size_of::<libc::sockaddr_in6>() => {
            // SAFETY: rule 5; that many bytes are there.
            v6(unsafe { node.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() })
        }
        _ => return None,
    };
    let socket_type = socket_type_of(node.ai_socktype)?;
    Some(AddrInfo { address, socket_type, protocol: Protocol(node.ai_protocol) })
}

fn v4(address: libc::sockaddr_in) -> SocketAddr {
    let ip = address.sin_addr.s_addr.to_ne_bytes();
    SocketAddr::V4(SocketAddrV4::new(ip.into(), u16::from_be(address.sin_port)))
}

fn v6(address: libc::sockaddr_in6) -> SocketAddr {
    let ip = address.sin6_addr.s6_addr;
    SocketAddr::V6(SocketAddrV6::new(ip.into(), u16::from_be(address.sin6_port), 0, address.sin6_scope_id))
}

/// The name of an address: getnameinfo(3) with `NI_NAMEREQD`.
pub(crate) fn getnameinfo(address: IpAddr) -> Result<String, Failure> {
    match address {
        IpAddr::V4(ip) => {
            // SAFETY: rule 3.
            let mut name: libc::sockaddr_in = unsafe { MaybeUninit::zeroed().assume_init() };
            name.sin_family = libc::AF_INET as libc::sa_family_t;
            name.sin_addr.s_addr = u32::from_ne_bytes(ip.octets());
            name_of(&name)
        }
        IpAddr::V6(ip) => {
            // SAFETY: rule 3.
            let mut name: libc::sockaddr_in6 = unsafe { MaybeUninit::zeroed().assume_init() };
            name.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            name.sin6_addr.s6_addr = ip.octets();
            name_of(&name)
        }
    }
}

/// `address` is one of the structures of socket addresses.
fn name_of<A>(address: &A) -> Result<String, Failure> {
    let mut name = [0_u8; libc::NI_MAXHOST as usize];
    // SAFETY: rule 1 for the address and for the name; no service is asked for.
    let code = unsafe {
        libc::getnameinfo(
            ptr::from_ref(address).cast(),
            mem::size_of::<A>() as libc::socklen_t,
            name.as_mut_ptr().cast(),
            name.len() as libc::socklen_t,
            ptr::null_mut(),
            0,
            libc::NI_NAMEREQD,
        )
    };
    Failure::check(code)?;
    let name = CStr::from_bytes_until_nul(&name).unwrap_or_default();
    Ok(name.to_string_lossy().into_owned())
}
