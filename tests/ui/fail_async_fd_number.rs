//! A bare number says nothing of who keeps the fd open.
use fend::io::AsyncFd;

fn main() {
    let _ = AsyncFd::new(0);
}
