//! Sockets for the fend runtime.
//!
//! A socket here is an fd in non-blocking mode, shared by its clones and registered with the runtime when a task first
//! has to wait for it. An operation tries its system call first and waits only when the kernel says that it would
//! block, so a `recv` that finds data costs one `recv(2)` and nothing else.
//!
//! All operations take `&self`: one task may receive while another sends, on the same value or on clones, each
//! with its own waker. The streams implement [`futures_io::AsyncRead`] and [`futures_io::AsyncWrite`] too, for `T` and `&T`.
//!
//! This crate takes addresses, never host names: see [`IntoAddrs`].
//!
//! Most programs use it through the `fend` crate, as `fend::net`.

mod addrs;
mod error;
mod ready;
mod release;
mod socket;
#[expect(unsafe_code, reason = "the system-call layer")]
mod sys;
pub mod tcp;

pub use addrs::IntoAddrs;
pub use error::SocketError;
pub use release::ReleaseError;
pub use std::net::Shutdown;
pub use tcp::{TcpListener, TcpStream};
