//! Servers of others, as children that end with the test.

use std::env;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// Whether a test that needs this program can be done. Where all are promised it must be there.
pub(crate) fn is_installed(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    if env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).any(|place| place.join(name).is_file()) {
        return true;
    }
    assert!(env::var_os("CI").is_none(), "{name} is not installed");
    eprintln!("skipped: {name} is not installed");
    false
}

/// A running server. Dropped, it is ended and its directory removed.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
    place: PathBuf,
}

impl Server {
    /// Starts a server on a free port, with a directory of its own. The kernel cannot be asked to choose the port, and another
    /// program may be quicker: then on another port.
    pub(crate) async fn start(
        command: impl Fn(SocketAddr, &Path) -> io::Result<Command>,
    ) -> io::Result<Server> {
        for _ in 0..20 {
            let address = free_address()?;
            let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!(
                "server-{}-{}",
                process::id(),
                address.ip()
            ));
            fs::create_dir_all(&place)?;
            let mut command = command(address, &place)?;
            // What is preloaded into the test is not for a server with an allocator of its own.
            command.stdin(Stdio::null()).stdout(Stdio::null()).env_remove("LD_PRELOAD");
            let child = command.spawn()?;
            let mut server = Server { address, child, place };
            if server.is_up().await? {
                return Ok(server);
            }
        }
        panic!("the server ended at once, on each of 20 ports")
    }

    /// Waits until it accepts. False when it has ended.
    async fn is_up(&mut self) -> io::Result<bool> {
        while self.child.try_wait()?.is_none() {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(self.child.try_wait()?.is_none());
            }
            fend::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(false)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// On a loopback address of its own: nobody else gets a port there from the kernel before the server has it.
fn free_address() -> io::Result<SocketAddr> {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % 64;
    let [.., high, low] = process::id().to_be_bytes();
    TcpListener::bind((Ipv4Addr::new(127, 128 + number, high, low.max(1)), 0))?.local_addr()
}
