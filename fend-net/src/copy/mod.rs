//! Copying from one stream to another, in the kernel where that is possible. This is part of `fend::io`.
//!
//! See [`copy`](copy()) for one direction and [`copy_bidirectional`] for a relay.
//! [`TcpStream::send_file`](crate::TcpStream::send_file) and [`TcpStream::recv_file`](crate::TcpStream::recv_file) are for files.

mod both_ways;
mod buffer;
mod end;
mod file;
mod identify;
mod idle;
mod one_way;
mod pool;
mod progress;
mod transfer;

pub use both_ways::{CopyBidirectional, copy_bidirectional};
pub use one_way::{Copy, copy};
pub use progress::CopyProgress;
