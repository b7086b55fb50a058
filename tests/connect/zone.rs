//! Resolvers that know a few names, from files of their own.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use fend::dns::{Path, Resolver};
use fend::net::TcpListener;
use socket2::{Domain, Socket, Type};

use crate::full_listener::FullListener;

/// Files in place of the system's; gone when this is dropped.
pub(crate) struct Zone {
    directory: PathBuf,
}

impl Zone {
    /// These lines of hosts(5), and of services(5).
    pub(crate) fn new(hosts: &str, services: &str) -> io::Result<Zone> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("fend-connect-{}-{number}", std::process::id()));
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("hosts"), hosts)?;
        fs::write(directory.join("services"), services)?;
        Ok(Zone { directory })
    }

    /// One that asks nobody but `server` for what is not in the files.
    pub(crate) fn resolver(&self, server: SocketAddr) -> io::Result<Resolver> {
        let builder = Resolver::builder().path(Path::Native).name_server(server);
        let file = |name: &str| self.directory.join(name);
        Ok(builder.hosts(file("hosts")).services(file("services")).build()?)
    }
}

impl Drop for Zone {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A resolver with its files, which it looks at again when a second has passed.
pub(crate) struct Known {
    pub(crate) resolver: Resolver,
    _zone: Zone,
}

/// `two.test` at 127.0.0.1 and 127.0.0.2, `one.test` at 127.0.0.1. Nobody is asked for more.
pub(crate) fn known() -> io::Result<Known> {
    let zone = Zone::new("127.0.0.1 two.test\n127.0.0.2 two.test\n127.0.0.1 one.test\n", "")?;
    Ok(Known { resolver: zone.resolver(SocketAddr::from(([127, 0, 0, 1], 9)))?, _zone: zone })
}

/// The same without the files, for a lookup right away.
pub(crate) fn resolver() -> io::Result<Resolver> {
    Ok(known()?.resolver)
}

/// The addresses of `two.test` with one port: the first says nothing, the second listens.
pub(crate) async fn silent_and_listening() -> io::Result<(FullListener, TcpListener)> {
    loop {
        let listener = TcpListener::bind("127.0.0.2:0").await?;
        match FullListener::at(SocketAddr::from(([127, 0, 0, 1], listener.local_addr()?.port()))) {
            // Somebody has that port there.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            silent => return Ok((silent?, listener)),
        }
    }
}

/// The same, but that the first refuses.
pub(crate) async fn refusing_and_listening() -> io::Result<(Socket, TcpListener)> {
    loop {
        let (refusing, port) = refusing([127, 0, 0, 1], 0)?;
        match TcpListener::bind(("127.0.0.2", port)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            listener => return Ok((refusing, listener?)),
        }
    }
}

/// A port of `ip` that refuses everybody, and that nobody else takes as long as the socket is there.
pub(crate) fn refusing(ip: [u8; 4], port: u16) -> io::Result<(Socket, u16)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((ip, port)).into())?;
    let port = socket.local_addr()?.as_socket().expect("an IP address").port();
    Ok((socket, port))
}
