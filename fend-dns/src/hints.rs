//! [`Hints`]: what kind of addresses a lookup is for, as getaddrinfo(3) has them.

/// The family of addresses (`ai_family`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Family {
    /// Both (`AF_UNSPEC`).
    #[default]
    Any,
    /// `AF_INET`.
    V4,
    /// `AF_INET6`.
    V6,
}

/// The kind of socket (`ai_socktype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocketType {
    /// `SOCK_STREAM`.
    Stream,
    /// `SOCK_DGRAM`.
    Datagram,
    /// `SOCK_RAW`.
    Raw,
    /// `SOCK_SEQPACKET`: SCTP.
    SeqPacket,
}

/// The transport (`ai_protocol`): its number of IP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Protocol(pub i32);

impl Protocol {
    /// `IPPROTO_TCP`.
    pub const TCP: Protocol = Protocol(libc::IPPROTO_TCP);
    /// `IPPROTO_UDP`.
    pub const UDP: Protocol = Protocol(libc::IPPROTO_UDP);
    /// `IPPROTO_SCTP`.
    pub const SCTP: Protocol = Protocol(libc::IPPROTO_SCTP);
}

/// What addresses a lookup is for. The default is what a TCP client wants: both families, `SocketType::Stream`, no flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "hints do nothing until a lookup takes them"]
pub struct Hints {
    pub(crate) family: Family,
    /// `None`: each that there is, as with 0 in C.
    pub(crate) socket_type: Option<SocketType>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) passive: bool,
    pub(crate) canonical_name: bool,
    pub(crate) numeric_host: bool,
    pub(crate) numeric_service: bool,
    pub(crate) v4_mapped: bool,
    pub(crate) all: bool,
    pub(crate) addr_config: bool,
}
