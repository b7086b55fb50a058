//! Runs the programs in `examples/` as a person would, against clients that know nothing of fend.

mod all;
mod chat;
mod echo;
mod fd_pass;
mod graceful;
mod http;
mod program;
