//! [`MsgFlags`]: how one receive or send is to work, and what it says of itself.

use std::fmt;
use std::io;
use std::ops::{BitAnd, BitOr, BitOrAssign};

/// Flags of one receive or send: `MSG_*` of recv(2) and send(2).
///
/// Some are asked for, some the kernel sets in its answer, some are both. Every operation adds `MSG_NOSIGNAL` to a send and
/// `MSG_CMSG_CLOEXEC` to a receive of control messages by itself, and sockets are non-blocking, so there are no names for these and for
/// `MSG_DONTWAIT`; nor for `MSG_ZEROCOPY`, which would let the kernel read the buffer after the call.
///
/// # Examples
///
/// ```
/// use fend::net::MsgFlags;
///
/// let flags = MsgFlags::PEEK | MsgFlags::TRUNC;
/// assert!(flags.contains(MsgFlags::PEEK) && !flags.contains(MsgFlags::OOB));
/// assert_eq!(format!("{flags:?}"), "PEEK | TRUNC");
/// assert_eq!(MsgFlags::from_bits(flags.bits()), flags);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct MsgFlags(i32);

impl MsgFlags {
    /// None.
    pub const NONE: MsgFlags = MsgFlags(0);
    /// Receive: leave the bytes in the socket (`MSG_PEEK`).
    pub const PEEK: MsgFlags = MsgFlags(libc::MSG_PEEK);
    /// Send or receive the urgent byte of TCP or of a Unix stream (`MSG_OOB`). In an answer: this is it.
    pub const OOB: MsgFlags = MsgFlags(libc::MSG_OOB);
    /// Send: to hosts on directly connected networks only (`MSG_DONTROUTE`).
    pub const DONT_ROUTE: MsgFlags = MsgFlags(libc::MSG_DONTROUTE);
    /// Send: more comes at once, so hold back a packet that is not full, for 200 ms at most on TCP. On UDP what is sent with
    /// this flag and the next send without it become one datagram (`MSG_MORE`).
    pub const MORE: MsgFlags = MsgFlags(libc::MSG_MORE);
    /// Send: this ends a record. In an answer: a record ends here (`MSG_EOR`; sequenced packet sockets).
    pub const EOR: MsgFlags = MsgFlags(libc::MSG_EOR);
    /// Receive: the result is the real length of the datagram, though it is more than the buffer holds; on TCP the bytes
    /// are thrown away uncopied. In an answer: the datagram was cut (`MSG_TRUNC`).
    pub const TRUNC: MsgFlags = MsgFlags(libc::MSG_TRUNC);
    /// In an answer: control messages were lost for want of room (`MSG_CTRUNC`).
    pub const CTRUNC: MsgFlags = MsgFlags(libc::MSG_CTRUNC);
    /// Receive: until the buffer is full (`MSG_WAITALL`). **Not on a non-blocking socket**, as all sockets here are: the kernel then returns
    /// what is there, as without the flag. Use `recv_exact`.
    pub const WAITALL: MsgFlags = MsgFlags(libc::MSG_WAITALL);
    /// Receive from the error queue of the socket. In an answer: it came from there (`MSG_ERRQUEUE`).
    pub const ERRQUEUE: MsgFlags = MsgFlags(libc::MSG_ERRQUEUE);
    /// Send: the peer has just answered, so the link layer need not ask for its address again (`MSG_CONFIRM`; UDP and raw sockets).
    pub const CONFIRM: MsgFlags = MsgFlags(libc::MSG_CONFIRM);

    /// The flags of a bare number, known or not. Sends refuse `MSG_ZEROCOPY` ([`InvalidInput`](io::ErrorKind::InvalidInput)).
    pub const fn from_bits(bits: i32) -> MsgFlags {
        MsgFlags(bits)
    }

    /// The number for a send, without a signal. `MSG_ZEROCOPY` is refused: the kernel would read the buffer after the call, when its
    /// memory may be somebody else's.
    pub(crate) fn for_send(self) -> io::Result<i32> {
        if self.0 & libc::MSG_ZEROCOPY != 0 {
            let message = "send with MSG_ZEROCOPY: the kernel would read the buffer after the call";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok(self.0 | libc::MSG_NOSIGNAL)
    }

    /// The number that the kernel takes.
    pub const fn bits(self) -> i32 {
        self.0
    }

    /// Whether no flag is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are set.
    pub const fn contains(self, other: MsgFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    pub const fn union(self, other: MsgFlags) -> MsgFlags {
        MsgFlags(self.0 | other.0)
    }

    /// This set without `other`.
    pub const fn difference(self, other: MsgFlags) -> MsgFlags {
        MsgFlags(self.0 & !other.0)
    }
}

impl BitOr for MsgFlags {
    type Output = MsgFlags;
    fn bitor(self, other: MsgFlags) -> MsgFlags {
        self.union(other)
    }
}

impl BitOrAssign for MsgFlags {
    fn bitor_assign(&mut self, other: MsgFlags) {
        self.0 |= other.0;
    }
}

impl BitAnd for MsgFlags {
    type Output = MsgFlags;
    fn bitand(self, other: MsgFlags) -> MsgFlags {
        MsgFlags(self.0 & other.0)
    }
}

/// The names, and what has none as a number: `PEEK | 0x4000`.
impl fmt::Debug for MsgFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(MsgFlags, &str); 11] = [
            (MsgFlags::PEEK, "PEEK"),
            (MsgFlags::OOB, "OOB"),
            (MsgFlags::DONT_ROUTE, "DONT_ROUTE"),
            (MsgFlags::MORE, "MORE"),
            (MsgFlags::EOR, "EOR"),
            (MsgFlags::TRUNC, "TRUNC"),
            (MsgFlags::CTRUNC, "CTRUNC"),
            (MsgFlags::WAITALL, "WAITALL"),
            (MsgFlags::ERRQUEUE, "ERRQUEUE"),
            (MsgFlags::CONFIRM, "CONFIRM"),
            (MsgFlags(libc::MSG_NOSIGNAL), "NOSIGNAL"),
        ];
        let mut rest = *self;
        let mut between = "";
        for (flag, name) in NAMES {
            if rest.contains(flag) {
                write!(f, "{between}{name}")?;
                rest = rest.difference(flag);
                between = " | ";
            }
        }
        match (rest.0, between) {
            (0, "") => f.write_str("NONE"),
            (0, _) => Ok(()),
            (bits, _) => write!(f, "{between}{bits:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_show_their_names_and_unknown_bits() {
        assert_eq!(format!("{:?}", MsgFlags::NONE), "NONE");
        assert_eq!(format!("{:?}", MsgFlags::TRUNC | MsgFlags::PEEK), "PEEK | TRUNC");
        assert_eq!(format!("{:?}", MsgFlags::from_bits(1 << 30)), "0x40000000");
        assert_eq!(format!("{:?}", MsgFlags::OOB | MsgFlags::from_bits(1 << 30)), "OOB | 0x40000000");
    }

    #[test]
    fn sets_of_flags() {
        let mut flags = MsgFlags::PEEK;
        flags |= MsgFlags::TRUNC;
        assert!(
            flags.contains(MsgFlags::PEEK | MsgFlags::TRUNC)
                && !flags.contains(MsgFlags::EOR | MsgFlags::PEEK)
        );
        assert_eq!(flags.difference(MsgFlags::PEEK), MsgFlags::TRUNC);
        assert_eq!(flags & MsgFlags::PEEK, MsgFlags::PEEK);
        assert!((flags & MsgFlags::OOB).is_empty());
    }
}
