//! [`ExtendedError`]: what an entry of a socket's error queue is about.

use std::io;
use std::net::SocketAddr;

use super::message::socket_address;

/// What an entry of the error queue is about: `struct sock_extended_err` of ip(7), `IP_RECVERR`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExtendedError {
    /// The error's number; `ENOMSG` for a time stamp.
    pub errno: i32,
    /// Who reports it.
    pub origin: ErrorOrigin,
    /// The type of the ICMP message.
    pub kind: u8,
    /// The code of the ICMP message.
    pub code: u8,
    /// More of it: the path's MTU for `EMSGSIZE`, what was stamped for a time stamp.
    pub info: u32,
    /// Still more: the number of the send for a time stamp.
    pub data: u32,
    /// The host that found the error, when it was not this one. Its port is 0.
    pub offender: Option<SocketAddr>,
}

impl ExtendedError {
    /// The error as one of std.
    pub fn to_io_error(&self) -> io::Error {
        io::Error::from_raw_os_error(self.errno)
    }
}

/// Who reports an error: `SO_EE_ORIGIN_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorOrigin {
    /// Nobody.
    None,
    /// This host.
    Local,
    /// An ICMP message.
    Icmp,
    /// An ICMPv6 message.
    Icmpv6,
    /// A time stamp of what was sent, which is no error.
    TxStatus,
    /// Any other.
    Other(u8),
}

impl From<u8> for ErrorOrigin {
    fn from(number: u8) -> ErrorOrigin {
        match number {
            0 => ErrorOrigin::None,
            1 => ErrorOrigin::Local,
            2 => ErrorOrigin::Icmp,
            3 => ErrorOrigin::Icmpv6,
            4 => ErrorOrigin::TxStatus,
            other => ErrorOrigin::Other(other),
        }
    }
}

/// A `struct sock_extended_err`, and the address that may follow it.
pub(super) fn of(data: &[u8]) -> Option<ExtendedError> {
    let (error, offender) = data.split_at_checked(16)?;
    let word = |at: usize| Some(u32::from_ne_bytes(error[at..at + 4].try_into().ok()?));
    Some(ExtendedError {
        errno: word(0)?.try_into().ok()?,
        origin: error[4].into(),
        kind: error[5],
        code: error[6],
        info: word(8)?,
        data: word(12)?,
        offender: socket_address(offender),
    })
}
