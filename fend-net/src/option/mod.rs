//! Socket options: as methods of every socket type, as any C option, and by name.
//!
//! The methods are the same for every type that has the option, so a macro for each kind of socket writes them:
//!
//! | macro | options | types |
//! |---|---|---|
//! | `common_options!` | those of any socket, [any C option](any), [by name](by_name) | all |
//! | `network_options!` | of `SOL_SOCKET`, with a meaning on a network only | TCP, UDP |
//! | `ip_options!` | of ip(7) and ipv6(7) | TCP, UDP |
//! | `connection_options!` | of `SOL_SOCKET`, for connections | TCP |
//! | `tcp_options!`, `tcp_connection_options!`, `tcp_connect_options!`, `tcp_listen_options!` | of tcp(7) | TCP: all; with a connection; before it; listening |
//!
//! A type calls those it wants beside its definition; they ask it for `fn socket(&self) -> &socket2::Socket`. What is more than
//! one call is a function of the level's file. A setter accepts what the option can hold, and nothing that the kernel
//! would wrap or cut off in silence ([`check`]).

mod any;
mod by_name;
pub(crate) mod c_option;
pub(crate) mod check;
mod common;
mod data;
mod error_queue;
mod ip_level;
mod keepalive;
mod mtu_discovery;
mod socket_level;
mod tcp_level;

pub use by_name::{OptionValue, socket_option_names};
pub use data::OptionData;
pub use keepalive::TcpKeepalive;
pub use mtu_discovery::MtuDiscovery;

/// What the macros' methods call.
pub(crate) mod methods {
    pub(crate) use super::any::{option, option_bytes, set_option, set_option_bytes};
    pub(crate) use super::by_name::{set_socket_option, socket_option};
    pub(crate) use super::ip_level::*;
    pub(crate) use super::socket_level::*;
    pub(crate) use super::tcp_level::*;
}

pub(crate) use common::common_options;
pub(crate) use ip_level::ip_options;
pub(crate) use socket_level::{connection_options, network_options};
pub(crate) use tcp_level::{tcp_connect_options, tcp_connection_options, tcp_listen_options, tcp_options};
