//! Servers of std. Their threads end with the test.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// A server whose connections have a thread each.
pub(crate) fn serve(connection: impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let address = listener.local_addr().expect("it has an address");
    let connection = Arc::new(connection);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let connection = Arc::clone(&connection);
            // How it ends the client sees.
            thread::spawn(move || connection(socket));
        }
    });
    address
}

/// Sends back what comes, changed by `change`, which is told how many bytes came before.
pub(crate) fn echo(mut stream: impl Read + Write, change: impl Fn(usize, &mut [u8])) -> io::Result<()> {
    let mut buffer = [0; 4096];
    let mut before = 0;
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        change(before, &mut buffer[..count]);
        before += count;
        stream.write_all(&buffer[..count])?;
    }
}

pub(crate) fn echo_server() -> SocketAddr {
    serve(|socket| echo(socket, |_, _| ()))
}

/// Where nobody listens: all servers here have the address 127.0.0.1, and this port is taken there.
pub(crate) fn nobody() -> (TcpListener, SocketAddr) {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a listener");
    let port = taken.local_addr().expect("it has an address").port();
    (taken, SocketAddr::from(([127, 77, 0, 1], port)))
}
