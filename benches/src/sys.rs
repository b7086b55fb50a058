//! Bare system calls: what the raw server and the load generator stand on, and clocks of processes.
//!
//! Nothing here allocates but what is called `new`, and nothing retries: an error is the kernel's, unchanged.
//!
//! # Rules that the SAFETY comments cite
//!
//! 1. The call takes numbers only, and a descriptor is open as long as it is borrowed.
//! 2. The pointers come from live references, so that they are aligned and valid for the whole call, and the kernel keeps none of them.
//! 3. The kernel writes at most as many elements as it is told, and there is room for that many.
//! 4. A descriptor that a call has just returned is open and belongs to nobody else.
//! 5. Structs of libc are plain numbers and pointers, for all of which zero is a value.
//! 6. The kernel has filled in this many elements.

#![expect(unsafe_code, reason = "system calls")]

use std::ffi::c_int;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

/// What a call returned; its error when that is negative.
fn checked(returned: c_int) -> io::Result<c_int> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}

/// What a call returned that counts bytes; its error when that is negative.
fn counted(returned: isize) -> io::Result<usize> {
    usize::try_from(returned).map_err(|_| io::Error::last_os_error())
}

fn owned(returned: c_int) -> io::Result<OwnedFd> {
    let fd = checked(returned)?;
    // SAFETY: rule 4.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

// ---- epoll(7)

/// An epoll, closed when dropped.
#[derive(Debug)]
pub struct Epoll(OwnedFd);

/// What one wait tells of one descriptor.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Event(libc::epoll_event);

impl Event {
    /// `EPOLLIN` and its like.
    #[must_use]
    pub fn flags(self) -> u32 {
        self.0.events
    }

    /// What the descriptor was added with.
    #[must_use]
    pub fn data(self) -> u64 {
        self.0.u64
    }
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event").field("flags", &self.flags()).field("data", &self.data()).finish()
    }
}

impl Epoll {
    /// epoll_create1(2).
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn new() -> io::Result<Epoll> {
        // SAFETY: rule 1.
        owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }).map(Epoll)
    }

    fn control(&self, operation: c_int, fd: BorrowedFd<'_>, flags: u32, data: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: flags, u64: data };
        // SAFETY: rules 1 and 2.
        checked(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), operation, fd.as_raw_fd(), &raw mut event) })?;
        Ok(())
    }

    /// Watches `fd` for `flags`; its events carry `data`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn add(&self, fd: BorrowedFd<'_>, flags: u32, data: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, flags, data)
    }

    /// Watches `fd` for `flags` from now on; its events carry `data`.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn modify(&self, fd: BorrowedFd<'_>, flags: u32, data: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, flags, data)
    }

    /// Watches `fd` no more. The close of its last descriptor does that too.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn delete(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    /// Waits for events, as many as `events` has capacity for, and puts them in the place of what is there. No timeout waits without
    /// end; one is kept to the nanosecond (epoll_pwait2(2), Linux 5.11).
    ///
    /// # Errors
    ///
    /// The kernel's; a signal's `EINTR` is none: there are no events then.
    pub fn wait(&self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        let room = c_int::try_from(events.capacity()).unwrap_or(c_int::MAX);
        let slots: *mut libc::epoll_event = events.as_mut_ptr().cast();
        let epoll = self.0.as_raw_fd();
        let returned = match timeout {
            // SAFETY: rules 2 and 3.
            None => unsafe { libc::epoll_wait(epoll, slots, room, -1) },
            // SAFETY: rules 2 and 3.
            Some(Duration::ZERO) => unsafe { libc::epoll_wait(epoll, slots, room, 0) },
            Some(timeout) => {
                // The kernel's own struct: two numbers of 64 bits.
                let timeout = [timeout.as_secs().cast_signed(), i64::from(timeout.subsec_nanos())];
                let mask: *const libc::sigset_t = ptr::null();
                // SAFETY: rules 2 and 3; a null mask is allowed, and its size then goes unread.
                let returned = unsafe {
                    libc::syscall(libc::SYS_epoll_pwait2, epoll, slots, room, timeout.as_ptr(), mask, 0_usize)
                };
                returned as c_int
            }
        };
        match checked(returned) {
            Ok(count) => {
                // SAFETY: rule 6; `Event` is `repr(transparent)`.
                unsafe { events.set_len(count.unsigned_abs() as usize) };
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }
}

// ---- addresses

/// An address as the kernel has it, for IPv4 and IPv6.
#[derive(Clone, Copy)]
pub struct KernelAddress {
    storage: libc::sockaddr_storage,
    length: libc::socklen_t,
}

impl std::fmt::Debug for KernelAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KernelAddress").field("length", &self.length).finish_non_exhaustive()
    }
}

impl KernelAddress {
    /// Room for any.
    #[must_use]
    pub fn empty() -> KernelAddress {
        KernelAddress {
            // SAFETY: rule 5.
            storage: unsafe { mem::zeroed() },
            length: size_of::<libc::sockaddr_storage>() as libc::socklen_t,
        }
    }

    fn as_ptr(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    fn as_mut_ptr(&mut self) -> *mut libc::sockaddr {
        (&raw mut self.storage).cast()
    }
}

impl From<SocketAddr> for KernelAddress {
    fn from(address: SocketAddr) -> KernelAddress {
        let mut kernel = KernelAddress::empty();
        match address {
            SocketAddr::V4(address) => {
                let bytes = libc::sockaddr_in {
                    sin_family: libc::AF_INET as libc::sa_family_t,
                    sin_port: address.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
                    sin_zero: [0; 8],
                };
                kernel.length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
                // SAFETY: `sockaddr_storage` is large enough, and aligned, for every other address.
                unsafe { kernel.as_mut_ptr().cast::<libc::sockaddr_in>().write(bytes) };
            }
            SocketAddr::V6(address) => {
                let bytes = libc::sockaddr_in6 {
                    sin6_family: libc::AF_INET6 as libc::sa_family_t,
                    sin6_port: address.port().to_be(),
                    sin6_flowinfo: address.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: address.ip().octets() },
                    sin6_scope_id: address.scope_id(),
                };
                kernel.length = size_of::<libc::sockaddr_in6>() as libc::socklen_t;
                // SAFETY: as above.
                unsafe { kernel.as_mut_ptr().cast::<libc::sockaddr_in6>().write(bytes) };
            }
        }
        kernel
    }
}

// ---- sockets

fn socket(address: SocketAddr, kind: c_int) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
    // SAFETY: rule 1.
    owned(unsafe { libc::socket(family, kind | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0) })
}

fn bind(socket: BorrowedFd<'_>, address: SocketAddr) -> io::Result<()> {
    let address = KernelAddress::from(address);
    // SAFETY: rule 2.
    checked(unsafe { libc::bind(socket.as_raw_fd(), address.as_ptr(), address.length) })?;
    Ok(())
}

/// A TCP socket that does not block and listens, with `SO_REUSEADDR`, and with `SO_REUSEPORT` where several are to share the port.
///
/// # Errors
///
/// The kernel's.
pub fn tcp_listen(address: SocketAddr, reuse_port: bool, backlog: i32) -> io::Result<OwnedFd> {
    use std::os::fd::AsFd;
    let socket = socket(address, libc::SOCK_STREAM)?;
    set_option(socket.as_fd(), libc::SOL_SOCKET, libc::SO_REUSEADDR, &c_int::from(true))?;
    set_reuse_port(socket.as_fd(), reuse_port)?;
    bind(socket.as_fd(), address)?;
    // SAFETY: rule 1.
    checked(unsafe { libc::listen(socket.as_raw_fd(), backlog) })?;
    Ok(socket)
}

/// A TCP socket that does not block and has begun to connect: it is writable when it has ended, and
/// [`socket_error`] says how.
///
/// # Errors
///
/// The kernel's; its `EINPROGRESS` is none.
pub fn tcp_connect(address: SocketAddr) -> io::Result<OwnedFd> {
    tcp_connect_from(address, None)
}

/// As [`tcp_connect`], from this address, whose port may be 0: it is then chosen with the connect (`IP_BIND_ADDRESS_NO_PORT` of ip(7)), so
/// that it need only be free towards this server.
///
/// # Errors
///
/// The kernel's; its `EINPROGRESS` is none.
pub fn tcp_connect_from(address: SocketAddr, source: Option<SocketAddr>) -> io::Result<OwnedFd> {
    use std::os::fd::AsFd;
    let socket = socket(address, libc::SOCK_STREAM)?;
    if let Some(source) = source {
        let late = c_int::from(true);
        set_option(socket.as_fd(), libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, &late)?;
        bind(socket.as_fd(), source)?;
    }
    match connect(socket.as_fd(), address) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket),
    }
}

/// connect(2). For a UDP socket: whom it sends to, and alone receives from.
///
/// # Errors
///
/// The kernel's.
pub fn connect(socket: BorrowedFd<'_>, address: SocketAddr) -> io::Result<()> {
    let address = KernelAddress::from(address);
    // SAFETY: rule 2.
    checked(unsafe { libc::connect(socket.as_raw_fd(), address.as_ptr(), address.length) })?;
    Ok(())
}

/// A UDP socket that does not block.
///
/// # Errors
///
/// The kernel's.
pub fn udp_bind(address: SocketAddr) -> io::Result<OwnedFd> {
    use std::os::fd::AsFd;
    let socket = socket(address, libc::SOCK_DGRAM)?;
    bind(socket.as_fd(), address)?;
    Ok(socket)
}

/// accept4(2): the next connection, which does not block either.
///
/// # Errors
///
/// The kernel's: `EAGAIN` when there is none, `EMFILE` when there is no room.
pub fn accept(listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: rule 1; null addresses are allowed.
    owned(unsafe { libc::accept4(listener.as_raw_fd(), ptr::null_mut(), ptr::null_mut(), flags) })
}

/// recv(2); 0 at the end.
///
/// # Errors
///
/// The kernel's.
pub fn recv(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: rules 2 and 3.
    counted(unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0) })
}

/// send(2), without `SIGPIPE`.
///
/// # Errors
///
/// The kernel's.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: rule 2.
    counted(unsafe { libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) })
}

/// recvfrom(2): a datagram, and into `sender` whose it is.
///
/// # Errors
///
/// The kernel's.
pub fn recv_from(socket: BorrowedFd<'_>, buffer: &mut [u8], sender: &mut KernelAddress) -> io::Result<usize> {
    sender.length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    let (address, length) = (sender.as_mut_ptr(), &raw mut sender.length);
    // SAFETY: rules 2 and 3.
    counted(unsafe {
        libc::recvfrom(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0, address, length)
    })
}

/// sendto(2).
///
/// # Errors
///
/// The kernel's.
pub fn send_to(socket: BorrowedFd<'_>, bytes: &[u8], receiver: &KernelAddress) -> io::Result<usize> {
    // SAFETY: rule 2.
    counted(unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            bytes.as_ptr().cast(),
            bytes.len(),
            0,
            receiver.as_ptr(),
            receiver.length,
        )
    })
}

/// Sends the end of the stream: shutdown(2) of the sending direction.
///
/// # Errors
///
/// The kernel's.
pub fn shutdown_sending(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: rule 1.
    checked(unsafe { libc::shutdown(socket.as_raw_fd(), libc::SHUT_WR) })?;
    Ok(())
}

fn set_option<T>(socket: BorrowedFd<'_>, level: c_int, name: c_int, value: &T) -> io::Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    // SAFETY: rule 2.
    checked(unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, ptr::from_ref(value).cast(), length)
    })?;
    Ok(())
}

/// `TCP_NODELAY`.
///
/// # Errors
///
/// The kernel's.
pub fn set_nodelay(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_option(socket, libc::IPPROTO_TCP, libc::TCP_NODELAY, &c_int::from(true))
}

/// `SO_LINGER`, in whole seconds: with zero a close resets the connection.
///
/// # Errors
///
/// The kernel's.
pub fn set_linger(socket: BorrowedFd<'_>, seconds: i32) -> io::Result<()> {
    let linger = libc::linger { l_onoff: 1, l_linger: seconds };
    set_option(socket, libc::SOL_SOCKET, libc::SO_LINGER, &linger)
}

/// `SO_REUSEPORT`: several listeners share a port, and the kernel its connections among them.
///
/// # Errors
///
/// The kernel's.
pub fn set_reuse_port(socket: BorrowedFd<'_>, reuse: bool) -> io::Result<()> {
    set_option(socket, libc::SOL_SOCKET, libc::SO_REUSEPORT, &c_int::from(reuse))
}

/// `SO_ERROR`: what became of a connect.
///
/// # Errors
///
/// The error of the socket, or the kernel's.
pub fn socket_error(socket: BorrowedFd<'_>) -> io::Result<()> {
    let mut error: c_int = 0;
    let mut length = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: rules 2 and 3.
    checked(unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ERROR,
            (&raw mut error).cast(),
            &raw mut length,
        )
    })?;
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// memchr(3): where `byte` is first.
#[must_use]
pub fn find_byte(bytes: &[u8], byte: u8) -> Option<usize> {
    let start = bytes.as_ptr();
    // SAFETY: rule 2.
    let found = unsafe { libc::memchr(start.cast(), byte.into(), bytes.len()) };
    if found.is_null() { None } else { Some(found.addr() - start.addr()) }
}

// ---- many datagrams in one call

/// Room for some datagrams and their addresses, for recvmmsg(2) and sendmmsg(2).
pub struct Datagrams {
    size: usize,
    buffers: Box<[u8]>,
    addresses: Box<[KernelAddress]>,
    vectors: Box<[libc::iovec]>,
    headers: Box<[libc::mmsghdr]>,
    lengths: Box<[usize]>,
}

impl std::fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Datagrams")
            .field("size", &self.size)
            .field("count", &self.headers.len())
            .finish_non_exhaustive()
    }
}

impl Datagrams {
    /// Room for `count` of up to `size` bytes each. Until set otherwise each is `size` zeros to nobody.
    #[must_use]
    pub fn new(count: usize, size: usize) -> Datagrams {
        // SAFETY: rule 5.
        let (vector, header) = unsafe { (mem::zeroed(), mem::zeroed()) };
        let nobody = KernelAddress { length: 0, ..KernelAddress::empty() };
        Datagrams {
            size,
            buffers: vec![0; count * size].into(),
            addresses: vec![nobody; count].into(),
            vectors: vec![vector; count].into(),
            headers: vec![header; count].into(),
            lengths: vec![size; count].into(),
        }
    }

    /// The bytes of one.
    #[must_use]
    pub fn bytes(&self, index: usize) -> &[u8] {
        &self.buffers[index * self.size..][..self.lengths[index]]
    }

    /// Sets the bytes of one that is to be sent, of `size` at most.
    ///
    /// # Panics
    ///
    /// When there are more.
    pub fn set_bytes(&mut self, index: usize, bytes: &[u8]) {
        self.buffers[index * self.size..][..self.size][..bytes.len()].copy_from_slice(bytes);
        self.lengths[index] = bytes.len();
    }

    /// Points each header to the parts that are its own. Done before every call, so that no pointer is older than the borrow it came from.
    fn point(&mut self) {
        let buffers = self.buffers.as_mut_ptr();
        let rows = self.addresses.iter_mut().zip(&mut self.vectors).zip(&mut self.headers).zip(&self.lengths);
        for (index, (((address, vector), header), length)) in rows.enumerate() {
            vector.iov_base = buffers.wrapping_add(index * self.size).cast();
            vector.iov_len = *length;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_namelen = address.length;
            header.msg_hdr.msg_name =
                if address.length == 0 { ptr::null_mut() } else { address.as_mut_ptr().cast() };
        }
    }

    /// recvmmsg(2): takes what is there, and says how many. Their senders are whom [`send`](Datagrams::send) answers.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn recv(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        self.lengths.fill(self.size);
        for address in &mut self.addresses {
            address.length = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        }
        self.point();
        let (headers, count) = (self.headers.as_mut_ptr(), self.headers.len() as libc::c_uint);
        // SAFETY: rules 2 and 3: `point` has set buffers that are ours, each as long as it says.
        let received = unsafe {
            libc::recvmmsg(socket.as_raw_fd(), headers, count, libc::MSG_DONTWAIT, ptr::null_mut())
        };
        let received = checked(received)?.unsigned_abs() as usize;
        let rows = self.headers.iter().zip(&mut self.lengths).zip(&mut self.addresses);
        for ((header, length), address) in rows.take(received) {
            *length = header.msg_len as usize;
            address.length = header.msg_hdr.msg_namelen;
        }
        Ok(received)
    }

    /// sendmmsg(2): sends those of `range`, and says how many went.
    ///
    /// # Errors
    ///
    /// The kernel's.
    pub fn send(&mut self, socket: BorrowedFd<'_>, range: std::ops::Range<usize>) -> io::Result<usize> {
        self.point();
        let headers = &mut self.headers[range];
        let count = headers.len() as libc::c_uint;
        // SAFETY: rule 2: `point` has set buffers that are ours, each as long as it says.
        let sent =
            unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_NOSIGNAL) };
        Ok(checked(sent)?.unsigned_abs() as usize)
    }
}

// ---- processes

fn clock(clock: libc::clockid_t) -> io::Result<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: rule 2.
    checked(unsafe { libc::clock_gettime(clock, &raw mut time) })?;
    Ok(Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32))
}

/// CPU time of all threads of this process, user's and kernel's: `CLOCK_PROCESS_CPUTIME_ID` of clock_gettime(2).
///
/// # Panics
///
/// Never: every Linux has this clock.
#[must_use]
pub fn process_cpu() -> Duration {
    clock(libc::CLOCK_PROCESS_CPUTIME_ID).expect("the process has a CPU clock")
}

/// CPU time of all threads of another process: clock_getcpuclockid(3).
///
/// # Errors
///
/// The kernel's: `ESRCH` when there is none of this id.
pub fn process_cpu_of(process: u32) -> io::Result<Duration> {
    let mut id = 0;
    // SAFETY: rule 2.
    let error = unsafe { libc::clock_getcpuclockid(process.cast_signed(), &raw mut id) };
    if error == 0 { clock(id) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// The calling thread, and those it starts from now on, run on this core alone.
///
/// # Errors
///
/// The kernel's: `EINVAL` when there is no such core for this process.
pub fn pin_to_core(core: usize) -> io::Result<()> {
    // SAFETY: rule 5.
    let mut set: libc::cpu_set_t = unsafe { mem::zeroed() };
    if core >= 8 * size_of::<libc::cpu_set_t>() {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    // SAFETY: the set has a bit of this number.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: rule 2.
    checked(unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) })?;
    Ok(())
}

/// How late the calling thread's waits may end, in nanoseconds, 1 at least: `PR_SET_TIMERSLACK` of prctl(2). It is 50 us otherwise.
///
/// # Errors
///
/// The kernel's.
pub fn set_timer_slack(nanoseconds: u32) -> io::Result<()> {
    let slack = libc::c_ulong::from(nanoseconds);
    // SAFETY: rule 1.
    checked(unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, slack) })?;
    Ok(())
}

/// Raises the number of files this process may have open as far as it may, and says how far.
///
/// # Errors
///
/// The kernel's.
pub fn raise_open_files() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: rule 2.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: rule 2.
    checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) })?;
    Ok(limit.rlim_cur)
}
