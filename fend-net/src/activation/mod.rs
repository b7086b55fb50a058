//! Socket activation: sockets that a service manager opened before it started the program.
//!
//! systemd, and others that speak its protocol (see [sd_listen_fds(3)]), start a service with listening sockets as file
//! descriptors 3, 4 and so on, and say so in the environment: `LISTEN_PID` is the process that they are for, `LISTEN_FDS` their
//! count, `LISTEN_FDNAMES` their names with colons between. The service is then started on its first connection, can
//! be restarted without one being refused, and needs no right to bind a low port.
//!
//! [`ListenFds`] is the service's side, [`Activator`] the manager's: it starts a program with sockets of ours.
//!
//! # Examples
//!
//! A server that takes its socket from the manager, and opens one itself when it was started by hand:
//!
//! ```
//! use fend::net::TcpListener;
//! use fend::net::activation::ListenFds;
//!
//! # fend::block_on(async {
//! let listener: TcpListener = match ListenFds::take()?.named("http") {
//!     Some(fd) => fd.convert()?,
//!     None => TcpListener::bind("127.0.0.1:0").await?,
//! };
//! # drop(listener);
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! `systemd-socket-activate --listen 127.0.0.1:8080 --fdname http ./server` tries it without a unit file.
//!
//! [sd_listen_fds(3)]: https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html

mod activator;
mod announcement;
mod listen_fds;

pub use activator::Activator;
pub use listen_fds::{ListenFd, ListenFds};
