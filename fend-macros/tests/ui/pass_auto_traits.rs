//! EX19: the auto-traits of what users hold are part of the API.
use std::panic::{RefUnwindSafe, UnwindSafe};

use fend::runtime::{Handle, Runtime};
use fend::task::{AbortHandle, CancellationToken, JoinError, JoinHandle, TaskGroup};

fn all<T: Send + Sync + Unpin + 'static>() {}
fn unwind_safe<T: UnwindSafe + RefUnwindSafe>() {}

fn main() {
    all::<JoinHandle<u8>>();
    all::<JoinHandle<std::cell::Cell<u8>>>();
    all::<AbortHandle>();
    all::<JoinError>();
    all::<TaskGroup<u8>>();
    all::<CancellationToken>();
    all::<Handle>();
    all::<Runtime>();
    all::<fend::time::Sleep>();
    all::<fend::net::TcpStream>();
    all::<fend::net::TcpListener>();
    unwind_safe::<JoinHandle<u8>>();
    unwind_safe::<AbortHandle>();
}
