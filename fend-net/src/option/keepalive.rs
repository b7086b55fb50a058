//! [`TcpKeepalive`]: when a silent connection is asked if it still lives, and when it counts as dead.

use std::time::Duration;

/// When a silent TCP connection is asked if it still lives, and how often until it is given up.
///
/// What is not set stays as it is: for a new socket, as the system's settings `net.ipv4.tcp_keepalive_time` (two hours),
/// `tcp_keepalive_intvl` (75 seconds) and `tcp_keepalive_probes` (9) say.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use fend::net::{TcpKeepalive, TcpSocket};
///
/// let socket = TcpSocket::new_v4()?;
/// let minute = TcpKeepalive::new().with_idle(Duration::from_secs(30)).with_interval(Duration::from_secs(10)).with_count(3);
/// socket.set_tcp_keepalive(&minute)?;
/// assert!(socket.keepalive()?);
/// assert_eq!(socket.tcp_keepalive()?, minute);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TcpKeepalive {
    idle: Option<Duration>,
    interval: Option<Duration>,
    count: Option<u32>,
}

impl TcpKeepalive {
    /// Nothing set: as the system does it.
    pub const fn new() -> TcpKeepalive {
        TcpKeepalive { idle: None, interval: None, count: None }
    }

    /// Asks after this long without a sign of life (`TCP_KEEPIDLE`): 1 to 32767 whole seconds.
    #[must_use]
    pub const fn with_idle(mut self, idle: Duration) -> TcpKeepalive {
        self.idle = Some(idle);
        self
    }

    /// Asks again this often while there is no answer (`TCP_KEEPINTVL`): 1 to 32767 whole seconds.
    #[must_use]
    pub const fn with_interval(mut self, interval: Duration) -> TcpKeepalive {
        self.interval = Some(interval);
        self
    }

    /// Gives the connection up after this many questions without an answer (`TCP_KEEPCNT`): 1 to 127.
    #[must_use]
    pub const fn with_count(mut self, count: u32) -> TcpKeepalive {
        self.count = Some(count);
        self
    }

    /// The silence before the first question.
    pub const fn idle(&self) -> Option<Duration> {
        self.idle
    }

    /// The time between questions.
    pub const fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// How many questions are asked.
    pub const fn count(&self) -> Option<u32> {
        self.count
    }
}
