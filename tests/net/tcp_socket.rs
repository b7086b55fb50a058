//! Sockets before they listen or connect.

use std::io::{self, Read, Write};
use std::net::{self, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::panic::{RefUnwindSafe, UnwindSafe};

use fend::net::{Domain, TcpListener, TcpSocket, TcpStream};
use futures_lite::future::poll_once;
use socket2::{Socket, Type};

on_every_dispatcher!(
    listens_and_connects,
    local_address_is_chosen,
    works_on_ipv6,
    nothing_is_set_unasked,
    backlog_is_kept,
    failures_name_the_address,
    one_address_only,
    only_ip_domains,
    cancelled_connect_closes_the_socket,
    of_std_and_back,
    what_is_in_use_is_refused,
    is_close_on_exec_and_nonblocking,
);

async fn listens_and_connects() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    assert_eq!(socket.local_addr()?, SocketAddr::from(([0, 0, 0, 0], 0)));
    socket.bind("127.0.0.1:0")?;
    let address = socket.local_addr()?;
    assert_ne!(address.port(), 0);
    let listener = socket.listen(TcpSocket::DEFAULT_BACKLOG)?;
    assert_eq!(listener.local_addr()?, address);

    let client = TcpSocket::new(Domain::for_address(address))?.connect(address).await?;
    let (server, peer) = listener.accept().await?;
    assert_eq!(peer, client.local_addr()?);
    client.send_all(b"ping").await?;
    let mut buf = [0; 4];
    server.recv_exact(&mut buf).await?;
    server.send_all(&buf).await?;
    client.recv_exact(&mut buf).await?;
    assert_eq!(&buf, b"ping");
    Ok(())
}

async fn local_address_is_chosen() -> io::Result<()> {
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let socket = TcpSocket::new_v4()?;
    socket.set_bind_address_no_port(true)?;
    socket.bind("127.0.0.3:0")?;
    assert_eq!(socket.local_addr()?.port(), 0, "the port comes with the connection");
    let client = socket.connect(listener.local_addr()?).await?;
    let (_server, peer) = listener.accept()?;
    assert_eq!(peer, client.local_addr()?);
    assert_eq!(peer.ip().to_string(), "127.0.0.3");
    Ok(())
}

async fn works_on_ipv6() -> io::Result<()> {
    if net::TcpListener::bind("[::1]:0").is_err() {
        return Ok(()); // A system without IPv6.
    }
    let socket = TcpSocket::new_v6()?;
    socket.set_only_v6(true)?;
    socket.bind("[::1]:0")?;
    let listener = socket.listen(1)?;
    let client = TcpSocket::new_v6()?.connect(listener.local_addr()?).await?;
    assert_eq!(listener.accept().await?.1, client.local_addr()?);
    Ok(())
}

/// A server's address stays busy unless it asks otherwise, as with `std::net` it need not.
async fn nothing_is_set_unasked() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    assert!(!socket.reuse_address()? && !socket.reuse_port()? && !socket.nodelay()? && !socket.keepalive()?);
    Ok(())
}

async fn backlog_is_kept() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0")?;
    let error = socket.listen(u32::MAX).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().ends_with("a backlog of 4294967295: not 0 to 2147483647"), "{error}");

    // Of a listener, what is unacknowledged is the length of its queue, and what is acknowledged selectively its bound.
    let socket = TcpSocket::new_v4()?;
    socket.bind("127.0.0.1:0")?;
    let listener = socket.listen(5)?;
    let _client = TcpStream::connect(listener.local_addr()?).await?;
    let info = listener.option_bytes(libc::SOL_TCP, libc::TCP_INFO, 32)?;
    let word = |at: usize| u32::from_ne_bytes([info[at], info[at + 1], info[at + 2], info[at + 3]]);
    assert_eq!((word(24), word(28)), (1, 5));
    Ok(())
}

async fn failures_name_the_address() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let error = TcpSocket::new_v4()?.bind(address).unwrap_err();
    assert_eq!(error.to_string(), format!("bind {address}: Address already in use (os error 98)"));
    // A socket that does not listen refuses too, and keeps the port from others.
    let silent = TcpSocket::new_v4()?;
    silent.bind("127.0.0.1:0")?;
    let address = silent.local_addr()?;
    let error = TcpSocket::new_v4()?.connect(address).await.unwrap_err();
    assert_eq!(error.to_string(), format!("connect {address}: Connection refused (os error 111)"));
    let error = TcpSocket::new_v4()?.connect("[::1]:1").await.unwrap_err();
    assert!(error.to_string().starts_with("connect [::1]:1: "), "{error}");
    Ok(())
}

async fn one_address_only() -> io::Result<()> {
    let two: [SocketAddr; 2] = [([127, 0, 0, 1], 0).into(), ([127, 0, 0, 2], 0).into()];
    let socket = TcpSocket::new_v4()?;
    for error in [
        socket.bind(&two).unwrap_err(),
        socket.bind(Vec::new()).unwrap_err(),
        socket.bind("localhost:80").unwrap_err(),
        TcpSocket::new_v4()?.connect(&two).await.unwrap_err(),
        TcpSocket::new_v4()?.connect(Vec::new()).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
    }
    socket.bind(&two[..1])
}

async fn only_ip_domains() -> io::Result<()> {
    let error = TcpSocket::new(Domain::UNIX).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    Ok(())
}

/// NT3
async fn cancelled_connect_closes_the_socket() -> io::Result<()> {
    // A listener whose queue is full answers nobody.
    let full = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    full.listen(0)?;
    let address = full.local_addr()?.as_socket().expect("an IP address");
    let _first = net::TcpStream::connect(address)?;

    let socket = TcpSocket::new_v4()?;
    let link = format!("/proc/self/fd/{}", socket.as_raw_fd());
    let inode = std::fs::read_link(&link)?;
    let mut attempt = Box::pin(socket.connect(address));
    assert!(poll_once(&mut attempt).await.is_none(), "nobody answers");
    drop(attempt);
    // The number may be in use again, for another socket.
    assert_ne!(std::fs::read_link(&link).ok(), Some(inode));
    Ok(())
}

async fn of_std_and_back() -> io::Result<()> {
    // Blocking, as other code makes them.
    let made = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    made.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    let listener = TcpSocket::try_from(net::TcpStream::from(made))?.listen(4)?;
    let made = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let socket = TcpSocket::try_from(OwnedFd::from(made))?;
    assert!(format!("{socket:?}").contains(&format!("fd: {}", socket.as_raw_fd())), "{socket:?}");
    let client = socket.connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    server.send_all(b"x").await?;
    client.recv_exact(&mut [0; 1]).await?;

    let socket = TcpSocket::new_v4()?;
    socket.set_nodelay(true)?;
    let fd = OwnedFd::from(socket);
    let socket = Socket::from(fd);
    assert!(socket.tcp_nodelay()? && socket.nonblocking()?);
    Ok(())
}

async fn what_is_in_use_is_refused() -> io::Result<()> {
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let mut client = net::TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    let connected = OwnedFd::from(client.try_clone()?);
    assert_eq!(TcpSocket::try_from(connected).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let listening = OwnedFd::from(listener);
    assert_eq!(TcpSocket::try_from(listening).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    let datagrams = OwnedFd::from(net::UdpSocket::bind("127.0.0.1:0")?);
    assert_eq!(TcpSocket::try_from(datagrams).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    // A socket that was refused is left as it was: its other owner may still block on it.
    assert!(!Socket::from(OwnedFd::from(client.try_clone()?)).nonblocking()?);
    server.write_all(b"x")?;
    client.read_exact(&mut [0; 1])
}

async fn is_close_on_exec_and_nonblocking() -> io::Result<()> {
    fn bounds<T: Send + Sync + Unpin + std::fmt::Debug + UnwindSafe + RefUnwindSafe + 'static>(_: &T) {}
    let socket = TcpSocket::new_v4()?;
    bounds(&socket);
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", socket.as_raw_fd()))?;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).expect("flags");
    let flags = i32::from_str_radix(flags.trim(), 8).expect("octal");
    assert_eq!(flags & libc::O_CLOEXEC, libc::O_CLOEXEC);
    assert_eq!(flags & libc::O_NONBLOCK, libc::O_NONBLOCK);
    Ok(())
}
