//! That a panic leaves sockets in order.
//!
//! What a socket type holds is an fd and the driver's notes about it. The bytes are in the kernel, and no operation of ours
//! leaves its own state half changed when a panic (of a waker, say) passes through: the driver's notes are words changed
//! in one step, and wakers run under no lock. So a stream may be used again after `catch_unwind`. The compiler cannot
//! see that through the trait objects in the driver.

use std::panic::{RefUnwindSafe, UnwindSafe};

use super::{TcpListener, TcpStream};

impl UnwindSafe for TcpListener {}
impl RefUnwindSafe for TcpListener {}
impl UnwindSafe for TcpStream {}
impl RefUnwindSafe for TcpStream {}

// The others hold nothing but these. Said here all the same, so that it is promised and not a result of their fields.
