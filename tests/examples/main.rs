//! Runs the programs in `examples/` as a person would, against clients that know nothing of fend.

mod all;
mod canned;
mod certificates;
mod chat;
mod echo;
mod fd_pass;
#[path = "../support/forks.rs"]
mod forks;
#[path = "../support/free_port.rs"]
mod free_port;
#[expect(dead_code, reason = "here nobody makes room")]
#[path = "../support/full_listener.rs"]
mod full_listener;
mod graceful;
mod http;
#[cfg(feature = "hyper")]
mod http_by_hyper;
mod http_client;
mod http_client_tls;
mod https_server;
#[cfg(feature = "hyper")]
mod load;
mod lookup;
mod nginx;
mod port_scan;
mod program;
mod proxy;
#[cfg(feature = "hyper")]
mod reverse_proxy;
mod scratch;
mod supervise;
mod tls_echo;
mod udp_echo;
mod watch;

#[expect(dead_code, unused_imports, reason = "here for its unit tests, which examples do not run themselves")]
#[path = "../../examples/http_client/http/mod.rs"]
mod http_client_library;
