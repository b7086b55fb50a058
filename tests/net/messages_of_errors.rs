//! That an error says which operation failed, on what, and what to do where that is known.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use fend::net::{Listener, SocketError, TcpSocket, TcpStream, UdpSocket};

on_every_dispatcher!(
    memberships_name_group_and_interface,
    udp_setters_name_option_and_value,
    a_send_without_a_peer_says_what_to_do,
    a_send_to_a_peer_names_it,
    numeric_addresses_get_no_advice_about_names,
    options_by_name_say_which_value,
    an_error_of_prepare_is_reported_with_the_peer,
);

#[track_caller]
fn begins<T>(result: io::Result<T>, wanted: &str) {
    let message = result.err().expect("an error").to_string();
    assert!(message.starts_with(wanted), "{message}, not {wanted}");
}

async fn memberships_name_group_and_interface() -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0").await?;
    let (group, local) = (Ipv4Addr::new(239, 1, 2, 3), Ipv4Addr::LOCALHOST);
    let none = Ipv4Addr::new(127, 0, 0, 1);
    begins(socket.join_multicast_v4(none, local), "join 127.0.0.1 on 127.0.0.1: Invalid argument");
    begins(socket.join_multicast_v4(group, 999_999), "join 239.1.2.3 on interface 999999: ");
    begins(socket.leave_multicast_v4(group, local), "leave 239.1.2.3 on 127.0.0.1: ");
    let source = Ipv4Addr::new(127, 0, 0, 9);
    begins(
        socket.join_multicast_source_v4(source, none, local),
        "join 127.0.0.1 from 127.0.0.9 on 127.0.0.1: Invalid argument",
    );
    begins(
        socket.join_multicast_source_v4(source, group, 999_999),
        "join 239.1.2.3 from 127.0.0.9 on interface 999999: ",
    );
    begins(
        socket.leave_multicast_source_v4(source, group, local),
        "leave 239.1.2.3 from 127.0.0.9 on 127.0.0.1: ",
    );
    begins(
        socket.leave_multicast_source_v4(source, group, 1),
        "leave 239.1.2.3 from 127.0.0.9 on interface 1: ",
    );
    let error = socket.join_multicast_v4(none, local).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let detail =
        error.get_ref().and_then(|error| error.downcast_ref::<SocketError>()).expect("an error of ours");
    assert_eq!((detail.operation(), detail.os_error().raw_os_error()), ("join", Some(libc::EINVAL)));

    if let Ok(socket) = UdpSocket::bind("[::]:0").await {
        let none = Ipv6Addr::LOCALHOST;
        begins(socket.join_multicast_v6(none, 1), "join ::1 on interface 1: ");
        begins(socket.leave_multicast_v6(none, 1), "leave ::1 on interface 1: ");
        begins(socket.join_multicast_source_v6(none, none, 1), "join ::1 from ::1 on interface 1: ");
        begins(socket.leave_multicast_source_v6(none, none, 1), "leave ::1 from ::1 on interface 1: ");
    }
    Ok(())
}

async fn udp_setters_name_option_and_value() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let ttl = socket.multicast_ttl_v4()?;
    let refused = socket.set_multicast_ttl_v4(256).unwrap_err();
    assert_eq!(refused.to_string(), "set IP_MULTICAST_TTL to 256: not 0 to 255");
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert_eq!(socket.multicast_ttl_v4()?, ttl);
    let refused = socket.set_multicast_hops_v6(u32::MAX).unwrap_err();
    assert_eq!(refused.to_string(), "set IPV6_MULTICAST_HOPS to 4294967295: not 0 to 255");
    begins(socket.set_multicast_interface_v4(999_999), "set IP_MULTICAST_IF to interface 999999: ");
    let elsewhere = Ipv4Addr::new(192, 0, 2, 77);
    begins(socket.set_multicast_interface_v4(elsewhere), "set IP_MULTICAST_IF to 192.0.2.77: ");
    // An IPv4 socket has no options of IPv6.
    begins(socket.set_multicast_loop_v6(true), "set IPV6_MULTICAST_LOOP to true: ");
    begins(socket.set_multicast_interface_v6(7), "set IPV6_MULTICAST_IF to interface 7: ");
    begins(socket.multicast_hops_v6(), "get IPV6_MULTICAST_HOPS: ");
    begins(socket.multicast_all_v6(), "get IPV6_MULTICAST_ALL: ");
    // What is right goes on working.
    socket.set_multicast_interface_v4(Ipv4Addr::LOCALHOST)?;
    assert_eq!(socket.multicast_interface_v4()?, Ipv4Addr::LOCALHOST);
    socket.set_broadcast(true)?;
    assert!(socket.broadcast()?);
    socket.set_multicast_all_v4(false)?;
    assert!(!socket.multicast_all_v4()?);
    Ok(())
}

async fn a_send_without_a_peer_says_what_to_do() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let wanted =
        "send: the socket has no peer: connect it or use send_to: Destination address required (os error 89)";
    let segments = socket.try_send_segments(b"data", 2, None);
    for result in [socket.send(b"data").await, socket.try_send(b"data"), segments] {
        assert_eq!(result.unwrap_err().to_string(), wanted);
    }
    let polled = futures_lite::future::poll_fn(|cx| socket.poll_send(cx, b"data")).await;
    assert_eq!(polled.unwrap_err().to_string(), wanted);
    Ok(())
}

async fn a_send_to_a_peer_names_it() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").await?;
    let peer = UdpSocket::bind("127.0.0.1:0").await?;
    let address = peer.local_addr()?;
    socket.connect(address).await?;
    let error = socket.send(&[0; 70_000]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("send to {address}: Message too long (os error 90)"));
    let detail =
        error.get_ref().and_then(|error| error.downcast_ref::<SocketError>()).expect("an error of ours");
    assert_eq!(detail.address(), Some(address));
    Ok(())
}

async fn numeric_addresses_get_no_advice_about_names() -> io::Result<()> {
    begins(TcpStream::connect("127.0.0.1").await, "\"127.0.0.1\" has no port");
    begins(TcpStream::connect("127.0.0.1:70000").await, "\"127.0.0.1:70000\": the port \"70000\" is not");
    begins(UdpSocket::bind("[::1:80").await, "\"[::1:80\" has no \"]\"");
    begins(UdpSocket::bind("").await, "\"\" has no IP address");
    let error = TcpStream::connect("localhost:80").await.unwrap_err().to_string();
    assert!(error.contains("not host names"), "{error}");
    Ok(())
}

async fn options_by_name_say_which_value() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    for wrong in [socket.set_socket_option("LINGER", 0), socket.set_socket_option("LINGER", true)] {
        let error = wrong.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("OptionValue::Linger: Some(time)"), "{error}");
    }
    socket.set_socket_option("LINGER", Some(Duration::from_secs(1)))?;
    assert_eq!(socket.linger()?, Some(Duration::from_secs(1)));
    let error = socket.set_socket_option("KEEPIDLE", "soon").unwrap_err().to_string();
    assert!(error.ends_with("not a time (OptionValue::Duration) or a number of seconds"), "{error}");
    let error = socket.set_socket_option("CONGESTION", 1).unwrap_err().to_string();
    assert!(error.ends_with("not text (OptionValue::Text)"), "{error}");
    Ok(())
}

/// As `Listener::prepare` promises: the error closes its connection, is told and counted, and the next one is taken.
async fn an_error_of_prepare_is_reported_with_the_peer() -> io::Result<()> {
    use std::sync::{Arc, Mutex};
    let told = Arc::new(Mutex::new(Vec::new()));
    let report = told.clone();
    let first = std::sync::atomic::AtomicBool::new(true);
    let listener = Listener::bind("127.0.0.1:0")
        .await?
        .prepare(move |_| match first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => Err(io::Error::other("not this one")),
            false => Ok(()),
        })
        .on_error(move |failure| report.lock().unwrap().push(failure.error().to_string()));
    let refused = std::net::TcpStream::connect(listener.local_addr()?)?;
    let taken = std::net::TcpStream::connect(listener.local_addr()?)?;
    let (_connection, peer) = listener.accept().await?.expect("nobody drains it");
    assert_eq!(peer, taken.local_addr()?);
    let wanted = format!("prepare the connection of {}: not this one", refused.local_addr()?);
    assert_eq!(*told.lock().unwrap(), [wanted]);
    let metrics = listener.handle().metrics();
    assert_eq!((metrics.transient_errors, metrics.accepted), (1, 1));
    Ok(())
}
