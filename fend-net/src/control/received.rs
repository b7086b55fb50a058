//! [`ReceivedControl`]: control messages that came in, and the descriptors with them.

use std::collections::vec_deque::{self, VecDeque};
use std::fmt;
use std::os::fd::OwnedFd;

use super::message::{ControlMessage, decode};
use super::raw::{RawControlMessage, RawControlMessages};
use super::words::Words;

/// What stands in the bytes for a descriptor that is owned here. No descriptor, and no error's number that the kernel puts in the
/// place of one.
pub(crate) const OWNED: i32 = i32::MIN;

/// Room for the control messages of one receive, and then the messages.
///
/// It owns every descriptor that has come with them, from the moment of the receive. Those that are not taken out through
/// [`messages`](ReceivedControl::messages) are closed when it is used for the next receive, cleared or dropped.
///
/// # Examples
///
/// ```
/// use fend::net::control::{ReceivedControl, space};
///
/// // Room for four descriptors and the sender's credentials.
/// let mut control = ReceivedControl::with_capacity(space(4 * size_of::<i32>()) + space(12));
/// assert_eq!(control.messages().count(), 0); // Nothing was received yet.
/// ```
#[derive(Default)]
pub struct ReceivedControl {
    words: Words,
    capacity: usize,
    descriptors: VecDeque<OwnedFd>,
}

impl ReceivedControl {
    /// Room for messages of `bytes` bytes in all: of [`space`](super::space) for each. With 0 none are asked for.
    pub fn with_capacity(bytes: usize) -> ReceivedControl {
        ReceivedControl { words: Words::with_capacity(bytes), capacity: bytes, descriptors: VecDeque::new() }
    }

    /// How many bytes of messages there is room for.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Takes the messages out, in order. What the iterator has not given when it is dropped is thrown away, and its descriptors
    /// are closed.
    pub fn messages(&mut self) -> ControlMessages<'_> {
        let bytes = self.words.take_bytes();
        ControlMessages { raw: RawControlMessages::new(bytes), descriptors: self.descriptors.drain(..) }
    }

    /// The messages as they lie in the buffer, without the descriptors: their numbers are not in it any more.
    pub fn as_bytes(&self) -> &[u8] {
        self.words.as_bytes()
    }

    /// Throws the messages away and closes their descriptors. The room stays.
    pub fn clear(&mut self) {
        self.words.resize(0);
        self.descriptors.clear();
    }

    /// All of the room, for the kernel to write to. What was in it is gone.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        self.descriptors.clear();
        self.words.resize(self.capacity);
        self.words.as_bytes_mut()
    }

    /// The room again, with what the kernel has written.
    pub(crate) fn written(&mut self) -> &mut [u8] {
        self.words.as_bytes_mut()
    }

    /// The kernel has written `len` bytes, and `descriptors` were in them.
    pub(crate) fn filled(&mut self, len: usize, descriptors: VecDeque<OwnedFd>) {
        self.words.resize(len.min(self.capacity));
        self.descriptors = descriptors;
    }
}

impl fmt::Debug for ReceivedControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedControl")
            .field("capacity", &self.capacity)
            .field("messages", &RawControlMessages::new(self.as_bytes()).collect::<Vec<_>>())
            .field("descriptors", &self.descriptors)
            .finish()
    }
}

/// The messages of a [`ReceivedControl`]. Descriptors that it has not given are closed when it is dropped.
pub struct ControlMessages<'a> {
    raw: RawControlMessages<'a>,
    descriptors: vec_deque::Drain<'a, OwnedFd>,
}

impl Iterator for ControlMessages<'_> {
    type Item = ControlMessage;

    fn next(&mut self) -> Option<ControlMessage> {
        self.raw.next().map(|raw| decode(raw, &mut self.descriptors))
    }
}

impl fmt::Debug for ControlMessages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.raw.clone()).finish()
    }
}

impl ControlMessage {
    /// What the bytes of a message mean. Pure: descriptors are never made of bytes, so that there are none in the result, whatever the bytes
    /// say.
    pub fn of_raw(message: RawControlMessage<'_>) -> ControlMessage {
        decode(message, &mut std::iter::empty())
    }
}
