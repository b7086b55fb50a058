//! Options of `SOL_SOCKET`: see [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).

use std::io;
use std::ops::RangeInclusive;
use std::time::Duration;

use libc::c_int;
use socket2::{Domain, Protocol, Socket, Type};

use super::c_option::{COption, c_option};
use super::check::{self, Unit};

pub(crate) const SO_BUSY_POLL: COption = c_option!(SOL_SOCKET, SO_BUSY_POLL);
pub(crate) const SO_COOKIE: COption = c_option!(SOL_SOCKET, SO_COOKIE);
pub(crate) const SO_INCOMING_CPU: COption = c_option!(SOL_SOCKET, SO_INCOMING_CPU);
pub(crate) const SO_KEEPALIVE: COption = c_option!(SOL_SOCKET, SO_KEEPALIVE);
pub(crate) const SO_MARK: COption = c_option!(SOL_SOCKET, SO_MARK);
pub(crate) const SO_OOBINLINE: COption = c_option!(SOL_SOCKET, SO_OOBINLINE);
pub(crate) const SO_PRIORITY: COption = c_option!(SOL_SOCKET, SO_PRIORITY);
pub(crate) const SO_REUSEADDR: COption = c_option!(SOL_SOCKET, SO_REUSEADDR);
pub(crate) const SO_REUSEPORT: COption = c_option!(SOL_SOCKET, SO_REUSEPORT);
const SO_DOMAIN: COption = c_option!(SOL_SOCKET, SO_DOMAIN);
const SO_ERROR: COption = c_option!(SOL_SOCKET, SO_ERROR);
const SO_PROTOCOL: COption = c_option!(SOL_SOCKET, SO_PROTOCOL);
const SO_TYPE: COption = c_option!(SOL_SOCKET, SO_TYPE);
const SO_BINDTODEVICE: COption = c_option!(SOL_SOCKET, SO_BINDTODEVICE);
const SO_LINGER: COption = c_option!(SOL_SOCKET, SO_LINGER);
const SO_RCVBUF: COption = c_option!(SOL_SOCKET, SO_RCVBUF);
const SO_RCVLOWAT: COption = c_option!(SOL_SOCKET, SO_RCVLOWAT);
const SO_SNDBUF: COption = c_option!(SOL_SOCKET, SO_SNDBUF);

/// 0 is the kernel's word for none.
pub(crate) fn take_error(socket: &Socket) -> io::Result<Option<io::Error>> {
    let errno = SO_ERROR.int(socket)?;
    Ok((errno != 0).then(|| io::Error::from_raw_os_error(errno)))
}

pub(crate) fn domain(socket: &Socket) -> io::Result<Domain> {
    SO_DOMAIN.int(socket).map(Domain::from)
}

pub(crate) fn type_of(socket: &Socket) -> io::Result<Type> {
    SO_TYPE.int(socket).map(Type::from)
}

/// 0 is the kernel's word for none.
pub(crate) fn protocol(socket: &Socket) -> io::Result<Option<Protocol>> {
    let number = SO_PROTOCOL.int(socket)?;
    Ok((number != 0).then(|| Protocol::from(number)))
}

pub(crate) fn recv_buffer_size(socket: &Socket) -> io::Result<usize> {
    SO_RCVBUF.count(socket).map(|bytes| bytes as usize)
}

/// The kernel doubles them, and takes what does not fit as the most there is.
pub(crate) const BUFFER_SIZES: RangeInclusive<c_int> = 0..=c_int::MAX / 2;
pub(crate) const LOW_WATERS: RangeInclusive<c_int> = 1..=c_int::MAX;

pub(crate) fn set_recv_buffer_size(socket: &Socket, bytes: usize) -> io::Result<()> {
    SO_RCVBUF.set_int(socket, check::number(&SO_RCVBUF, bytes as u64, BUFFER_SIZES)?)
}

pub(crate) fn send_buffer_size(socket: &Socket) -> io::Result<usize> {
    SO_SNDBUF.count(socket).map(|bytes| bytes as usize)
}

pub(crate) fn set_send_buffer_size(socket: &Socket, bytes: usize) -> io::Result<()> {
    SO_SNDBUF.set_int(socket, check::number(&SO_SNDBUF, bytes as u64, BUFFER_SIZES)?)
}

pub(crate) fn recv_low_water(socket: &Socket) -> io::Result<usize> {
    SO_RCVLOWAT.count(socket).map(|bytes| bytes as usize)
}

pub(crate) fn set_recv_low_water(socket: &Socket, bytes: usize) -> io::Result<()> {
    SO_RCVLOWAT.set_int(socket, check::number(&SO_RCVLOWAT, bytes as u64, LOW_WATERS)?)
}

pub(crate) fn cookie(socket: &Socket) -> io::Result<u64> {
    SO_COOKIE.array(socket).map(u64::from_ne_bytes)
}

/// The name without its end mark, and nothing when there is none.
pub(crate) fn device(socket: &Socket) -> io::Result<Option<String>> {
    let mut name = SO_BINDTODEVICE.bytes(socket, libc::IFNAMSIZ)?;
    while name.last() == Some(&0) {
        name.pop();
    }
    Ok((!name.is_empty()).then(|| String::from_utf8_lossy(&name).into_owned()))
}

pub(crate) fn bind_device(socket: &Socket, interface: Option<&str>) -> io::Result<()> {
    let name = interface.unwrap_or_default();
    // The kernel would cut a longer name off, and take one that begins with a zero for none.
    if name.len() >= libc::IFNAMSIZ || name.contains('\0') || (interface.is_some() && name.is_empty()) {
        return Err(SO_BINDTODEVICE.refuse(format_args!("{name:?}"), "an interface's name of 1 to 15 bytes"));
    }
    SO_BINDTODEVICE.set_bytes(socket, name.as_bytes(), format_args!("{name:?}"))
}

/// -1 is the kernel's word for none.
pub(crate) fn incoming_cpu(socket: &Socket) -> io::Result<Option<u32>> {
    SO_INCOMING_CPU.int(socket).map(|cpu| u32::try_from(cpu).ok())
}

pub(crate) fn set_incoming_cpu(socket: &Socket, cpu: Option<u32>) -> io::Result<()> {
    let number = match cpu {
        Some(cpu) => check::number(&SO_INCOMING_CPU, cpu.into(), 0..=c_int::MAX)?,
        None => -1,
    };
    SO_INCOMING_CPU.set_int(socket, number)
}

pub(crate) fn busy_poll(socket: &Socket) -> io::Result<Duration> {
    SO_BUSY_POLL.count(socket).map(|count| Unit::Microseconds.times(count))
}

pub(crate) fn set_busy_poll(socket: &Socket, time: Duration) -> io::Result<()> {
    let count = check::duration(&SO_BUSY_POLL, time, Unit::Microseconds, 0..=c_int::MAX)?;
    SO_BUSY_POLL.set_int(socket, count)
}

/// The two words of a `struct linger`: whether to, and how many seconds.
pub(crate) fn linger(socket: &Socket) -> io::Result<Option<Duration>> {
    let value: [u8; 8] = SO_LINGER.array(socket)?;
    let [on, seconds] =
        [0, 4].map(|at| c_int::from_ne_bytes([value[at], value[at + 1], value[at + 2], value[at + 3]]));
    // The kernel keeps the time as it got it: a negative one is a long one.
    Ok((on != 0).then(|| Unit::Seconds.times(seconds as u32)))
}

pub(crate) fn set_linger(socket: &Socket, time: Option<Duration>) -> io::Result<()> {
    let (on, seconds) = match time {
        Some(time) => (1, check::duration(&SO_LINGER, time, Unit::Seconds, 0..=c_int::MAX)?),
        None => (0, 0),
    };
    let value = [c_int::to_ne_bytes(on), seconds.to_ne_bytes()].concat();
    SO_LINGER.set_bytes(socket, &value, format_args!("{time:?}"))
}

/// Options of `SOL_SOCKET` that have a meaning on a network only.
macro_rules! network_options {
    ($type:ty) => {
        /// Options of the network, from [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
        impl $type {
            /// Whether an address may be bound that connections of an earlier socket still hold (`SO_REUSEADDR`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn reuse_address(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::SO_REUSEADDR.bool(self.socket())
            }

            /// Lets an address be bound that connections of an earlier socket still hold, in `TIME_WAIT` for example
            /// (`SO_REUSEADDR`). On UDP, several sockets that all say so share one address, and the last one gets what comes in;
            /// multicast goes to all of them.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_reuse_address(&self, reuse: bool) -> ::std::io::Result<()> {
                $crate::option::methods::SO_REUSEADDR.set_bool(self.socket(), reuse)
            }

            /// Whether several sockets may bind one address (`SO_REUSEPORT`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn reuse_port(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::SO_REUSEPORT.bool(self.socket())
            }

            /// Lets several sockets of one user bind the same address (`SO_REUSEPORT`). All must say so, and before they are
            /// bound. The kernel spreads connections, or datagrams, over them by a hash of both addresses.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_reuse_port(&self, reuse: bool) -> ::std::io::Result<()> {
                $crate::option::methods::SO_REUSEPORT.set_bool(self.socket(), reuse)
            }

            /// The mark of packets that are sent (`SO_MARK`). 0 is none.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn mark(&self) -> ::std::io::Result<u32> {
                $crate::option::methods::SO_MARK.u32(self.socket())
            }

            /// Marks the packets that are sent, for routing rules and the packet filter (`SO_MARK`).
            ///
            /// # Errors
            ///
            /// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) without `CAP_NET_ADMIN` (or `CAP_NET_RAW`, from Linux
            /// 5.17 on).
            pub fn set_mark(&self, mark: u32) -> ::std::io::Result<()> {
                $crate::option::methods::SO_MARK.set_u32(self.socket(), mark)
            }

            /// The interface that the socket is bound to (`SO_BINDTODEVICE`), if it is bound to one.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn device(&self) -> ::std::io::Result<Option<String>> {
                $crate::option::methods::device(self.socket())
            }

            /// Binds the socket to an interface, such as "eth0": only what comes in there is received, and all is sent there
            /// (`SO_BINDTODEVICE`). `None` undoes it.
            ///
            /// # Errors
            ///
            /// `ENODEV` when there is no such interface. [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) for a
            /// change of what is bound already, without `CAP_NET_RAW`. [`InvalidInput`](std::io::ErrorKind::InvalidInput) for
            /// a name that is empty or longer than 15 bytes.
            pub fn bind_device(&self, interface: Option<&str>) -> ::std::io::Result<()> {
                $crate::option::methods::bind_device(self.socket(), interface)
            }

            /// The CPU that the last packet came in on, or that was asked for (`SO_INCOMING_CPU`). `None` before there was one.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn incoming_cpu(&self) -> ::std::io::Result<Option<u32>> {
                $crate::option::methods::incoming_cpu(self.socket())
            }

            /// Asks for what comes in on this CPU (`SO_INCOMING_CPU`). Of several sockets on one address
            /// ([`set_reuse_port`](Self::set_reuse_port)) the one that names the CPU is preferred, from Linux 6.2 on. The CPU need
            /// not exist.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2^31 - 1.
            pub fn set_incoming_cpu(&self, cpu: Option<u32>) -> ::std::io::Result<()> {
                $crate::option::methods::set_incoming_cpu(self.socket(), cpu)
            }

            /// How long a receive that finds nothing asks the network device over and over (`SO_BUSY_POLL`). Zero is not at
            /// all.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn busy_poll(&self) -> ::std::io::Result<::std::time::Duration> {
                $crate::option::methods::busy_poll(self.socket())
            }

            /// Has a receive that finds nothing ask the network device over and over for this long (`SO_BUSY_POLL`, in
            /// whole microseconds): less delay, for a CPU's time. The default is in `net.core.busy_read`.
            ///
            /// # Errors
            ///
            /// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) for a longer time than now without `CAP_NET_ADMIN`.
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a part of a microsecond, and above 2^31 - 1 of them.
            pub fn set_busy_poll(&self, time: ::std::time::Duration) -> ::std::io::Result<()> {
                $crate::option::methods::set_busy_poll(self.socket(), time)
            }

            /// The priority of packets that are sent, among those of other sockets on the same device (`SO_PRIORITY`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn packet_priority(&self) -> ::std::io::Result<u32> {
                $crate::option::methods::SO_PRIORITY.u32(self.socket())
            }

            /// Sets the priority of packets that are sent (`SO_PRIORITY`): higher ones may go first, as the device's queueing
            /// discipline says.
            ///
            /// # Errors
            ///
            /// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) above 6 without `CAP_NET_ADMIN`.
            pub fn set_packet_priority(&self, priority: u32) -> ::std::io::Result<()> {
                $crate::option::methods::SO_PRIORITY.set_u32(self.socket(), priority)
            }
        }
    };
}
pub(crate) use network_options;

/// Options of `SOL_SOCKET` for connections.
macro_rules! connection_options {
    ($type:ty) => {
        /// Options of connections, from [socket(7)](https://man7.org/linux/man-pages/man7/socket.7.html).
        impl $type {
            /// Whether a silent connection is asked now and then if it still lives (`SO_KEEPALIVE`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn keepalive(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::SO_KEEPALIVE.bool(self.socket())
            }

            /// Has a silent connection asked now and then if it still lives (`SO_KEEPALIVE`): after two hours, unless
            /// [`set_tcp_keepalive`](Self::set_tcp_keepalive) says otherwise.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_keepalive(&self, keepalive: bool) -> ::std::io::Result<()> {
                $crate::option::methods::SO_KEEPALIVE.set_bool(self.socket(), keepalive)
            }

            /// What closing does with data not yet sent (`SO_LINGER`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn linger(&self) -> ::std::io::Result<Option<::std::time::Duration>> {
                $crate::option::methods::linger(self.socket())
            }

            /// Sets what closing does with data not yet sent (`SO_LINGER`, whole seconds).
            ///
            /// `None`, the default, sends it in the background. `Some(Duration::ZERO)` throws it away and resets the
            /// connection. Any other time makes the **drop** of the last clone block its thread until all is sent or the
            /// time is over.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a part of a second, and above 2^31 - 1 of them: half a
            /// second cut down to none would reset the connection.
            pub fn set_linger(&self, linger: Option<::std::time::Duration>) -> ::std::io::Result<()> {
                $crate::option::methods::set_linger(self.socket(), linger)
            }

            /// Whether out-of-band data is received among the rest (`SO_OOBINLINE`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn oob_inline(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::SO_OOBINLINE.bool(self.socket())
            }

            /// Has out-of-band data received among the rest, in its place (`SO_OOBINLINE`).
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_oob_inline(&self, inline: bool) -> ::std::io::Result<()> {
                $crate::option::methods::SO_OOBINLINE.set_bool(self.socket(), inline)
            }
        }
    };
}
pub(crate) use connection_options;
