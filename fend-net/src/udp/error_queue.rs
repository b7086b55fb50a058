//! The error queue: errors of single datagrams, with all that is known about each.
//!
//! What is in the kernel's queue makes the socket "in error" (`EPOLLERR`) until it is read. poll(2) says so again and again, to those
//! too that wait for datagrams, and a receive that finds none would be tried in an endless loop. So a receive or send that would block while the
//! queue is in use empties it first, into the store of this file, where [`UdpSocket::recv_error`] looks before it asks the
//! kernel. Both happen under one lock: an entry is either in the one or in the other for whoever looks.
//!
//! What was set aside makes no event any more. So who waits for entries waits for both: for the kernel's word "error", and for a
//! wake-up of those who set aside.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use fend_reactor::io::Direction;
use socket2::Socket;

use super::UdpSocket;
use super::metadata::{is_on, switch};
use super::operation::recv_msg;
use crate::control::{ControlMessage, ExtendedError, RawControlMessages, ReceivedControl, Timestamp, space};
use crate::flags::MsgFlags;
use crate::option::c_option::{COption, c_option};

/// Entries kept for a reader that does not come. The kernel's own bound is the receive buffer's size.
const MAX_KEPT: usize = 64;

/// How much of the datagram that an error is about is kept, in bytes. An ICMP message quotes no more than this.
const MAX_DATA: usize = 576;

/// Wakers kept for readers. One more wakes the oldest, which looks, and comes back when it still cares.
const MAX_WAITING: usize = 32;

/// The direction that only an error ends: a datagram socket has no end of stream, and success does not end its readiness.
const ERROR_ALONE: Direction = Direction::PeerClosed;

/// The option for each protocol.
const OPTION: (COption, COption) = (c_option!(SOL_IP, IP_RECVERR), c_option!(SOL_IPV6, IPV6_RECVERR));
const SO_TIMESTAMPING: COption = c_option!(SOL_SOCKET, SO_TIMESTAMPING);

const ERRORS: u8 = 1;
const TIMESTAMPS: u8 = 1 << 1;

/// Time stamps by the kernel and by the network card, of each datagram that is sent, each with its number and without its bytes.
const SEND_TIMESTAMPS: u32 = libc::SOF_TIMESTAMPING_TX_SOFTWARE
    | libc::SOF_TIMESTAMPING_TX_HARDWARE
    | REPORTED
    | libc::SOF_TIMESTAMPING_OPT_ID
    | libc::SOF_TIMESTAMPING_OPT_TSONLY;

/// Which clocks' stamps are told.
const REPORTED: u32 = libc::SOF_TIMESTAMPING_SOFTWARE | libc::SOF_TIMESTAMPING_RAW_HARDWARE;

/// Every kind of stamp that comes back on the error queue.
const ANY_SEND: u32 = libc::SOF_TIMESTAMPING_TX_SOFTWARE
    | libc::SOF_TIMESTAMPING_TX_HARDWARE
    | libc::SOF_TIMESTAMPING_TX_SCHED
    | libc::SOF_TIMESTAMPING_TX_ACK;

/// An entry of a socket's error queue: ip(7), `IP_RECVERR`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct QueuedError {
    /// What happened, and who says so.
    pub error: ExtendedError,
    /// Where the datagram was sent to.
    pub destination: Option<SocketAddr>,
    /// The beginning of the datagram: what the ICMP message quotes of it, 576 bytes at most.
    pub data: Vec<u8>,
    /// The time stamp, when the entry is one of a sent datagram.
    pub timestamp: Option<Timestamp>,
    /// How many entries before this one were thrown away, since nobody read them while more than 64 had come.
    pub lost: u64,
}

/// What this process keeps of the error queue. Shared by a socket's clones.
#[derive(Debug, Default)]
pub(super) struct ErrorQueue {
    /// What the kernel was asked to fill its queue with: [`ERRORS`], [`TIMESTAMPS`].
    in_use: AtomicU8,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<QueuedError>,
    /// Thrown away since the last entry.
    lost: u64,
    /// The error of the entry that was read last.
    last: Option<i32>,
    /// Of readers that have found nothing. Those of dropped ones stay until the next wake-up.
    waiting: VecDeque<Waker>,
}

impl ErrorQueue {
    /// That of a socket of whom nothing is known.
    pub(super) fn of(socket: &Socket) -> io::Result<ErrorQueue> {
        let errors = if is_on(socket, OPTION)? { ERRORS } else { 0 };
        let timestamps = if timestamping(socket)? & ANY_SEND != 0 { TIMESTAMPS } else { 0 };
        Ok(ErrorQueue { in_use: AtomicU8::new(errors | timestamps), ..ErrorQueue::default() })
    }

    fn is_in_use(&self) -> bool {
        self.in_use.load(Ordering::Relaxed) != 0
    }

    fn set_in_use(&self, by: u8, on: bool) {
        match on {
            true => self.in_use.fetch_or(by, Ordering::Relaxed),
            false => self.in_use.fetch_and(!by, Ordering::Relaxed),
        };
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Empties the kernel's queue, so that it does not pass for news. After an operation that would block.
    pub(super) fn set_aside(&self, socket: &Socket) {
        if !self.is_in_use() {
            return;
        }
        let mut kept = self.lock();
        let before = kept.entries.len();
        // Any error of this is that of the socket itself, and the next operation meets it.
        while let Ok(entry) = kept.read(socket) {
            if kept.entries.len() < MAX_KEPT {
                let lost = std::mem::take(&mut kept.lost);
                kept.entries.push_back(QueuedError { lost, ..entry });
            } else {
                kept.lost += 1;
            }
        }
        let woken = match kept.entries.len() > before {
            true => std::mem::take(&mut kept.waiting),
            false => VecDeque::new(),
        };
        drop(kept);
        woken.into_iter().for_each(Waker::wake);
    }

    /// The next entry that was set aside; else leaves the waker for the next one.
    fn poll_kept(&self, cx: &mut Context<'_>) -> Poll<io::Result<QueuedError>> {
        self.check_in_use()?;
        // Cloned here and dropped or woken below: with no lock held.
        let mut waker = Some(cx.waker().clone());
        let mut oldest = None;
        let entry = {
            let mut kept = self.lock();
            let entry = kept.entries.pop_front();
            if entry.is_none() && !kept.waiting.iter().any(|other| other.will_wake(cx.waker())) {
                if kept.waiting.len() == MAX_WAITING {
                    oldest = kept.waiting.pop_front();
                }
                kept.waiting.extend(waker.take());
            }
            entry
        };
        if let Some(oldest) = oldest {
            oldest.wake();
        }
        entry.map_or(Poll::Pending, |entry| Poll::Ready(Ok(entry)))
    }

    fn check_in_use(&self) -> io::Result<()> {
        if self.is_in_use() {
            return Ok(());
        }
        let message = "recv_error: the error queue is not in use: call set_recv_errors(true) or set_send_timestamps(true) first";
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    /// The next entry.
    fn take(&self, socket: &Socket) -> io::Result<QueuedError> {
        self.check_in_use()?;
        let mut kept = self.lock();
        if let Some(entry) = kept.entries.pop_front() {
            return Ok(entry);
        }
        loop {
            match kept.read(socket) {
                Ok(entry) => return Ok(QueuedError { lost: std::mem::take(&mut kept.lost), ..entry }),
                // An error of the socket itself ends the wait all the same, and must not do so again.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match socket.take_error()? {
                    None => return Err(error),
                    // The kernel queues an entry first, and then sets the socket's error: this is the same one again.
                    Some(same) if same.raw_os_error() == kept.last => {}
                    Some(other) => return Err(other),
                },
                Err(error) => return Err(error),
            }
        }
    }
}

impl Kept {
    /// The next entry of the kernel's queue.
    fn read(&mut self, socket: &Socket) -> io::Result<QueuedError> {
        let entry = read(socket)?;
        self.last = Some(entry.error.errno);
        Ok(entry)
    }
}

/// `SOF_TIMESTAMPING_*` of the socket.
fn timestamping(socket: &Socket) -> io::Result<u32> {
    SO_TIMESTAMPING.u32(socket)
}

/// recvmsg(2) from the kernel's error queue.
fn read(socket: &Socket) -> io::Result<QueuedError> {
    // The error with its offender's address, a time stamp, and what other metadata was asked for.
    let mut control = ReceivedControl::with_capacity(space(64) * 6);
    let mut data = [0; MAX_DATA];
    let received = recv_msg(socket, &mut [IoSliceMut::new(&mut data)], MsgFlags::ERRQUEUE, &mut control)?;
    let (mut error, mut timestamp) = (None, None);
    for message in RawControlMessages::new(control.as_bytes()).map(ControlMessage::of_raw) {
        match message {
            ControlMessage::ExtendedError(found) => error = Some(found),
            ControlMessage::Timestamp(found) => timestamp = Some(found),
            _ => {}
        }
    }
    let error =
        error.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an entry without an error"))?;
    let data = data[..received.len.min(MAX_DATA)].to_vec();
    Ok(QueuedError { error, destination: received.source.as_socket(), data, timestamp, lost: 0 })
}

/// The error queue.
impl UdpSocket {
    /// Whether errors go to the error queue (`IP_RECVERR`, `IPV6_RECVERR`).
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn recv_errors(&self) -> io::Result<bool> {
        is_on(self.socket(), OPTION)
    }

    /// Has the kernel queue each error of a sent datagram (ICMP messages; `IP_RECVERR`, `IPV6_RECVERR`), for
    /// [`recv_error`](Self::recv_error) to tell what it is about.
    ///
    /// A socket that is not connected is told of such errors only then. A receive or send that comes before [`recv_error`](Self::recv_error) fails with the error as well,
    /// once, as on a connected socket. While entries wait the socket counts as in error: [`readable`](Self::readable) and the like return at
    /// once. Use this function, and not the bare socket option: operations have to know that there is a queue.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_recv_errors(&self, on: bool) -> io::Result<()> {
        switch(self.socket(), OPTION, on)?;
        self.errors().set_in_use(ERRORS, on);
        Ok(())
    }

    /// Has the kernel (and a network card that can) tell when each datagram went out (`SO_TIMESTAMPING`): as an entry of the error queue
    /// for [`recv_error`](Self::recv_error), whose [`origin`](ExtendedError::origin) is
    /// [`TxStatus`](crate::control::ErrorOrigin::TxStatus) and whose [`data`](ExtendedError::data) is the number of the datagram, counted
    /// from 0 at this call. As with [`set_recv_errors`](Self::set_recv_errors), use this function and not the bare option.
    ///
    /// # Errors
    ///
    /// What setsockopt(2) says.
    pub fn set_send_timestamps(&self, on: bool) -> io::Result<()> {
        let flags = if on { SEND_TIMESTAMPS } else { 0 };
        SO_TIMESTAMPING.set_int_accounted(self.socket(), flags as i32)?;
        self.errors().set_in_use(TIMESTAMPS, on);
        Ok(())
    }

    /// Whether the kernel tells when datagrams went out.
    ///
    /// # Errors
    ///
    /// What getsockopt(2) says.
    pub fn send_timestamps(&self) -> io::Result<bool> {
        timestamping(self.socket()).map(|flags| flags & ANY_SEND != 0)
    }

    /// The next error of the error queue. Waits when there is none (for `EPOLLERR`).
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) without [`set_recv_errors`](Self::set_recv_errors) and [`set_send_timestamps`](Self::set_send_timestamps); the socket's own error
    /// when there is one that is in no queue; what recvmsg(2) says.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: an error is either returned or still queued.
    ///
    /// # Examples
    ///
    /// ```
    /// use fend::net::UdpSocket;
    ///
    /// # fend::block_on(async {
    /// # let unused = std::net::UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    /// let socket = UdpSocket::bind("127.0.0.1:0").await?;
    /// socket.set_recv_errors(true)?;
    /// socket.send_to(b"anybody?", unused).await?;
    /// let entry = socket.recv_error().await?;
    /// assert_eq!(entry.error.to_io_error().kind(), std::io::ErrorKind::ConnectionRefused);
    /// assert_eq!((entry.destination, &entry.data[..]), (Some(unused), &b"anybody?"[..]));
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    pub async fn recv_error(&self) -> io::Result<QueuedError> {
        let errors = self.errors();
        let mut kernel = pin!(self.registered().with(ERROR_ALONE, |socket| errors.take(socket)));
        poll_fn(|cx| match errors.poll_kept(cx) {
            Poll::Pending => kernel.as_mut().poll(cx),
            found => found,
        })
        .await
    }

    /// [`recv_error`](Self::recv_error), polled.
    ///
    /// # Errors
    ///
    /// As [`recv_error`](Self::recv_error).
    pub fn poll_recv_error(&self, cx: &mut Context<'_>) -> Poll<io::Result<QueuedError>> {
        match self.errors().poll_kept(cx) {
            Poll::Pending => {
                self.registered().poll_with(cx, ERROR_ALONE, |socket| self.errors().take(socket))
            }
            found => found,
        }
    }

    /// [`recv_error`](Self::recv_error) without waiting.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none, else as [`recv_error`](Self::recv_error).
    pub fn try_recv_error(&self) -> io::Result<QueuedError> {
        self.errors().take(self.socket())
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket as StdSocket;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use super::*;

    /// Counts how often it was woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A socket with its option on, its queue, and one that is connected elsewhere: what comes to it is refused, as if nobody had the
    /// address, and nobody else gets it.
    fn socket() -> (Socket, ErrorQueue, StdSocket) {
        let socket = StdSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = Socket::from(socket);
        switch(&socket, OPTION, true).unwrap();
        let queue = ErrorQueue::of(&socket).unwrap();
        let nobody = StdSocket::bind("127.0.0.1:0").unwrap();
        nobody.connect("127.0.0.1:1").unwrap();
        (socket, queue, nobody)
    }

    #[test]
    fn setting_entries_aside_wakes_whoever_waits_for_them() {
        let (socket, queue, nobody) = socket();
        let counts: [Arc<Count>; 2] = Default::default();
        let wakers = counts.clone().map(Waker::from);
        for waker in wakers.iter().chain(&wakers) {
            assert!(queue.poll_kept(&mut Context::from_waker(waker)).is_pending());
        }
        let woken = || counts.each_ref().map(|count| count.0.load(Ordering::Relaxed));
        queue.set_aside(&socket);
        assert_eq!(woken(), [0, 0], "there was nothing");
        socket.send_to(b"x", &nobody.local_addr().unwrap().into()).unwrap();
        queue.set_aside(&socket);
        assert_eq!(woken(), [1, 1], "each once");
        assert!(queue.poll_kept(&mut Context::from_waker(&wakers[0])).is_ready());
        assert!(queue.poll_kept(&mut Context::from_waker(&wakers[0])).is_pending());
        assert_eq!(queue.take(&socket).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn more_wakers_than_are_kept_are_not_forgotten() {
        let (_socket, queue, _) = socket();
        let counts: Vec<Arc<Count>> = (0..MAX_WAITING + 1).map(|_| Arc::default()).collect();
        for count in &counts {
            assert!(queue.poll_kept(&mut Context::from_waker(&count.clone().into())).is_pending());
        }
        let woken: Vec<_> = counts.iter().map(|count| count.0.load(Ordering::Relaxed)).collect();
        assert_eq!((woken[0], woken[1..].iter().sum::<usize>()), (1, 0), "the oldest looks again");
    }
}
