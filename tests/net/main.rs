//! Sockets of fend against peers of std, on every dispatcher.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/alone.rs"]
mod alone;
#[macro_use]
mod alone_on_each;
#[path = "../support/full_listener.rs"]
mod full_listener;
#[path = "../support/noise.rs"]
mod machine;
mod peer;
#[expect(dead_code, reason = "the part for other suites")]
#[path = "../support/process.rs"]
mod process;
#[expect(dead_code, reason = "the part for other suites")]
#[macro_use]
#[path = "../support/shape.rs"]
mod shape;
/// Where `shape` looks for it.
use support::stall;

mod accept_errors;
mod api_gaps;
mod cancel;
mod clones;
mod connect;
mod connect_many;
mod conversions;
mod copy;
mod copy_alone;
mod copy_edges;
mod copy_files;
mod copy_limits;
mod copy_urgent;
mod drain_races;
mod echo;
mod empty_buffers;
mod flags;
mod forks;
mod half_close;
mod hostile;
mod large;
mod listener;
mod listener_helper;
mod messages_of_errors;
mod option_bounds;
mod options;
mod pipes;
mod raw_calls;
mod readiness;
mod reset;
mod short_read;
mod split;
mod streams;
mod tcp_socket;
mod udp_basics;
mod udp_conversions;
mod udp_error_queue;
mod udp_errors;
mod udp_foreign;
mod udp_many;
mod udp_metadata;
mod udp_multicast;
mod udp_segments;
mod unix_connect;
mod unix_conversions;
mod unix_credentials;
mod unix_datagram;
mod unix_datagram_peers;
mod unix_fds;
mod unix_listener;
mod unix_place;
mod unix_seqpacket;
mod unix_streams;
mod unreachable;
mod urgent;
mod vsock;

/// The full size in release builds or when `FEND_TEST_FULL` is set, else the small one.
fn scaled(small: usize, full: usize) -> usize {
    if cfg!(debug_assertions) && std::env::var_os("FEND_TEST_FULL").is_none() { small } else { full }
}
