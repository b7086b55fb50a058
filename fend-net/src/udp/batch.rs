//! [`RecvBatch`] and [`SendBatch`]: many datagrams for one system call, in memory that is used again.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use socket2::SockAddr;

use super::meta::{CONTROL_ROOM, segments};
use super::{RecvMeta, SendMeta};
use crate::control::ControlBuffer;
use crate::flags::MsgFlags;
use crate::sys::message::{MAX_MESSAGES, Outgoing, Slot};

/// Room for the datagrams of one [`recv_many`](crate::UdpSocket::recv_many), and then the datagrams.
///
/// It is allocated once and used again and again.
///
/// # Examples
///
/// ```
/// use fend::net::UdpSocket;
/// use fend::net::udp::RecvBatch;
///
/// # fend::block_on(async {
/// # let (socket, peer) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
/// # for text in [&b"one"[..], b"two"] { peer.send_to(text, socket.local_addr()?).await?; }
/// let mut batch = RecvBatch::new(32, 1500);
/// let count = socket.recv_many(&mut batch).await?;
/// # assert_eq!(count, 2);
/// for datagram in &batch {
///     println!("{} bytes from {}", datagram.data().len(), datagram.source()?);
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub struct RecvBatch {
    slots: Vec<Slot>,
    filled: usize,
}

impl RecvBatch {
    /// How many datagrams one system call moves at most. More gain nothing that could be measured.
    pub const MAX: usize = MAX_MESSAGES;

    /// Room for `count` datagrams, from 1 to [`MAX`](RecvBatch::MAX), of `size` bytes each. With GRO one needs up to
    /// 65,535 bytes.
    pub fn new(count: usize, size: usize) -> RecvBatch {
        let slots = (0..count.clamp(1, RecvBatch::MAX)).map(|_| Slot::new(size, CONTROL_ROOM));
        RecvBatch { slots: slots.collect(), filled: 0 }
    }

    /// How many datagrams it has room for.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// How many datagrams the last receive has brought.
    pub fn len(&self) -> usize {
        self.filled
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// The datagram of this number, from 0.
    pub fn get(&self, index: usize) -> Option<Datagram<'_>> {
        self.slots[..self.filled].get(index).map(|slot| Datagram { slot })
    }

    /// The datagrams, in the order in which they came.
    pub fn iter(&self) -> Datagrams<'_> {
        Datagrams { slots: self.slots[..self.filled].iter() }
    }

    /// The room, for the next receive. Empty until that says how much it has filled.
    pub(super) fn room(&mut self) -> &mut [Slot] {
        self.filled = 0;
        &mut self.slots
    }

    pub(super) fn set_filled(&mut self, filled: usize) {
        self.filled = filled.min(self.slots.len());
    }
}

impl<'a> IntoIterator for &'a RecvBatch {
    type Item = Datagram<'a>;
    type IntoIter = Datagrams<'a>;

    fn into_iter(self) -> Datagrams<'a> {
        self.iter()
    }
}

impl fmt::Debug for RecvBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The datagrams of a [`RecvBatch`].
#[derive(Clone)]
pub struct Datagrams<'a> {
    slots: std::slice::Iter<'a, Slot>,
}

impl<'a> Iterator for Datagrams<'a> {
    type Item = Datagram<'a>;

    fn next(&mut self) -> Option<Datagram<'a>> {
        self.slots.next().map(|slot| Datagram { slot })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.slots.size_hint()
    }
}

impl ExactSizeIterator for Datagrams<'_> {}

impl fmt::Debug for Datagrams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// A datagram of a [`RecvBatch`].
#[derive(Clone, Copy)]
pub struct Datagram<'a> {
    slot: &'a Slot,
}

impl<'a> Datagram<'a> {
    /// Its bytes, as many as there was room for.
    pub fn data(&self) -> &'a [u8] {
        &self.slot.data[..self.slot.len.min(self.slot.data.len())]
    }

    /// How long it was, in bytes: more than [`data`](Datagram::data) when it was cut.
    pub fn datagram_len(&self) -> usize {
        self.slot.len
    }

    /// Whether there was not enough room, so that the rest of it is lost.
    pub fn is_truncated(&self) -> bool {
        self.slot.len > self.slot.data.len() || self.slot.flags.contains(MsgFlags::TRUNC)
    }

    /// Whom it is from.
    ///
    /// # Errors
    ///
    /// [`InvalidData`](io::ErrorKind::InvalidData) when the kernel gave no IP address.
    pub fn source(&self) -> io::Result<SocketAddr> {
        crate::socket::ip_address(&self.slot.source())
    }

    /// All that is known of it.
    ///
    /// # Errors
    ///
    /// As [`source`](Datagram::source).
    pub fn meta(&self) -> io::Result<RecvMeta> {
        let Slot { data, control, len, flags, .. } = self.slot;
        RecvMeta::of(*len, data.len(), *flags, &self.slot.source(), control)
    }

    /// The single datagrams in it: one, or with GRO several.
    pub fn segments(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        segments(self.data(), self.meta().ok().and_then(|meta| meta.segment_size))
    }
}

impl fmt::Debug for Datagram<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagram").field("meta", &self.meta()).finish_non_exhaustive()
    }
}

/// Datagrams to be sent by [`send_many`](crate::UdpSocket::send_many), which takes out what it has sent.
///
/// It copies the bytes, and keeps its memory for the next ones.
///
/// # Examples
///
/// ```
/// use fend::net::UdpSocket;
/// use fend::net::udp::SendBatch;
///
/// # fend::block_on(async {
/// # let (socket, peer) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
/// # let address = peer.local_addr()?;
/// let mut batch = SendBatch::new();
/// for text in [&b"one"[..], b"two"] {
///     batch.push_to(text, address);
/// }
/// assert_eq!(socket.send_many(&mut batch).await?, 2);
/// assert!(batch.is_empty());
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Default)]
pub struct SendBatch {
    data: Vec<u8>,
    /// Those before `next` were sent, those from `end` on are memory to be used again.
    entries: Vec<Entry>,
    next: usize,
    end: usize,
}

#[derive(Default)]
struct Entry {
    data: Range<usize>,
    to: Option<SockAddr>,
    control: ControlBuffer<'static>,
}

impl SendBatch {
    /// An empty batch.
    pub fn new() -> SendBatch {
        SendBatch::default()
    }

    /// Adds a datagram to the peer of a connected socket.
    pub fn push(&mut self, data: &[u8]) {
        self.push_msg(data, &SendMeta::new());
    }

    /// Adds a datagram to an address.
    pub fn push_to(&mut self, data: &[u8], to: SocketAddr) {
        self.push_msg(data, &SendMeta::to(to));
    }

    /// Adds a datagram as `meta` wants it.
    pub fn push_msg(&mut self, data: &[u8], meta: &SendMeta) {
        self.reclaim();
        if self.end == self.entries.len() {
            self.entries.push(Entry::default());
        }
        let entry = &mut self.entries[self.end];
        let start = self.data.len();
        self.data.extend_from_slice(data);
        entry.data = start..self.data.len();
        entry.to = meta.destination().map(SockAddr::from);
        entry.control.clear();
        meta.put(&mut entry.control);
        self.end += 1;
    }

    /// Gives the memory of what was sent to what comes, once that is most of it: a batch that is never quite empty does not grow.
    fn reclaim(&mut self) {
        if self.is_empty() {
            return self.clear();
        }
        if self.next < RecvBatch::MAX || self.next < self.len() {
            return;
        }
        let sent = self.entries[self.next].data.start;
        self.data.drain(..sent);
        self.entries[..self.end].rotate_left(self.next);
        (self.next, self.end) = (0, self.len());
        for Entry { data, .. } in &mut self.entries[..self.end] {
            *data = data.start - sent..data.end - sent;
        }
    }

    /// How many datagrams are still to be sent.
    pub fn len(&self) -> usize {
        self.end - self.next
    }

    /// Whether all are sent.
    pub fn is_empty(&self) -> bool {
        self.next == self.end
    }

    /// Takes out the next one to be sent: after an error, the one that has failed. False when there is none.
    pub fn skip(&mut self) -> bool {
        let there = !self.is_empty();
        self.sent(usize::from(there));
        there
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.data.clear();
        (self.next, self.end) = (0, 0);
    }

    /// Where the next one goes to.
    pub(super) fn destination(&self) -> Option<SocketAddr> {
        self.entries[self.next..self.end].first()?.to.as_ref()?.as_socket()
    }

    pub(super) fn outgoing(&self) -> impl Iterator<Item = Outgoing<'_>> {
        self.entries[self.next..self.end].iter().map(|entry| Outgoing {
            data: &self.data[entry.data.clone()],
            to: entry.to.as_ref(),
            control: &entry.control,
        })
    }

    pub(super) fn sent(&mut self, count: usize) {
        self.next = self.end.min(self.next + count);
    }
}

impl fmt::Debug for SendBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendBatch").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_is_never_empty_stays_small() {
        let mut batch = SendBatch::new();
        let (mut pushed, mut sent) = (0_u32, 0_u32);
        for round in 0..2000 {
            for _ in 0..round % 7 + 1 {
                batch.push(&pushed.to_ne_bytes()[..1 + pushed as usize % 4]);
                pushed += 1;
            }
            while batch.len() > 10 {
                let data = batch.outgoing().next().expect("it is not empty").data;
                assert_eq!(data, &sent.to_ne_bytes()[..1 + sent as usize % 4]);
                batch.sent(1);
                sent += 1;
            }
        }
        assert_eq!(batch.len(), (pushed - sent) as usize);
        assert!(batch.entries.len() < 200, "{}", batch.entries.len());
        assert!(batch.data.capacity() < 2000, "{}", batch.data.capacity());
    }
}
