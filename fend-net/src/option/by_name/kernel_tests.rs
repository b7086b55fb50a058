//! The whole table against the kernel that runs the test.

use super::*;
use socket2::{Domain, Type};

/// Sockets that have all options between them.
fn sockets() -> Vec<Socket> {
    let all_of = |domain: Domain| {
        let listener = Socket::new(domain, Type::STREAM, None).unwrap();
        let any: std::net::SocketAddr = if domain == Domain::IPV4 {
            ([127, 0, 0, 1], 0).into()
        } else {
            ([0, 0, 0, 0, 0, 0, 0, 1], 0).into()
        };
        listener.bind(&any.into()).unwrap();
        listener.listen(1).unwrap();
        let client = Socket::new(domain, Type::STREAM, None).unwrap();
        client.connect(&listener.local_addr().unwrap()).unwrap();
        let datagrams = Socket::new(domain, Type::DGRAM, None).unwrap();
        datagrams.connect(&listener.local_addr().unwrap()).unwrap();
        [Socket::new(domain, Type::STREAM, None).unwrap(), client, listener, datagrams]
    };
    let unix = [Type::STREAM, Type::DGRAM].map(|kind| Socket::pair(Domain::UNIX, kind, None).unwrap().0);
    let ipv6 = has_ipv6().then(|| all_of(Domain::IPV6)).into_iter().flatten();
    all_of(Domain::IPV4).into_iter().chain(ipv6).chain(unix).collect()
}

fn has_ipv6() -> bool {
    std::net::UdpSocket::bind("[::1]:0").is_ok()
}

/// Why an option may not be readable on any of them.
fn excuse(name: &str) -> &'static str {
    match name {
        // A raw socket would have them.
        "IP_HDRINCL" | "IP_NODEFRAG" | "IPV6_CHECKSUM" | "IPV6_HDRINCL" | "IP_PROTOCOL" => "raw sockets",
        "SO_PEERSEC" => "a security module that labels sockets",
        "SO_ORIGINAL_DST" => "a redirection by the packet filter",
        "TCP_QUEUE_SEQ" | "TCP_REPAIR_QUEUE" | "TCP_REPAIR_WINDOW" => "repair mode",
        "TCP_SAVED_SYN" => "a listener that saves them",
        "IPV6_ROUTER_ALERT_ISOLATE" => "raw sockets",
        _ => "",
    }
}

/// Every option that can be read is read on some socket; and none is refused for the form in which it is asked.
#[test]
fn what_the_kernel_lets_read_is_read() {
    let sockets = sockets();
    let mut unreadable = Vec::new();
    for option in TABLE.iter().filter(|option| option.access != Access::Set) {
        let results: Vec<_> = sockets.iter().map(|socket| option.get(socket)).collect();
        let readable =
            results.iter().any(Result::is_ok) || (option.option.level == libc::SOL_IPV6 && !has_ipv6());
        let excused = !excuse(option.name).is_empty() || unknown_to_this_kernel(&results);
        if !readable && !excused {
            let errors: Vec<_> = results.iter().filter_map(|result| errno(result.as_ref().err()?)).collect();
            unreadable.push((option.name, errors));
        }
        for error in results.iter().filter_map(|result| result.as_ref().err()) {
            assert_ne!(error.kind(), io::ErrorKind::InvalidData, "{}: {error}", option.name);
        }
    }
    assert!(unreadable.is_empty(), "{unreadable:?}");
}

/// An older kernel says so on every socket.
fn unknown_to_this_kernel(results: &[io::Result<OptionValue>]) -> bool {
    const NEWER: [c_int; 2] = [libc::ENOPROTOOPT, libc::EOPNOTSUPP];
    results.iter().all(|result| match result {
        Ok(_) => false,
        Err(error) => errno(error).is_some_and(|errno| NEWER.contains(&errno)),
    }) && !is_recent()
}

/// Linux 6.16 has them all.
fn is_recent() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split('.').map_while(|number| number.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(6), Some(16))
}

fn errno(error: &io::Error) -> Option<c_int> {
    error.get_ref()?.downcast_ref::<SocketError>()?.os_error().raw_os_error()
}

/// An option that is set to what it has has that then; a switch that is turned is turned.
#[test]
fn what_is_set_is_read_back() {
    let mut kept = 0;
    let mut changed = Vec::new();
    for option in TABLE.iter().filter(|option| option.access == Access::Both) {
        for socket in sockets() {
            let Ok(before) = option.get(&socket) else { continue };
            let wanted = match &before {
                OptionValue::Bool(on) => OptionValue::Bool(!on),
                other => other.clone(),
            };
            if let Err(error) = option.set(&socket, &wanted) {
                let of_the_queue = matches!(option.name, "IP_RECVERR" | "IPV6_RECVERR");
                assert!(errno(&error).is_some() || of_the_queue, "refused by us: {error}");
                continue;
            }
            let after = option.get(&socket).unwrap();
            match option.name {
                // Doubled.
                "SO_RCVBUF" | "SO_SNDBUF" => assert!(after.as_i64() >= before.as_i64(), "{}", option.name),
                // Has had no effect since Linux 4.10.
                "TCP_THIN_DUPACK" => {}
                name if after != wanted => changed.push((name, wanted, after)),
                _ => kept += 1,
            }
        }
    }
    assert!(changed.is_empty(), "{changed:#?}");
    assert!(kept > if has_ipv6() { 300 } else { 100 }, "{kept} options on all sockets together");
}

/// What an option takes is refused in every other kind, before the kernel sees it.
#[test]
fn a_value_of_the_wrong_kind_is_refused() {
    let socket = &sockets()[0];
    let values: [OptionValue; 5] =
        [Duration::from_secs(1).into(), "text".into(), [1, 2].into(), Ipv4Addr::LOCALHOST.into(), 1.into()];
    for option in TABLE.iter().filter(|option| option.access != Access::Read) {
        let refused = values.iter().filter(|value| option.encode(value).is_err()).count();
        // A number is of the right kind for many; Linger and Timeval do not get here when they fit.
        let wanted = match option.kind {
            Kind::Seconds | Kind::Milliseconds | Kind::Microseconds => 3,
            Kind::Linger | Kind::Timeval => 5,
            _ => 4,
        };
        assert_eq!(refused, wanted, "{}", option.name);
    }
    let error = set_socket_option(socket, "REUSEADDR", "yes".into()).unwrap_err();
    assert_eq!(error.to_string(), "set SO_REUSEADDR to \"yes\": not true or false (OptionValue::Bool)");
    let error = set_socket_option(socket, "REUSEADDR", 2.into()).unwrap_err();
    assert_eq!(error.to_string(), "set SO_REUSEADDR to 2: not true or false (OptionValue::Bool)");
    let error = set_socket_option(socket, "linger", 2.into()).unwrap_err();
    let wanted =
        "set SO_LINGER to 2: not OptionValue::Linger: Some(time) for on with this time, None for off";
    assert_eq!(error.to_string(), wanted);
    let error = set_socket_option(socket, "TCP_KEEPIDLE", Duration::from_millis(1500).into()).unwrap_err();
    assert_eq!(error.to_string(), "set TCP_KEEPIDLE to 1.5s: not 0 to 2147483647 whole seconds");
    let error = set_socket_option(socket, "KEEPCNT", (1_i64 << 32).into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "set TCP_KEEPCNT to 4294967296: not an integer of 32 bits (OptionValue::Int)"
    );
    let error = set_socket_option(socket, "SO_TYPE", 1.into()).unwrap_err();
    assert_eq!(error.to_string(), "set SO_TYPE to 1: not possible: it can only be read");
    let error = socket_option(socket, "IP_ADD_MEMBERSHIP").unwrap_err();
    assert_eq!(error.to_string(), "IP_ADD_MEMBERSHIP can only be set, not read");
    let error = set_socket_option(socket, "CONGESTION", "a name that is too long".into()).unwrap_err();
    assert!(error.to_string().ends_with("not a name of at most 15 bytes"), "{error}");
}

/// Forms that have no equal in Rust reach the kernel, and come back.
#[test]
fn every_kind_comes_back() {
    let socket = &sockets()[3];
    let there_and_back = |name: &str, value: OptionValue| {
        set_socket_option(socket, name, value.clone()).unwrap();
        assert_eq!(socket_option(socket, name).unwrap(), value, "{name}");
    };
    there_and_back("SO_LINGER", Some(Duration::from_secs(3)).into());
    there_and_back("SO_LINGER", None::<Duration>.into());
    there_and_back("SO_RCVTIMEO", Duration::from_secs(2).into());
    there_and_back("SO_SNDTIMEO", Duration::from_millis(2500).into());
    there_and_back("SO_RCVTIMEO", Duration::ZERO.into());
    there_and_back("SO_MAX_PACING_RATE", (1_u64 << 33).into());
    there_and_back("SO_PRIORITY", 5.into());
    there_and_back("IP_MULTICAST_IF", Ipv4Addr::LOCALHOST.into());
    there_and_back("SO_BINDTODEVICE", "lo".into());
    there_and_back("SO_BUSY_POLL", Duration::ZERO.into());
    there_and_back("IP_TTL", 77.into());
    // The kernel wants it unbound from any other interface.
    there_and_back("SO_BINDTODEVICE", "".into());
    there_and_back("IP_UNICAST_IF", 1.into());
    let tcp = &sockets()[0];
    set_socket_option(tcp, "CONGESTION", "reno".into()).unwrap();
    assert_eq!(socket_option(tcp, "congestion").unwrap().as_str(), Some("reno"));
    set_socket_option(tcp, "KEEPIDLE", 7.into()).unwrap();
    assert_eq!(socket_option(tcp, "KEEPIDLE").unwrap().as_duration(), Some(Duration::from_secs(7)));
    set_socket_option(tcp, "USER_TIMEOUT", Duration::from_millis(1234).into()).unwrap();
    assert_eq!(tcp.tcp_user_timeout().unwrap(), Some(Duration::from_millis(1234)));
}

/// Sizes and times that the kernel would take as others.
#[test]
fn what_the_kernel_would_change_without_a_word_is_refused() {
    let socket = &sockets()[0];
    let refused = |name: &str, value: OptionValue| {
        let before = socket_option(socket, name).ok();
        let error = set_socket_option(socket, name, value).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
        assert_eq!(socket_option(socket, name).ok(), before);
        error.to_string()
    };
    for name in ["SO_RCVBUF", "SO_SNDBUF", "SO_RCVBUFFORCE", "SO_SNDBUFFORCE"] {
        assert_eq!(refused(name, (-1).into()), format!("set {name} to -1: not 0 to 1073741823"));
        refused(name, c_int::MAX.into());
    }
    refused("SO_RCVLOWAT", 0.into());
    refused("SO_RCVLOWAT", (-1).into());
    for name in ["SO_RCVTIMEO", "SO_SNDTIMEO"] {
        let message = refused(name, Duration::from_nanos(500).into());
        assert_eq!(message, format!("set {name} to 500ns: not whole microseconds"));
        refused(name, (Duration::from_secs(1) + Duration::from_nanos(1)).into());
    }
}
