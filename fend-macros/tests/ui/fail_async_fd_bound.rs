//! RE16: only what lends its fd can be registered: a bare number says nothing of who keeps the fd open.
use fend::io::AsyncFd;

fn register<T>(io: T) {
    let _ = AsyncFd::new(io);
}

fn main() {
    register(0);
}
