//! Options of TCP: see [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).

use std::io;
use std::time::Duration;

use libc::c_int;
use socket2::Socket;

use super::TcpKeepalive;
use super::c_option::{COption, c_option};
use super::check::{self, Unit};
use super::socket_level::SO_KEEPALIVE;

pub(crate) const TCP_CORK: COption = c_option!(SOL_TCP, TCP_CORK);
pub(crate) const TCP_FASTOPEN: COption = c_option!(SOL_TCP, TCP_FASTOPEN);
pub(crate) const TCP_FASTOPEN_CONNECT: COption = c_option!(SOL_TCP, TCP_FASTOPEN_CONNECT);
pub(crate) const TCP_MAXSEG: COption = c_option!(SOL_TCP, TCP_MAXSEG);
pub(crate) const TCP_NODELAY: COption = c_option!(SOL_TCP, TCP_NODELAY);
pub(crate) const TCP_NOTSENT_LOWAT: COption = c_option!(SOL_TCP, TCP_NOTSENT_LOWAT);
pub(crate) const TCP_QUICKACK: COption = c_option!(SOL_TCP, TCP_QUICKACK);
pub(crate) const TCP_SYNCNT: COption = c_option!(SOL_TCP, TCP_SYNCNT);
pub(crate) const TCP_THIN_LINEAR_TIMEOUTS: COption = c_option!(SOL_TCP, TCP_THIN_LINEAR_TIMEOUTS);
pub(crate) const TCP_WINDOW_CLAMP: COption = c_option!(SOL_TCP, TCP_WINDOW_CLAMP);
const TCP_CONGESTION: COption = c_option!(SOL_TCP, TCP_CONGESTION);
const TCP_DEFER_ACCEPT: COption = c_option!(SOL_TCP, TCP_DEFER_ACCEPT);
const TCP_KEEPCNT: COption = c_option!(SOL_TCP, TCP_KEEPCNT);
const TCP_KEEPIDLE: COption = c_option!(SOL_TCP, TCP_KEEPIDLE);
const TCP_KEEPINTVL: COption = c_option!(SOL_TCP, TCP_KEEPINTVL);
const TCP_LINGER2: COption = c_option!(SOL_TCP, TCP_LINGER2);
const TCP_USER_TIMEOUT: COption = c_option!(SOL_TCP, TCP_USER_TIMEOUT);

/// `MAX_TCP_KEEPIDLE`, `MAX_TCP_KEEPINTVL` of the kernel, in seconds.
const LONGEST_KEEPALIVE: c_int = 32_767;
/// `MAX_TCP_KEEPCNT`, `MAX_TCP_SYNCNT`.
const MOST_TRIES: c_int = 127;
/// `TCP_MIN_MSS` and `MAX_TCP_WINDOW`, in bytes.
const SEGMENTS: std::ops::RangeInclusive<c_int> = 88..=32_767;
/// `TCP_CA_NAME_MAX`, with the zero at the end.
const CONGESTION_NAME: usize = 16;
/// 255 retransmissions: 1, 2, 4, .. 64 seconds, then 120 each. What is longer is cut down to it.
const LONGEST_DEFER: c_int = 29_887;
/// `TCP_FIN_TIMEOUT_MAX`, in seconds. A longer time is cut down to it.
const LONGEST_LINGER2: c_int = 120;

pub(crate) fn tcp_keepalive(socket: &Socket) -> io::Result<TcpKeepalive> {
    Ok(TcpKeepalive::new()
        .with_idle(Unit::Seconds.times(TCP_KEEPIDLE.count(socket)?))
        .with_interval(Unit::Seconds.times(TCP_KEEPINTVL.count(socket)?))
        .with_count(TCP_KEEPCNT.count(socket)?))
}

/// All values are checked before the first is set.
pub(crate) fn set_tcp_keepalive(socket: &Socket, keepalive: &TcpKeepalive) -> io::Result<()> {
    let seconds = |option: &COption, time: Option<Duration>| {
        time.map(|time| check::duration(option, time, Unit::Seconds, 1..=LONGEST_KEEPALIVE)).transpose()
    };
    let idle = seconds(&TCP_KEEPIDLE, keepalive.idle())?;
    let interval = seconds(&TCP_KEEPINTVL, keepalive.interval())?;
    let count =
        keepalive.count().map(|n| check::number(&TCP_KEEPCNT, n.into(), 1..=MOST_TRIES)).transpose()?;
    for (option, value) in [(TCP_KEEPIDLE, idle), (TCP_KEEPINTVL, interval), (TCP_KEEPCNT, count)] {
        if let Some(value) = value {
            option.set_int(socket, value)?;
        }
    }
    SO_KEEPALIVE.set_bool(socket, true)
}

/// 0 is the kernel's word for none.
pub(crate) fn user_timeout(socket: &Socket) -> io::Result<Option<Duration>> {
    let count = TCP_USER_TIMEOUT.count(socket)?;
    Ok((count != 0).then(|| Unit::Milliseconds.times(count)))
}

pub(crate) fn set_user_timeout(socket: &Socket, time: Option<Duration>) -> io::Result<()> {
    let count = match time {
        Some(time) => check::duration(&TCP_USER_TIMEOUT, time, Unit::Milliseconds, 1..=c_int::MAX)?,
        None => 0,
    };
    TCP_USER_TIMEOUT.set_int(socket, count)
}

pub(crate) fn set_fastopen(socket: &Socket, queue: u32) -> io::Result<()> {
    TCP_FASTOPEN.set_int(socket, check::number(&TCP_FASTOPEN, queue.into(), 0..=c_int::MAX)?)
}

/// 0 is the kernel's word for none.
pub(crate) fn defer_accept(socket: &Socket) -> io::Result<Option<Duration>> {
    let count = TCP_DEFER_ACCEPT.count(socket)?;
    Ok((count != 0).then(|| Unit::Seconds.times(count)))
}

pub(crate) fn set_defer_accept(socket: &Socket, time: Option<Duration>) -> io::Result<()> {
    let count = match time {
        Some(time) => check::duration(&TCP_DEFER_ACCEPT, time, Unit::Seconds, 1..=LONGEST_DEFER)?,
        None => 0,
    };
    TCP_DEFER_ACCEPT.set_int(socket, count)
}

pub(crate) fn set_maxseg(socket: &Socket, bytes: u32) -> io::Result<()> {
    TCP_MAXSEG.set_int(socket, check::number(&TCP_MAXSEG, bytes.into(), SEGMENTS)?)
}

pub(crate) fn set_syn_count(socket: &Socket, count: u32) -> io::Result<()> {
    TCP_SYNCNT.set_int(socket, check::number(&TCP_SYNCNT, count.into(), 1..=MOST_TRIES)?)
}

pub(crate) fn set_window_clamp(socket: &Socket, bytes: u32) -> io::Result<()> {
    TCP_WINDOW_CLAMP.set_int(socket, check::number(&TCP_WINDOW_CLAMP, bytes.into(), 0..=c_int::MAX)?)
}

/// A negative number is the kernel's word for not at all.
pub(crate) fn linger2(socket: &Socket) -> io::Result<Duration> {
    let seconds = TCP_LINGER2.int(socket)?;
    Ok(Unit::Seconds.times(u32::try_from(seconds).unwrap_or(0)))
}

/// 0 is the kernel's word for the system's setting, which zero does not mean here.
pub(crate) fn set_linger2(socket: &Socket, time: Duration) -> io::Result<()> {
    let seconds = check::duration(&TCP_LINGER2, time, Unit::Seconds, 0..=LONGEST_LINGER2)?;
    TCP_LINGER2.set_int(socket, if seconds == 0 { -1 } else { seconds })
}

/// The name up to its zero.
pub(crate) fn congestion(socket: &Socket) -> io::Result<String> {
    let name = TCP_CONGESTION.bytes(socket, CONGESTION_NAME)?;
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    Ok(String::from_utf8_lossy(name).into_owned())
}

pub(crate) fn set_congestion(socket: &Socket, name: &str) -> io::Result<()> {
    if name.is_empty() || name.len() >= CONGESTION_NAME || name.contains('\0') {
        let wanted = "an algorithm's name of 1 to 15 bytes";
        return Err(TCP_CONGESTION.refuse(format_args!("{name:?}"), wanted));
    }
    TCP_CONGESTION.set_bytes(socket, name.as_bytes(), format_args!("{name:?}"))
}

/// Options of every TCP socket. Connections inherit them from the listener that they are accepted from.
macro_rules! tcp_options {
    ($type:ty) => {
        /// Options of TCP, from [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html). Set on a listener they hold for
        /// the connections that it accepts.
        impl $type {
            /// Whether small segments are sent at once (`TCP_NODELAY`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn nodelay(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::TCP_NODELAY.bool(self.socket())
            }

            /// Sends small segments at once (`true`), or waits for more while earlier ones are under way (`false`, the
            /// default).
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_nodelay(&self, nodelay: bool) -> ::std::io::Result<()> {
                $crate::option::methods::TCP_NODELAY.set_bool(self.socket(), nodelay)
            }

            /// Whether partial segments are held back (`TCP_CORK`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn cork(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::TCP_CORK.bool(self.socket())
            }

            /// Holds partial segments back (`TCP_CORK`), for 200 ms at most, until it is set to `false` again: for headers that
            /// are followed by a file.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_cork(&self, cork: bool) -> ::std::io::Result<()> {
                $crate::option::methods::TCP_CORK.set_bool(self.socket(), cork)
            }

            /// When a silent connection is asked if it still lives, if [`keepalive`](Self::keepalive) is on
            /// (`TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT`). All values are there.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn tcp_keepalive(&self) -> ::std::io::Result<$crate::TcpKeepalive> {
                $crate::option::methods::tcp_keepalive(self.socket())
            }

            /// Sets when a silent connection is asked if it still lives (`TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT`), and
            /// turns [`keepalive`](Self::set_keepalive) on. Values that are not given stay as they are.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput), before anything is set, for a time that is not 1 to 32767
            /// whole seconds, and for a count that is not 1 to 127.
            pub fn set_tcp_keepalive(&self, keepalive: &$crate::TcpKeepalive) -> ::std::io::Result<()> {
                $crate::option::methods::set_tcp_keepalive(self.socket(), keepalive)
            }

            /// How long what was sent may go unacknowledged until the connection is broken (`TCP_USER_TIMEOUT`). `None`
            /// when the number of retransmissions decides.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn user_timeout(&self) -> ::std::io::Result<Option<::std::time::Duration>> {
                $crate::option::methods::user_timeout(self.socket())
            }

            /// Breaks the connection when what was sent goes unacknowledged, or cannot be sent, for this long
            /// (`TCP_USER_TIMEOUT`, [RFC 5482](https://www.rfc-editor.org/rfc/rfc5482)). `None`, the default, leaves it to the
            /// number of retransmissions: about 15 minutes.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for what is not 1 to 2^31 - 1 whole milliseconds.
            pub fn set_user_timeout(&self, time: Option<::std::time::Duration>) -> ::std::io::Result<()> {
                $crate::option::methods::set_user_timeout(self.socket(), time)
            }

            /// The largest segment that is sent, in bytes (`TCP_MAXSEG`). Before the connection, a first guess.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn maxseg(&self) -> ::std::io::Result<u32> {
                $crate::option::methods::TCP_MAXSEG.count(self.socket())
            }

            /// Bounds the size of segments, in bytes (`TCP_MAXSEG`), and tells the peer so when the connection is made. The path
            /// may lower it.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) outside of 88 to 32767.
            pub fn set_maxseg(&self, bytes: u32) -> ::std::io::Result<()> {
                $crate::option::methods::set_maxseg(self.socket(), bytes)
            }

            /// The algorithm of congestion control (`TCP_CONGESTION`), such as "cubic".
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn congestion(&self) -> ::std::io::Result<String> {
                $crate::option::methods::congestion(self.socket())
            }

            /// Chooses the algorithm of congestion control (`TCP_CONGESTION`), of those in
            /// `net.ipv4.tcp_available_congestion_control`.
            ///
            /// # Errors
            ///
            /// [`NotFound`](std::io::ErrorKind::NotFound) when there is none of this name.
            /// [`PermissionDenied`](std::io::ErrorKind::PermissionDenied) for one that is not in
            /// `net.ipv4.tcp_allowed_congestion_control`, without `CAP_NET_ADMIN`.
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for a name that is empty or longer than 15 bytes.
            pub fn set_congestion(&self, name: &str) -> ::std::io::Result<()> {
                $crate::option::methods::set_congestion(self.socket(), name)
            }

            /// Whether a connection with little under way retransmits at an even pace (`TCP_THIN_LINEAR_TIMEOUTS`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn thin_linear_timeouts(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::TCP_THIN_LINEAR_TIMEOUTS.bool(self.socket())
            }

            /// Has a connection with little under way retransmit at an even pace (`TCP_THIN_LINEAR_TIMEOUTS`), up to six times,
            /// in place of doubling the time.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_thin_linear_timeouts(&self, linear: bool) -> ::std::io::Result<()> {
                $crate::option::methods::TCP_THIN_LINEAR_TIMEOUTS.set_bool(self.socket(), linear)
            }

            /// How many bytes may wait in the kernel, not yet sent, until the socket counts as full (`TCP_NOTSENT_LOWAT`). 0 is
            /// what `net.ipv4.tcp_notsent_lowat` says.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn notsent_lowat(&self) -> ::std::io::Result<u32> {
                $crate::option::methods::TCP_NOTSENT_LOWAT.u32(self.socket())
            }

            /// Sets how many bytes may wait in the kernel, not yet sent, until the socket counts as full (`TCP_NOTSENT_LOWAT`):
            /// less memory, and what is sent next can still be chosen late. 0 is what `net.ipv4.tcp_notsent_lowat` says.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_notsent_lowat(&self, bytes: u32) -> ::std::io::Result<()> {
                $crate::option::methods::TCP_NOTSENT_LOWAT.set_u32(self.socket(), bytes)
            }

            /// How many times a request for a connection is repeated until `connect` fails (`TCP_SYNCNT`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn syn_count(&self) -> ::std::io::Result<u32> {
                $crate::option::methods::TCP_SYNCNT.count(self.socket())
            }

            /// Sets how many times a request for a connection is repeated until `connect` fails (`TCP_SYNCNT`). The first comes
            /// after a second, then the time doubles.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) outside of 1 to 127.
            pub fn set_syn_count(&self, count: u32) -> ::std::io::Result<()> {
                $crate::option::methods::set_syn_count(self.socket(), count)
            }

            /// The bound of the window that is offered to the peer, in bytes (`TCP_WINDOW_CLAMP`). 0 is none.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn window_clamp(&self) -> ::std::io::Result<u32> {
                $crate::option::methods::TCP_WINDOW_CLAMP.count(self.socket())
            }

            /// Bounds the window that is offered to the peer, in bytes (`TCP_WINDOW_CLAMP`). 0 lifts the bound, before the
            /// connection only. The kernel raises it to half of the smallest receive buffer, about 1 KiB.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2^31 - 1, and for 0 on a connection.
            pub fn set_window_clamp(&self, bytes: u32) -> ::std::io::Result<()> {
                $crate::option::methods::set_window_clamp(self.socket(), bytes)
            }

            /// How long a connection that is closed here waits for the peer to close (`TCP_LINGER2`). Zero is not at all.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn linger2(&self) -> ::std::io::Result<::std::time::Duration> {
                $crate::option::methods::linger2(self.socket())
            }

            /// Sets how long a connection that is closed here waits in the kernel (in `FIN_WAIT2`) for the peer to close
            /// (`TCP_LINGER2`), in place of `net.ipv4.tcp_fin_timeout`. Zero is not at all.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for what is not 0 to 120 whole seconds.
            pub fn set_linger2(&self, time: ::std::time::Duration) -> ::std::io::Result<()> {
                $crate::option::methods::set_linger2(self.socket(), time)
            }
        }
    };
}
pub(crate) use tcp_options;

/// Options of connections, made or to be made.
macro_rules! tcp_connection_options {
    ($type:ty) => {
        /// Options of TCP connections, from [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
        impl $type {
            /// Whether what comes in is acknowledged at once, for now (`TCP_QUICKACK`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn quickack(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::TCP_QUICKACK.bool(self.socket())
            }

            /// Acknowledges what comes in at once (`true`), or a little later (`TCP_QUICKACK`). The kernel changes it again as
            /// it sees fit, so it is set again after each receive.
            ///
            /// # Errors
            ///
            /// What setsockopt(2) says.
            pub fn set_quickack(&self, quickack: bool) -> ::std::io::Result<()> {
                $crate::option::methods::TCP_QUICKACK.set_bool(self.socket(), quickack)
            }

            /// Whether the first data goes with the request for the connection (`TCP_FASTOPEN_CONNECT`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn fastopen_connect(&self) -> ::std::io::Result<bool> {
                $crate::option::methods::TCP_FASTOPEN_CONNECT.bool(self.socket())
            }
        }
    };
}
pub(crate) use tcp_connection_options;

/// Options that are settled before a connection is made.
macro_rules! tcp_connect_options {
    ($type:ty) => {
        /// Options for making a connection, from [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
        impl $type {
            /// Sends the first data with the request for the connection (`TCP_FASTOPEN_CONNECT`,
            /// [RFC 7413](https://www.rfc-editor.org/rfc/rfc7413)), which saves a round trip.
            ///
            /// The first connection to a peer is made as always and gets a cookie. With one, `connect` returns at once, **before
            /// there is a connection**: the first `send` makes it, and tells of its failure. The peer may get that data twice. A
            /// protocol in which the server speaks first is not for this.
            ///
            /// # Errors
            ///
            /// `EOPNOTSUPP` when `net.ipv4.tcp_fastopen` does not allow it.
            pub fn set_fastopen_connect(&self, fastopen: bool) -> ::std::io::Result<()> {
                $crate::option::methods::TCP_FASTOPEN_CONNECT.set_bool(self.socket(), fastopen)
            }
        }
    };
}
pub(crate) use tcp_connect_options;

/// Options of listeners.
macro_rules! tcp_listen_options {
    ($type:ty) => {
        /// Options for listening, from [tcp(7)](https://man7.org/linux/man-pages/man7/tcp.7.html).
        impl $type {
            /// How many connections may wait whose first data came with the request (`TCP_FASTOPEN`). 0 is no such
            /// connections.
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn fastopen(&self) -> ::std::io::Result<u32> {
                $crate::option::methods::TCP_FASTOPEN.count(self.socket())
            }

            /// Takes data that comes with the request for a connection, from up to `queue` peers that the handshake is not over
            /// with (`TCP_FASTOPEN`, [RFC 7413](https://www.rfc-editor.org/rfc/rfc7413)). A request may arrive twice.
            ///
            /// It has an effect when `net.ipv4.tcp_fastopen` has the bit 2. The kernel lowers it to `net.core.somaxconn`.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) above 2^31 - 1.
            pub fn set_fastopen(&self, queue: u32) -> ::std::io::Result<()> {
                $crate::option::methods::set_fastopen(self.socket(), queue)
            }

            /// How long a connection without data is kept from `accept` (`TCP_DEFER_ACCEPT`).
            ///
            /// # Errors
            ///
            /// What getsockopt(2) says.
            pub fn defer_accept(&self) -> ::std::io::Result<Option<::std::time::Duration>> {
                $crate::option::methods::defer_accept(self.socket())
            }

            /// Keeps a connection from `accept` until its first data is there, for about this long
            /// (`TCP_DEFER_ACCEPT`, whole seconds). `None`, the default, does not.
            ///
            /// The kernel counts in retransmissions, and rounds the time up to 1, 3, 7, 15, ... seconds.
            ///
            /// # Errors
            ///
            /// [`InvalidInput`](std::io::ErrorKind::InvalidInput) for what is not 1 to 29887 whole seconds.
            pub fn set_defer_accept(&self, time: Option<::std::time::Duration>) -> ::std::io::Result<()> {
                $crate::option::methods::set_defer_accept(self.socket(), time)
            }
        }
    };
}
pub(crate) use tcp_listen_options;
