//! Control (ancillary) messages: what goes along with the bytes of a message. See
//! [cmsg(3)](https://man7.org/linux/man-pages/man3/cmsg.3.html), RFC 3542, and unix(7), ip(7), ipv6(7), udp(7) and socket(7) for each of them.
//!
//! [`ControlBuffer`] collects those to be sent; a [`ReceivedControl`] is the room for those to be received, gives each as a
//! [`ControlMessage`], and owns the descriptors among them until they are taken.
//!
//! Three steps are kept apart. [`RawControlMessages`] finds the messages in any bytes, and reads nothing outside of them.
//! What bytes mean is decoded from them alone. That the numbers in them are open descriptors is known only right after recvmsg(2), where
//! the system-call layer takes them, each once.
//!
//! # Examples
//!
//! ```
//! use fend::net::control::{ControlBuffer, ControlMessage, RawControlMessages};
//!
//! let mut buffer = ControlBuffer::new();
//! buffer.push_tos(0b10); // ECN: capable
//! buffer.push_packet_info([127, 0, 0, 1].into(), 1);
//! let kinds: Vec<_> = RawControlMessages::new(buffer.as_bytes()).map(ControlMessage::of_raw).collect();
//! assert!(matches!(kinds[..], [ControlMessage::Tos(2), ControlMessage::PacketInfo(_)]));
//! ```

mod buffer;
mod extended_error;
#[cfg(test)]
mod fuzz;
pub(crate) mod layout;
mod message;
mod raw;
mod received;
mod timestamp;
mod words;

pub use buffer::{ControlBuffer, MAX_DESCRIPTORS};
pub use extended_error::{ErrorOrigin, ExtendedError};
pub(crate) use message::SCM_PIDFD;
pub use message::{ControlMessage, Credentials, PacketInfo};
pub use raw::{RawControlMessage, RawControlMessages};
pub(crate) use received::OWNED;
pub use received::{ControlMessages, ReceivedControl};
pub use timestamp::Timestamp;

/// How many bytes a message with `len` bytes of data takes, header and padding included: `CMSG_SPACE`.
///
/// # Panics
///
/// When that is more than memory could hold.
pub const fn space(len: usize) -> usize {
    layout::space(len)
}
