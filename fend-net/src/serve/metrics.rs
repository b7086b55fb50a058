//! [`ListenerMetrics`]: what a listener has seen.

use std::io;
use std::time::Duration;

/// A snapshot of a [`Listener`](super::Listener)'s counters. All are taken at the same moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListenerMetrics {
    /// Connections that were taken and given out.
    pub accepted: u64,
    /// Connections that have not ended.
    pub active: usize,
    /// Connections that have ended by themselves.
    pub finished: u64,
    /// Connections whose handler has panicked.
    pub panicked: u64,
    /// Connections that were ended: by a drain whose deadline had passed, or because their task was cancelled.
    pub aborted: u64,
    /// How often an accept had to wait because there were as many connections as the limit allows.
    pub limit_reached: u64,
    /// Errors that concerned one connection: it died in the queue, the firewall forbade it, its options could not be set. The
    /// next accept followed at once, except after too many of them.
    pub transient_errors: u64,
    /// Pauses: for want of descriptors or memory, or after 64 errors in a row that concerned one connection. An error that another task
    /// met during a pause begins no further one.
    pub back_offs: u64,
    /// The length of the pause that is on now. `None` when accepts go on as usual.
    pub back_off: Option<Duration>,
    /// The kind of the last error of either sort.
    pub last_error: Option<io::ErrorKind>,
    /// Whether the listener has stopped taking connections.
    pub draining: bool,
}
