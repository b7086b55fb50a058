//! Socket options: what is set is read back, and has the effect that is promised.

use std::io::{self, Read, Write};
use std::net::{self, Ipv4Addr};
use std::time::{Duration, Instant};

use fend::net::{
    Domain, MtuDiscovery, OptionValue, Protocol, SocketError, TcpKeepalive, TcpListener, TcpSocket, TcpState,
    TcpStream, Type,
};
use fend::time::timeout;
use futures_lite::future::poll_once;

use crate::peer;

on_every_dispatcher!(
    typed_options_are_read_back,
    what_the_kernel_changes_is_documented,
    ipv6_options_hold_for_both_families,
    values_out_of_range_are_refused,
    errors_name_the_option_and_the_value,
    accepted_connections_inherit,
    linger_of_zero_resets,
    two_listeners_share_a_port,
    deferred_accept_waits_for_data,
    low_water_decides_about_waiting,
    corked_data_waits,
    a_device_is_bound,
    oob_data_is_received_in_line,
    keepalive_finds_a_dead_peer_only,
    user_timeout_breaks_a_stuck_connection,
    fastopen_sends_data_with_the_request,
    any_option_by_number,
    any_option_checks_the_size,
    options_by_name,
    tcp_info_tells_of_the_connection,
    take_error_takes_it,
);

/// A setter and its getter, with each of the values.
macro_rules! read_back {
    ($socket:expr, $set:ident, $get:ident, $($value:expr),+) => {
        $(
            let value = $value;
            $socket.$set(value)?;
            assert_eq!($socket.$get()?, value, "{}", stringify!($get));
        )+
    };
}

async fn typed_options_are_read_back() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    read_back!(socket, set_reuse_address, reuse_address, true, false);
    read_back!(socket, set_reuse_port, reuse_port, true, false);
    read_back!(socket, set_keepalive, keepalive, true, false);
    read_back!(
        socket,
        set_linger,
        linger,
        Some(Duration::ZERO),
        Some(Duration::from_secs(7)),
        Some(Duration::from_secs(i32::MAX as u64)),
        None
    );
    read_back!(socket, set_oob_inline, oob_inline, true, false);
    read_back!(socket, set_packet_priority, packet_priority, 6, 0);
    read_back!(socket, set_incoming_cpu, incoming_cpu, Some(0), Some(3), None);
    read_back!(socket, set_busy_poll, busy_poll, Duration::ZERO);
    read_back!(socket, set_ttl, ttl, 1, 255, 64);
    read_back!(socket, set_tos, tos, 0x10, 0xB8, 0);
    read_back!(socket, set_freebind, freebind, true, false);
    read_back!(socket, set_bind_address_no_port, bind_address_no_port, true, false);
    for discovery in [
        MtuDiscovery::Dont,
        MtuDiscovery::Want,
        MtuDiscovery::Do,
        MtuDiscovery::Probe,
        MtuDiscovery::Interface,
        MtuDiscovery::Omit,
    ] {
        read_back!(socket, set_mtu_discovery, mtu_discovery, discovery);
    }
    read_back!(socket, set_nodelay, nodelay, true, false);
    read_back!(socket, set_cork, cork, true, false);
    read_back!(
        socket,
        set_user_timeout,
        user_timeout,
        Some(Duration::from_millis(1)),
        Some(Duration::from_millis(12_345)),
        None
    );
    read_back!(socket, set_thin_linear_timeouts, thin_linear_timeouts, true, false);
    read_back!(socket, set_notsent_lowat, notsent_lowat, 16_384, u32::MAX, 0);
    read_back!(socket, set_syn_count, syn_count, 1, 127);
    read_back!(
        socket,
        set_linger2,
        linger2,
        Duration::from_secs(120),
        Duration::from_secs(1),
        Duration::ZERO
    );
    read_back!(socket, set_window_clamp, window_clamp, 65_536, 0);
    read_back!(socket, set_maxseg, maxseg, 1000);
    read_back!(socket, set_defer_accept, defer_accept, Some(Duration::from_secs(3)), None);
    read_back!(socket, set_recv_low_water, recv_low_water, 1000, 1);
    read_back!(socket, set_fastopen_connect, fastopen_connect, true, false);
    read_back!(socket, set_fastopen, fastopen, 16);
    socket.set_congestion("reno")?;
    assert_eq!(socket.congestion()?, "reno");

    let keepalive = TcpKeepalive::new()
        .with_idle(Duration::from_secs(32_767))
        .with_interval(Duration::from_secs(1))
        .with_count(127);
    socket.set_tcp_keepalive(&keepalive)?;
    assert_eq!(socket.tcp_keepalive()?, keepalive);
    assert!(socket.keepalive()?);
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_count(5))?;
    assert_eq!(socket.tcp_keepalive()?, keepalive.with_count(5), "the others stay");

    assert_eq!(socket.domain()?, Domain::IPV4);
    assert_eq!(socket.r#type()?, Type::STREAM);
    assert_eq!(socket.protocol()?, Some(Protocol::TCP));
    assert_ne!(socket.cookie()?, TcpSocket::new_v4()?.cookie()?);
    privileged(socket.set_mark(0xFFFF_FFFE), || {
        assert_eq!(socket.mark()?, 0xFFFF_FFFE);
        Ok(())
    })?;
    privileged(socket.set_transparent(true), || {
        assert!(socket.transparent()?);
        Ok(())
    })?;
    privileged(socket.set_busy_poll(Duration::from_micros(50)), || {
        assert_eq!(socket.busy_poll()?, Duration::from_micros(50));
        Ok(())
    })?;
    let (stream, _peer) = peer::connected().await?;
    read_back!(stream, set_quickack, quickack, false, true);
    assert!(stream.mtu()? >= 1280);
    assert!(stream.maxseg()? >= 536);
    Ok(())
}

/// What follows a call that needs privileges, unless they are not there.
fn privileged(done: io::Result<()>, then: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        other => other.and_then(|()| then()),
    }
}

async fn what_the_kernel_changes_is_documented() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(20_000)?;
    assert_eq!(socket.recv_buffer_size()?, 40_000, "doubled");
    socket.set_send_buffer_size(20_000)?;
    assert_eq!(socket.send_buffer_size()?, 40_000, "doubled");
    socket.set_send_buffer_size(0)?;
    assert!((1..=16_384).contains(&socket.send_buffer_size()?), "raised");
    socket.set_recv_buffer_size((1 << 30) - 1)?;
    assert!(socket.recv_buffer_size()? < 1 << 31, "lowered to rmem_max");
    socket.set_defer_accept(Some(Duration::from_secs(4)))?;
    assert_eq!(socket.defer_accept()?, Some(Duration::from_secs(7)), "rounded up");
    socket.set_window_clamp(1)?;
    assert!(socket.window_clamp()? > 500, "raised");
    socket.set_tos(0xFF)?;
    assert_eq!(socket.tos()?, 0xFC, "ECN is the kernel's");
    Ok(())
}

async fn ipv6_options_hold_for_both_families() -> io::Result<()> {
    let Ok(socket) = TcpSocket::new_v6() else { return Ok(()) };
    read_back!(socket, set_only_v6, only_v6, true, false);
    read_back!(socket, set_ttl, ttl, 33);
    assert_eq!(socket.option::<i32>(libc::SOL_IP, libc::IP_TTL)?, 33);
    assert_eq!(socket.option::<i32>(libc::SOL_IPV6, libc::IPV6_UNICAST_HOPS)?, 33);
    read_back!(socket, set_tos, tos, 0x28);
    assert_eq!(socket.option::<i32>(libc::SOL_IP, libc::IP_TOS)?, 0x28);
    assert_eq!(socket.option::<i32>(libc::SOL_IPV6, libc::IPV6_TCLASS)?, 0x28);
    read_back!(socket, set_mtu_discovery, mtu_discovery, MtuDiscovery::Do);
    read_back!(socket, set_freebind, freebind, true);
    assert!(socket.option::<bool>(libc::SOL_IPV6, libc::IPV6_FREEBIND)?);
    let error = TcpSocket::new_v4()?.set_only_v6(true).unwrap_err();
    assert_eq!(error.to_string(), "set IPV6_V6ONLY to true: Protocol not available (os error 92)");
    Ok(())
}

async fn values_out_of_range_are_refused() -> io::Result<()> {
    let socket = &TcpSocket::new_v4()?;
    let too_long = Duration::from_secs(1 << 33);
    let part = Duration::from_micros(1500) + Duration::from_nanos(1);
    let keepalive = TcpKeepalive::new();
    let refused = [
        socket.set_linger(Some(Duration::from_millis(500))),
        socket.set_linger(Some(too_long)),
        socket.set_user_timeout(Some(Duration::ZERO)),
        socket.set_user_timeout(Some(part)),
        socket.set_user_timeout(Some(too_long)),
        socket.set_busy_poll(part),
        socket.set_defer_accept(Some(Duration::ZERO)),
        socket.set_defer_accept(Some(Duration::from_secs(29_888))),
        socket.set_linger2(Duration::from_secs(121)),
        socket.set_tcp_keepalive(&keepalive.with_idle(Duration::ZERO)),
        socket.set_tcp_keepalive(&keepalive.with_idle(Duration::from_secs(32_768))),
        socket.set_tcp_keepalive(&keepalive.with_interval(Duration::from_millis(1))),
        socket.set_tcp_keepalive(&keepalive.with_count(0)),
        socket.set_tcp_keepalive(&keepalive.with_count(128)),
        socket.set_tcp_keepalive(&keepalive.with_idle(Duration::from_secs(9)).with_count(u32::MAX)),
        socket.set_syn_count(0),
        socket.set_syn_count(128),
        socket.set_maxseg(87),
        socket.set_maxseg(32_768),
        socket.set_window_clamp(1 << 31),
        socket.set_fastopen(1 << 31),
        socket.set_ttl(0),
        socket.set_ttl(256),
        socket.set_incoming_cpu(Some(u32::MAX)),
        socket.set_recv_buffer_size(1 << 30),
        socket.set_send_buffer_size(usize::MAX),
        socket.set_recv_low_water(0),
        socket.set_recv_low_water(1 << 31),
        socket.bind_device(Some("")),
        socket.bind_device(Some("a name of 16 byt")),
        socket.bind_device(Some("l\0o")),
        socket.set_congestion(""),
        socket.set_congestion("a name of 16 byt"),
    ];
    for (i, result) in refused.into_iter().enumerate() {
        let error = result.expect_err(&format!("number {i}"));
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "number {i}: {error}");
        // The kernel was not asked.
        let detail = error.get_ref().and_then(|error| error.downcast_ref::<SocketError>());
        assert!(
            detail.is_some_and(|detail| detail.os_error().raw_os_error().is_none()),
            "number {i}: {error}"
        );
    }
    assert!(!socket.keepalive()?, "nothing is set when a part of it is refused");
    assert_ne!(socket.tcp_keepalive()?.idle(), Some(Duration::from_secs(9)));
    Ok(())
}

async fn errors_name_the_option_and_the_value() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    let text = |result: io::Result<()>| result.unwrap_err().to_string();
    assert_eq!(text(socket.set_ttl(300)), "set IP_TTL to 300: not 1 to 255");
    assert_eq!(
        text(socket.set_linger(Some(Duration::from_millis(500)))),
        "set SO_LINGER to 500ms: not 0 to 2147483647 whole seconds"
    );
    assert_eq!(
        text(socket.set_congestion("nonesuch")),
        "set TCP_CONGESTION to \"nonesuch\": No such file or directory (os error 2)"
    );
    assert_eq!(
        text(socket.bind_device(Some("nonesuch"))),
        "set SO_BINDTODEVICE to \"nonesuch\": No such device (os error 19)"
    );
    assert_eq!(
        socket.mtu().unwrap_err().to_string(),
        "get IP_MTU: Transport endpoint is not connected (os error 107)"
    );
    Ok(())
}

async fn accepted_connections_inherit() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    listener.set_nodelay(true)?;
    listener.set_ttl(17)?;
    listener.set_linger(Some(Duration::from_secs(2)))?;
    listener.set_tcp_keepalive(&TcpKeepalive::new().with_idle(Duration::from_secs(11)))?;
    listener.set_recv_buffer_size(30_000)?;
    let _client = net::TcpStream::connect(listener.local_addr()?)?;
    let (stream, _) = listener.accept().await?;
    assert!(stream.nodelay()?);
    assert_eq!(stream.ttl()?, 17);
    assert_eq!(stream.linger()?, Some(Duration::from_secs(2)));
    assert!(stream.keepalive()?);
    assert_eq!(stream.tcp_keepalive()?.idle(), Some(Duration::from_secs(11)));
    assert_eq!(stream.recv_buffer_size()?, 60_000);
    stream.set_linger(None)
}

async fn linger_of_zero_resets() -> io::Result<()> {
    let (stream, mut peer) = peer::connected().await?;
    stream.set_linger(Some(Duration::ZERO))?;
    drop(stream);
    assert_eq!(peer.read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    Ok(())
}

async fn two_listeners_share_a_port() -> io::Result<()> {
    let bound = |port: u16, share: bool| {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuse_port(share)?;
        socket.bind((Ipv4Addr::LOCALHOST, port))?;
        socket.listen(128)
    };
    let one = bound(0, true)?;
    let port = one.local_addr()?.port();
    assert_eq!(bound(port, false).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    let other = bound(port, true)?;
    // Each gets about half: that one of them gets none of 64 does not happen.
    let clients: Vec<_> =
        (0..64).map(|_| net::TcpStream::connect(one.local_addr()?)).collect::<io::Result<_>>()?;
    let _ = (one.accept().await?, other.accept().await?);
    drop(clients);
    Ok(())
}

async fn deferred_accept_waits_for_data() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    listener.set_defer_accept(Some(Duration::from_secs(30)))?;
    let mut silent = net::TcpStream::connect(listener.local_addr()?)?;
    let mut accept = Box::pin(listener.accept());
    assert!(poll_once(&mut accept).await.is_none());
    // A second connection that says something overtakes the first.
    let mut talking = net::TcpStream::connect(listener.local_addr()?)?;
    talking.write_all(b"now")?;
    let (_stream, who) = accept.await?;
    assert_eq!(who, talking.local_addr()?);
    silent.write_all(b"later")?;
    let (_stream, who) = listener.accept().await?;
    assert_eq!(who, silent.local_addr()?);
    Ok(())
}

async fn low_water_decides_about_waiting() -> io::Result<()> {
    let (stream, mut peer) = peer::accepted().await?;
    stream.set_recv_low_water(4)?;
    assert_eq!(stream.recv_low_water()?, 4);
    peer.write_all(b"abc")?;
    while pending(&stream)? < 3 {
        fend::yield_now().await;
    }
    let mut readable = Box::pin(stream.readable());
    assert!(poll_once(&mut readable).await.is_none(), "three bytes are not four");
    peer.write_all(b"d")?;
    readable.await?;
    let mut buf = [0; 8];
    assert_eq!(stream.recv(&mut buf).await?, 4);
    Ok(())
}

/// Bytes that can be received now.
fn pending(stream: &TcpStream) -> io::Result<usize> {
    match socket2::SockRef::from(stream).peek(&mut [std::mem::MaybeUninit::uninit(); 16]) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        other => other,
    }
}

/// The kernel keeps it for 200 ms and no longer, so that a test which stands still meanwhile has to try again.
async fn corked_data_waits() -> io::Result<()> {
    for _ in 0..20 {
        let (stream, peer) = peer::connected().await?;
        stream.set_cork(true)?;
        let sent = stream.tcp_info()?.data_segs_out;
        let begun = Instant::now();
        stream.send_all(b"head").await?;
        let kept = stream.tcp_info()?.data_segs_out == sent;
        let in_time = begun.elapsed() < Duration::from_millis(150);
        assert!(kept || !in_time, "sent at once");
        stream.set_cork(false)?;
        if sent.is_some() {
            assert_eq!(stream.tcp_info()?.data_segs_out, sent.map(|count| count + 1));
        }
        let mut head = [0; 4];
        (&peer).read_exact(&mut head)?;
        assert_eq!(&head, b"head");
        if in_time {
            return Ok(());
        }
    }
    panic!("20 tries, and none was over within 150 ms");
}

async fn a_device_is_bound() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    assert_eq!(socket.device()?, None);
    socket.bind_device(Some("lo"))?;
    assert_eq!(socket.device()?.as_deref(), Some("lo"));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stream = socket.connect(listener.local_addr()?).await?;
    assert_eq!(stream.device()?.as_deref(), Some("lo"));
    privileged(stream.bind_device(None), || {
        assert_eq!(stream.device()?, None);
        Ok(())
    })
}

async fn oob_data_is_received_in_line() -> io::Result<()> {
    let (stream, peer) = peer::connected().await?;
    stream.set_oob_inline(true)?;
    socket2::SockRef::from(&peer).send_out_of_band(b"!")?;
    let mut buf = [0; 1];
    stream.recv_exact(&mut buf).await?;
    assert_eq!(&buf, b"!");
    Ok(())
}

/// The peer's kernel answers: the shortest keepalive does no harm to a silent connection.
async fn keepalive_finds_a_dead_peer_only() -> io::Result<()> {
    let (stream, _peer) = peer::connected().await?;
    let often = TcpKeepalive::new()
        .with_idle(Duration::from_secs(1))
        .with_interval(Duration::from_secs(1))
        .with_count(1);
    stream.set_tcp_keepalive(&often)?;
    stream.set_user_timeout(Some(Duration::from_millis(500)))?;
    // The idle time has to pass for a question to be asked.
    if cfg!(not(debug_assertions)) || std::env::var_os("FEND_TEST_FULL").is_some() {
        let silence = timeout(Duration::from_millis(2500), stream.recv(&mut [0; 1])).await;
        assert!(silence.is_err(), "{silence:?}");
    }
    assert_eq!(stream.tcp_info()?.state, TcpState::Established);
    Ok(())
}

/// A peer that never reads: without the option the kernel would ask it for a quarter of an hour whether it has room.
async fn user_timeout_breaks_a_stuck_connection() -> io::Result<()> {
    let (stream, peer) = peer::connected().await?;
    stream.set_user_timeout(Some(Duration::from_millis(200)))?;
    stream.set_send_buffer_size(4096)?;
    let sent = timeout(Duration::from_secs(10), stream.send_all(&vec![0; 32 << 20])).await;
    let error = sent.expect("not as long as that").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
    drop(peer);
    Ok(())
}

/// On loopback, where the system has it for both sides (`net.ipv4.tcp_fastopen` is 3).
async fn fastopen_sends_data_with_the_request() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    listener.set_fastopen(8)?;
    let address = listener.local_addr()?;
    let connect = async || {
        let socket = TcpSocket::new_v4()?;
        socket.set_fastopen_connect(true)?;
        let client = socket.connect(address).await?;
        client.send_all(b"first").await?;
        let (server, _) = listener.accept().await?;
        let mut first = [0; 5];
        server.recv_exact(&mut first).await?;
        assert_eq!(&first, b"first");
        server.send_all(b"answer").await?;
        client.recv_exact(&mut [0; 6]).await?;
        io::Result::Ok(client)
    };
    // The first connection gets the cookie.
    drop(connect().await?);
    let client = connect().await?;
    assert!(client.fastopen_connect()?);
    let setting = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_fastopen")?;
    let both_sides = setting.trim().parse::<u32>().is_ok_and(|bits| bits & 3 == 3);
    assert_eq!(client.tcp_info()?.syn_data, both_sides);
    Ok(())
}

async fn any_option_by_number() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_option(libc::SOL_SOCKET, libc::SO_KEEPALIVE, &true)?;
    assert!(socket.keepalive()?);
    assert!(socket.option::<bool>(libc::SOL_SOCKET, libc::SO_KEEPALIVE)?);
    socket.set_option(libc::SOL_TCP, libc::TCP_USER_TIMEOUT, &1234_u32)?;
    assert_eq!(socket.user_timeout()?, Some(Duration::from_millis(1234)));
    socket.set_option(libc::SOL_SOCKET, libc::SO_LINGER, &[1, 4])?;
    assert_eq!(socket.option::<[i32; 2]>(libc::SOL_SOCKET, libc::SO_LINGER)?, [1, 4]);
    socket.set_option_bytes(libc::SOL_TCP, libc::TCP_CONGESTION, b"reno")?;
    assert!(socket.option_bytes(libc::SOL_TCP, libc::TCP_CONGESTION, 16)?.starts_with(b"reno\0"));
    assert_eq!(socket.option::<u64>(libc::SOL_SOCKET, libc::SO_COOKIE)?, socket.cookie()?);
    // IP gives one byte to who asks for one.
    socket.set_ttl(44)?;
    assert_eq!(socket.option_bytes(libc::SOL_IP, libc::IP_TTL, 1)?, [44]);
    Ok(())
}

async fn any_option_checks_the_size() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    let text = |error: io::Error| {
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        error.to_string()
    };
    assert_eq!(
        text(socket.option::<u64>(libc::SOL_SOCKET, libc::SO_TYPE).unwrap_err()),
        "get option 3 of level 1: the option has 4 bytes, not 8"
    );
    assert_eq!(socket.option::<u8>(libc::SOL_TCP, libc::TCP_INFO)?, 7, "the first field of many: closed");
    text(socket.option_bytes(libc::SOL_TCP, libc::TCP_INFO, usize::MAX).unwrap_err());
    assert_eq!(
        socket.set_option(libc::SOL_SOCKET, 9999, &1).unwrap_err().to_string(),
        "set option 9999 of level 1: Protocol not available (os error 92)"
    );
    // The kernel would write the counters of the old table to an address in there.
    let error = text(socket.set_option_bytes(libc::SOL_IP, 64, &[0; 96]).unwrap_err());
    assert!(error.contains("no safe function sets it"), "{error}");
    Ok(())
}

async fn options_by_name() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_socket_option("REUSEADDR", true)?;
    assert!(socket.reuse_address()?);
    socket.set_socket_option("so_reuseaddr", 0)?;
    assert_eq!(socket.socket_option("ReuseAddr")?, OptionValue::Bool(false));
    socket.set_socket_option("TTL", 42_u32)?;
    assert_eq!(socket.ttl()?, 42);
    socket.set_socket_option("linger", Duration::ZERO)?;
    assert_eq!(socket.linger()?, Some(Duration::ZERO));
    socket.set_socket_option("RCVBUF", 20_000_usize)?;
    assert_eq!(socket.socket_option("RCVBUF")?.as_u64(), Some(40_000));
    socket.set_socket_option("CONGESTION", "reno".to_owned())?;
    assert_eq!(socket.congestion()?, "reno");
    let error = socket.set_socket_option("REUSADDR", true).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), "there is no socket option \"REUSADDR\"; is it SO_REUSEADDR?");
    // Every type has them.
    let (stream, _peer) = peer::connected().await?;
    stream.set_socket_option("NODELAY", true)?;
    assert!(stream.nodelay()?);
    let info = stream.socket_option("TCP_INFO")?;
    assert_eq!(info.as_bytes().map(|bytes| bytes[0]), Some(1), "established");
    if let Ok(v6) = TcpSocket::new_v6() {
        v6.set_socket_option("MTU_DISCOVER", 2)?;
        assert_eq!(v6.mtu_discovery()?, MtuDiscovery::Do);
    }
    Ok(())
}

async fn tcp_info_tells_of_the_connection() -> io::Result<()> {
    const COUNT: usize = 100_000;
    let (stream, mut peer) = peer::connected().await?;
    let reader = fend::spawn_blocking(move || {
        let mut bytes = vec![0; COUNT];
        peer.read_exact(&mut bytes)?;
        peer.write_all(b"ok")?;
        io::Result::Ok(peer)
    });
    stream.send_all(&vec![1; COUNT]).await?;
    stream.recv_exact(&mut [0; 2]).await?;
    let peer = reader.await.expect("the reader")?;
    let info = stream.tcp_info()?;
    assert_eq!(info.state, TcpState::Established);
    assert!(info.rtt > Duration::ZERO && info.rtt < Duration::from_secs(5), "{info:?}");
    assert!(info.rto >= Duration::from_millis(1) && info.rto < Duration::from_secs(120), "{info:?}");
    assert!(info.min_rtt.is_none_or(|shortest| shortest <= info.rtt * 20), "{info:?}");
    assert!(info.snd_mss >= 536 && info.snd_cwnd > 0 && info.pmtu >= 1280, "{info:?}");
    assert!(info.bytes_sent.is_none_or(|bytes| bytes >= COUNT as u64), "{info:?}");
    // One more than was sent: the beginning counts as a byte.
    assert!(
        info.bytes_acked.is_none_or(|bytes| (COUNT as u64..=COUNT as u64 + 1).contains(&bytes)),
        "{info:?}"
    );
    assert_eq!(info.bytes_received.unwrap_or(2), 2, "{info:?}");
    assert!(info.data_segs_out.is_none_or(|count| count > 0), "{info:?}");
    drop(peer);
    stream.peer_closed().await?;
    assert_eq!(stream.tcp_info()?.state, TcpState::CloseWait);
    Ok(())
}

async fn take_error_takes_it() -> io::Result<()> {
    let (stream, peer) = peer::connected().await?;
    assert!(stream.take_error()?.is_none());
    peer::reset(peer)?;
    stream.peer_closed().await?;
    let error = stream.take_error()?.expect("a reset");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(stream.take_error()?.is_none(), "it is gone");
    Ok(())
}
