//! UDP: [`UdpSocket`] sends and receives datagrams, one at a time or many, with what is known about each. See
//! [udp(7)](https://man7.org/linux/man-pages/man7/udp.7.html), ip(7) and ipv6(7).

mod batch;
mod convert;
mod error_queue;
mod many;
mod message;
mod meta;
mod metadata;
mod multicast;
mod operation;
mod options;
mod poll;
mod segments;
mod socket;
mod truncated;
mod unwind;

pub use batch::{Datagram, Datagrams, RecvBatch, SendBatch};
pub use error_queue::QueuedError;
pub use meta::{RecvMeta, SendMeta};
pub use multicast::MulticastInterface;
pub use socket::UdpSocket;
pub use truncated::TruncatedError;
