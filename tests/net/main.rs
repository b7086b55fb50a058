//! Sockets of fend against peers of std, on every dispatcher.

#[macro_use]
#[path = "../support/mod.rs"]
mod support;
mod peer;

mod cancel;
mod clones;
mod connect;
mod conversions;
mod echo;
mod half_close;
mod listener;
mod readiness;
mod reset;
mod short_read;
mod split;
mod streams;
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
mod unix_fds;
mod unix_listener;
mod unix_place;
mod unix_seqpacket;
mod unix_streams;
mod vsock;
