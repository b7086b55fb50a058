//! Runs the programs in `examples/` as a person would, against clients that know nothing of fend.

mod all;
mod canned;
mod certificates;
mod chat;
mod echo;
mod fd_pass;
#[path = "../support/forks.rs"]
mod forks;
mod graceful;
mod http;
mod http_client;
mod http_client_tls;
mod https_server;
#[cfg(feature = "hyper")]
mod load;
mod lookup;
mod program;
mod proxy;
mod scratch;
mod supervise;
mod tls_echo;
mod udp_echo;
mod watch;

#[expect(dead_code, unused_imports, reason = "here for its unit tests, which examples do not run themselves")]
#[path = "../../examples/http_client/http/mod.rs"]
mod http_client_library;
