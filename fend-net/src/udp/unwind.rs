//! That a panic leaves sockets in order, as `tcp/unwind.rs` argues. The error queue's store is changed in whole entries.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::UdpSocket;

impl UnwindSafe for UdpSocket {}
impl RefUnwindSafe for UdpSocket {}
