//! The messages in a run of bytes, unread.

use super::layout::{Placed, message_at};

/// One control message as it lies in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawControlMessage<'a> {
    /// The protocol: `SOL_SOCKET`, `IPPROTO_IP`, ..
    pub level: i32,
    /// What it is, by the protocol's numbers.
    pub kind: i32,
    /// What it says, by its level and kind.
    pub data: &'a [u8],
}

/// The control messages in any bytes, in order: cmsg(3) without pointers. It ends at the first thing that cannot be a message.
///
/// Pure: it touches no descriptor, whatever the bytes say.
///
/// # Examples
///
/// ```
/// use fend::net::control::{ControlBuffer, RawControlMessages};
///
/// let mut buffer = ControlBuffer::new();
/// buffer.push_ttl(7);
/// let message = RawControlMessages::new(buffer.as_bytes()).next().unwrap();
/// assert_eq!((message.level, message.kind, message.data), (0, 2, &7_i32.to_ne_bytes()[..]));
/// assert_eq!(RawControlMessages::new(b"garbage").count(), 0);
/// ```
#[derive(Debug, Clone)]
pub struct RawControlMessages<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> RawControlMessages<'a> {
    /// The messages in `bytes`, which need no alignment.
    pub fn new(bytes: &'a [u8]) -> Self {
        RawControlMessages { bytes, position: 0 }
    }
}

impl<'a> Iterator for RawControlMessages<'a> {
    type Item = RawControlMessage<'a>;

    fn next(&mut self) -> Option<RawControlMessage<'a>> {
        let Placed { level, kind, data, next } = message_at(self.bytes, self.position)?;
        self.position = next;
        Some(RawControlMessage { level, kind, data: &self.bytes[data] })
    }
}
