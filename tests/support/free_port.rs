//! Places for servers that cannot be told to let the kernel choose a port.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process;
use std::sync::atomic::{AtomicU8, Ordering};

/// A free port on a loopback address of its own. On 127.0.0.1 the kernel may give the port to another test before the server has it: that test
/// would be taken for the server, which may try for seconds to get the port, and would get connections that are not meant for it.
pub(crate) fn free_port() -> SocketAddr {
    let [address] = free_ports();
    address
}

/// Several free ports of one such address.
pub(crate) fn free_ports<const COUNT: usize>() -> [SocketAddr; COUNT] {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % 64;
    let [.., high, low] = process::id().to_be_bytes();
    let ip = Ipv4Addr::new(127, 128 + number, high, low);
    // All are held until the last one is found, so that no two are the same.
    let probes = [(); COUNT].map(|()| TcpListener::bind((ip, 0)).expect("a port"));
    probes.map(|probe| probe.local_addr().expect("its address"))
}
