//! sendmsg(2), recvmsg(2) and their many-at-once forms.
//!
//! # Rules, besides those of the [layer](super)
//!
//! M1. A `msghdr` is plain data for which zeroes are valid; so are arrays of `mmsghdr`, `iovec` and words.
//! M2. [`IoSlice`] and [`IoSliceMut`] have the layout of `iovec`: std promises it.
//! M3. A header lives no longer than the borrows of the slices that its pointers and lengths were taken from: it is made, used and
//!     left in one function. Pieces that the kernel writes to were borrowed mutably.
//! M4. Right after a successful recvmsg(2) or recvmmsg(2) the numbers in the `SCM_RIGHTS` and `SCM_PIDFD` messages that the kernel
//!     has written are open fds that nobody else owns. They are taken once, at once, and struck out in the bytes.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

use socket2::{SockAddr, SockAddrStorage};

use super::retry_interrupted;
use crate::control::layout::message_at;
use crate::control::{ControlBuffer, OWNED, ReceivedControl, SCM_PIDFD};
use crate::flags::MsgFlags;

/// Messages of one recvmmsg(2) or sendmmsg(2). More gain nothing that could be measured, and their headers are on the stack.
pub(crate) const MAX_MESSAGES: usize = 64;

/// What one receive has brought, besides the bytes and the control messages.
#[derive(Debug)]
pub(crate) struct Received {
    /// Bytes in the buffers; with `MSG_TRUNC` asked for, those of the message, which may be more.
    pub(crate) len: usize,
    /// What the kernel says of it.
    pub(crate) flags: MsgFlags,
    /// Whom it is from. Of length 0 when the socket is connected and does not say.
    pub(crate) source: SockAddr,
}

/// recvmsg(2). Descriptors that come with it are close-on-exec and owned by `control`. Without room in that, none come.
pub(crate) fn recvmsg(
    fd: BorrowedFd<'_>,
    bufs: &mut [IoSliceMut<'_>],
    control: &mut ReceivedControl,
    flags: MsgFlags,
) -> io::Result<Received> {
    let mut source = SockAddrStorage::zeroed();
    let mut header = zeroed_header();
    header.msg_name = ptr::from_mut(&mut source).cast();
    header.msg_iov = bufs.as_mut_ptr().cast();
    header.msg_iovlen = bufs.len() as _;
    let room = control.room();
    let len = retry_interrupted(|| {
        // Each attempt has the whole room.
        header.msg_namelen = source_len();
        set_control(&mut header, room.as_mut_ptr(), room.len());
        // SAFETY: rule 1 for the fd; M2 and M3 for the header's pieces: `source`, `bufs` and `room` are borrowed mutably.
        unsafe { libc::recvmsg(fd.as_raw_fd(), &mut header, flags.bits() | libc::MSG_CMSG_CLOEXEC) }
    })
    .inspect_err(|_| control.clear())?;
    take_descriptors(control, &header);
    // SAFETY: rule 6.
    let source = unsafe { SockAddr::new(source, header.msg_namelen.min(source_len())) };
    Ok(Received { len, flags: answered(header.msg_flags), source })
}

/// recvfrom(2), which costs less than [`recvmsg`]: the length, and whom it is from.
pub(crate) fn recv_from(
    fd: BorrowedFd<'_>,
    buf: &mut [u8],
    flags: MsgFlags,
) -> io::Result<(usize, SockAddr)> {
    let receive = |source: *mut SockAddrStorage, len: *mut libc::socklen_t| {
        retry_interrupted(|| {
            // SAFETY: rule 1 for the fd; rule 2 for the buffer, and for the address: `try_init` passes one storage and its size.
            unsafe {
                let buf = (buf.as_mut_ptr().cast(), buf.len());
                libc::recvfrom(fd.as_raw_fd(), buf.0, buf.1, flags.bits(), source.cast(), len)
            }
        })
    };
    // SAFETY: recvfrom initialises the address and sets its length whenever it succeeds; to 0 where there is none (rule 2).
    unsafe { SockAddr::try_init(receive) }
}

/// sendmsg(2). The descriptors in `control` are open for as long as it lives.
pub(crate) fn sendmsg(
    fd: BorrowedFd<'_>,
    bufs: &[IoSlice<'_>],
    to: Option<&SockAddr>,
    control: &ControlBuffer<'_>,
    flags: MsgFlags,
) -> io::Result<usize> {
    let flags = flags.for_send()?;
    let mut header = zeroed_header();
    header.msg_iov = bufs.as_ptr().cast_mut().cast();
    header.msg_iovlen = bufs.len() as _;
    set_outgoing(&mut header, to, control);
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd; M2 and M3 for the header's pieces, which sendmsg only reads.
        unsafe { libc::sendmsg(fd.as_raw_fd(), &header, flags) }
    })
}

/// Room for one message of a [`recvmmsg`], and then what has come.
pub(crate) struct Slot {
    pub(crate) data: Box<[u8]>,
    pub(crate) control: ReceivedControl,
    /// Bytes in `data`; with `MSG_TRUNC` asked for, those of the message, which may be more.
    pub(crate) len: usize,
    pub(crate) flags: MsgFlags,
    source: SockAddrStorage,
    source_len: libc::socklen_t,
}

impl Slot {
    /// Room for `size` bytes and for control messages of `control` bytes in all.
    pub(crate) fn new(size: usize, control: usize) -> Slot {
        Slot {
            data: vec![0; size].into_boxed_slice(),
            control: ReceivedControl::with_capacity(control),
            len: 0,
            flags: MsgFlags::NONE,
            source: SockAddrStorage::zeroed(),
            source_len: 0,
        }
    }

    /// Whom the message is from.
    pub(crate) fn source(&self) -> SockAddr {
        // SAFETY: rule 6: plain data, to be copied, and the length was lowered.
        unsafe { SockAddr::new(ptr::read(&self.source), self.source_len) }
    }
}

/// recvmmsg(2) into the first [`MAX_MESSAGES`] slots: how many were filled. With `slots` empty that is 0.
pub(crate) fn recvmmsg(fd: BorrowedFd<'_>, slots: &mut [Slot], flags: MsgFlags) -> io::Result<usize> {
    let count = slots.len().min(MAX_MESSAGES);
    if count == 0 {
        return Ok(0);
    }
    // SAFETY: M1.
    let (mut headers, mut pieces): ([libc::mmsghdr; MAX_MESSAGES], [libc::iovec; MAX_MESSAGES]) =
        unsafe { (mem::zeroed(), mem::zeroed()) };
    for ((header, piece), slot) in headers.iter_mut().zip(&mut pieces).zip(&mut slots[..count]) {
        *piece = libc::iovec { iov_base: slot.data.as_mut_ptr().cast(), iov_len: slot.data.len() };
        let header = &mut header.msg_hdr;
        header.msg_name = ptr::from_mut(&mut slot.source).cast();
        header.msg_namelen = source_len();
        header.msg_iov = piece;
        header.msg_iovlen = 1;
        let room = slot.control.room();
        set_control(header, room.as_mut_ptr(), room.len());
    }
    let filled = retry_interrupted(|| {
        let flags = flags.bits() | libc::MSG_CMSG_CLOEXEC;
        // SAFETY: rule 1 for the fd; M3 for the `count` headers' pieces, which are in `slots`, borrowed mutably, and in `pieces`.
        // An interrupted call has changed no header: it says EINTR only when it has received nothing.
        unsafe {
            libc::recvmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), count as _, flags as _, ptr::null_mut())
                as isize
        }
    });
    let filled = match filled {
        Ok(filled) => filled.min(count),
        Err(error) => {
            slots[..count].iter_mut().for_each(|slot| slot.control.clear());
            return Err(error);
        }
    };
    for (header, slot) in headers.iter().zip(&mut slots[..filled]) {
        take_descriptors(&mut slot.control, &header.msg_hdr);
        slot.len = header.msg_len as usize;
        slot.flags = answered(header.msg_hdr.msg_flags);
        slot.source_len = header.msg_hdr.msg_namelen.min(source_len());
    }
    slots[filled..count].iter_mut().for_each(|slot| slot.control.clear());
    Ok(filled)
}

/// One message for [`sendmmsg`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) to: Option<&'a SockAddr>,
    pub(crate) control: &'a ControlBuffer<'a>,
}

/// sendmmsg(2) of the first [`MAX_MESSAGES`] messages: how many were sent. An error is that of the first; a later one shows when that message
/// is the first.
pub(crate) fn sendmmsg<'a>(
    fd: BorrowedFd<'_>,
    messages: impl Iterator<Item = Outgoing<'a>>,
    flags: MsgFlags,
) -> io::Result<usize> {
    let flags = flags.for_send()?;
    // SAFETY: M1.
    let (mut headers, mut pieces): ([libc::mmsghdr; MAX_MESSAGES], [libc::iovec; MAX_MESSAGES]) =
        unsafe { (mem::zeroed(), mem::zeroed()) };
    let mut count = 0;
    for ((header, piece), message) in headers.iter_mut().zip(&mut pieces).zip(messages) {
        *piece =
            libc::iovec { iov_base: message.data.as_ptr().cast_mut().cast(), iov_len: message.data.len() };
        header.msg_hdr.msg_iov = piece;
        header.msg_hdr.msg_iovlen = 1;
        set_outgoing(&mut header.msg_hdr, message.to, message.control);
        count += 1;
    }
    if count == 0 {
        return Ok(0);
    }
    retry_interrupted(|| {
        // SAFETY: rule 1 for the fd; M3 for the `count` headers' pieces, whose borrows outlive this call ('a), and which sendmmsg
        // only reads. It writes to the headers, which are borrowed mutably.
        unsafe { libc::sendmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), count as _, flags as _) as isize }
    })
}

/// The bytes of words.
pub(crate) fn word_bytes(words: &[usize]) -> &[u8] {
    // SAFETY: rule 2, the same memory; words have no padding, and bytes want no alignment.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), mem::size_of_val(words)) }
}

/// The bytes of words, to be changed.
pub(crate) fn word_bytes_mut(words: &mut [usize]) -> &mut [u8] {
    // SAFETY: rule 2, the same memory, borrowed mutably; words have no padding, any bytes are a word, and bytes want no alignment.
    unsafe { std::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), mem::size_of_val(words)) }
}

fn zeroed_header() -> libc::msghdr {
    // SAFETY: M1.
    unsafe { mem::zeroed() }
}

fn source_len() -> libc::socklen_t {
    mem::size_of::<SockAddrStorage>() as libc::socklen_t
}

fn set_control(header: &mut libc::msghdr, room: *mut u8, len: usize) {
    header.msg_control = if len == 0 { ptr::null_mut() } else { room.cast() };
    header.msg_controllen = len as _;
}

fn set_outgoing(header: &mut libc::msghdr, to: Option<&SockAddr>, control: &ControlBuffer<'_>) {
    let control = control.as_bytes();
    if let Some(to) = to {
        header.msg_name = to.as_ptr().cast_mut().cast();
        header.msg_namelen = to.len();
    }
    set_control(header, control.as_ptr().cast_mut(), control.len());
}

/// What the kernel says of the message, without what we have asked for and it repeats.
fn answered(flags: libc::c_int) -> MsgFlags {
    MsgFlags::from_bits(flags & !libc::MSG_CMSG_CLOEXEC)
}

/// A length of the C library's, whose type differs between them.
fn size(len: impl TryInto<usize>) -> usize {
    len.try_into().unwrap_or(usize::MAX)
}

/// Makes `control` the owner of the descriptors that have come. To be called once for each received message.
fn take_descriptors(control: &mut ReceivedControl, header: &libc::msghdr) {
    let mut descriptors = VecDeque::new();
    let mut start = 0;
    let room = control.written();
    let len = size(header.msg_controllen).min(room.len());
    let bytes = &mut room[..len];
    while let Some(message) = message_at(bytes, start) {
        if message.level == libc::SOL_SOCKET && matches!(message.kind, libc::SCM_RIGHTS | SCM_PIDFD) {
            for number in bytes[message.data].chunks_exact_mut(4) {
                let descriptor = i32::from_ne_bytes([number[0], number[1], number[2], number[3]]);
                // A pidfd that could not be made is an error's number in its place, below zero.
                if descriptor >= 0 {
                    number.copy_from_slice(&OWNED.to_ne_bytes());
                    // SAFETY: M4.
                    descriptors.push_back(unsafe { OwnedFd::from_raw_fd(descriptor) });
                }
            }
        }
        start = message.next;
    }
    control.filled(len, descriptors);
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use socket2::{Domain, Socket, Type};

    use super::*;
    use crate::control::{ControlMessage, space};

    fn pair() -> (Socket, Socket) {
        Socket::pair(Domain::UNIX, Type::DGRAM, None).unwrap()
    }

    /// Sends one end each of `count` streams, and keeps none: the other ends read to the end once the last copy is closed.
    fn send_ends(socket: &Socket, count: usize) -> Vec<UnixStream> {
        let (readers, writers): (Vec<_>, Vec<_>) = (0..count).map(|_| UnixStream::pair().unwrap()).unzip();
        let mut control = ControlBuffer::new();
        control.push_descriptors(&writers.iter().map(AsFd::as_fd).collect::<Vec<_>>()).unwrap();
        sendmsg(socket.as_fd(), &[IoSlice::new(b"x")], None, &control, MsgFlags::NONE).unwrap();
        readers
    }

    fn receive(socket: &Socket, control: &mut ReceivedControl) -> Received {
        let mut byte = [0];
        recvmsg(socket.as_fd(), &mut [IoSliceMut::new(&mut byte)], control, MsgFlags::NONE).unwrap()
    }

    /// Blocks for ever when one is still open somewhere: the harness notices.
    fn assert_closed(readers: Vec<UnixStream>) {
        for mut reader in readers {
            assert_eq!(reader.read(&mut [0]).unwrap(), 0);
        }
    }

    #[track_caller]
    fn descriptors(message: Option<ControlMessage>) -> Vec<OwnedFd> {
        match message {
            Some(ControlMessage::Descriptors(descriptors)) => descriptors,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn control_descriptors_are_owned_and_close_on_exec() {
        let (ours, theirs) = pair();
        let readers = send_ends(&theirs, 3);
        let mut control = ReceivedControl::with_capacity(space(12));
        let received = receive(&ours, &mut control);
        assert_eq!((received.len, received.flags), (1, MsgFlags::NONE));
        let mut messages = control.messages();
        let taken = descriptors(messages.next());
        assert!(messages.next().is_none());
        drop(messages);
        assert!(control.messages().next().is_none(), "taken once");
        for (descriptor, reader) in taken.iter().zip(&readers) {
            // SAFETY: rule 1.
            let flags = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_GETFD) };
            assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
            Socket::from(descriptor.try_clone().unwrap()).send(b"y").unwrap();
            let mut byte = [0];
            (&*reader).read_exact(&mut byte).unwrap();
        }
        drop(taken);
        assert_closed(readers);
    }

    #[test]
    fn control_descriptors_that_nobody_takes_are_closed() {
        let (ours, theirs) = pair();
        let room = || ReceivedControl::with_capacity(space(8));
        // By the drop of the room, of the iterator, by clearing, and by the next receive.
        let readers = send_ends(&theirs, 2);
        let mut control = room();
        receive(&ours, &mut control);
        drop(control);
        assert_closed(readers);

        let readers = send_ends(&theirs, 2);
        let mut control = room();
        receive(&ours, &mut control);
        drop(control.messages());
        assert_closed(readers);

        let readers = send_ends(&theirs, 2);
        receive(&ours, &mut control);
        control.clear();
        assert_closed(readers);

        let readers = send_ends(&theirs, 2);
        receive(&ours, &mut control);
        theirs.send(b"plain").unwrap();
        let received = receive(&ours, &mut control);
        assert!(received.flags.contains(MsgFlags::TRUNC), "5 bytes into 1");
        assert_closed(readers);
        assert!(control.messages().next().is_none());

        // And by a receive that fails.
        let readers = send_ends(&theirs, 2);
        receive(&ours, &mut control);
        ours.set_nonblocking(true).unwrap();
        recvmsg(ours.as_fd(), &mut [], &mut control, MsgFlags::NONE).unwrap_err();
        assert!(control.as_bytes().is_empty());
        assert_closed(readers);
    }

    #[test]
    fn control_descriptors_that_find_no_room_are_closed() {
        for room in 0..space(16) + 8 {
            let (ours, theirs) = pair();
            let readers = send_ends(&theirs, 5);
            let mut control = ReceivedControl::with_capacity(room);
            let received = receive(&ours, &mut control);
            let taken: usize = control.messages().map(|message| descriptors(Some(message)).len()).sum();
            assert_eq!(received.flags.contains(MsgFlags::CTRUNC), taken < 5, "{room}");
            assert_closed(readers);
        }
    }

    #[test]
    fn many_messages_at_once_each_with_its_own() {
        let (ours, theirs) = pair();
        let mut all = Vec::new();
        for count in 0..3 {
            all.push(send_ends(&theirs, count));
        }
        let mut slots: Vec<_> = (0..5).map(|_| Slot::new(8, space(8))).collect();
        assert_eq!(recvmmsg(ours.as_fd(), &mut slots, MsgFlags::from_bits(libc::MSG_DONTWAIT)).unwrap(), 3);
        for (count, slot) in slots[..3].iter_mut().enumerate() {
            assert_eq!(&slot.data[..slot.len], b"x");
            let taken: usize = slot.control.messages().map(|message| descriptors(Some(message)).len()).sum();
            assert_eq!(taken, count);
        }
        assert_closed(all.into_iter().flatten().collect());
        let error = recvmmsg(ours.as_fd(), &mut slots, MsgFlags::from_bits(libc::MSG_DONTWAIT)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(slots.iter().all(|slot| slot.control.as_bytes().is_empty()));

        let control = ControlBuffer::new();
        let message = Outgoing { data: b"abc", to: None, control: &control };
        let sent = sendmmsg(theirs.as_fd(), std::iter::repeat_n(message, 3), MsgFlags::NONE).unwrap();
        assert_eq!(sent, 3);
        assert_eq!(recvmmsg(ours.as_fd(), &mut slots, MsgFlags::from_bits(libc::MSG_DONTWAIT)).unwrap(), 3);
        assert_eq!(sendmmsg(theirs.as_fd(), std::iter::empty(), MsgFlags::NONE).unwrap(), 0);
        assert_eq!(recvmmsg(ours.as_fd(), &mut [], MsgFlags::NONE).unwrap(), 0);
    }

    #[test]
    fn control_pidfd_of_the_sender() {
        // Not in every libc: SO_PASSPIDFD, since Linux 6.5.
        const SO_PASSPIDFD: libc::c_int = 76;
        let (ours, theirs) = pair();
        let on: libc::c_int = 1;
        // SAFETY: rule 1 for the fd, rule 2 for the value.
        let result = unsafe {
            let value = ptr::from_ref(&on).cast();
            libc::setsockopt(ours.as_raw_fd(), libc::SOL_SOCKET, SO_PASSPIDFD, value, size_of_val(&on) as _)
        };
        if result != 0 {
            eprintln!("skipped: no SO_PASSPIDFD: {}", io::Error::last_os_error());
            return;
        }
        let readers = send_ends(&theirs, 1);
        let mut control = ReceivedControl::with_capacity(space(4) * 2);
        receive(&ours, &mut control);
        let messages: Vec<_> = control.messages().collect();
        let kinds = messages.iter().fold((0, 0), |(pidfds, descriptors), message| match message {
            ControlMessage::PidFd(_) => (pidfds + 1, descriptors),
            ControlMessage::Descriptors(taken) => (pidfds, descriptors + taken.len()),
            other => panic!("{other:?}"),
        });
        assert_eq!(kinds, (1, 1));
        drop(messages);
        assert_closed(readers);
    }
}
