//! `port_scan` against listeners of std, one that takes nobody, and nginx.

use std::io::{BufRead, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::thread;

use socket2::{Domain, Socket, Type};

use crate::forks;
use crate::full_listener::{FullListener, attempts_under_way};
use crate::nginx::Nginx;
use crate::program::{DISPATCHERS, Program, example, in_a_terminal, refused, run};

/// Runs it on each dispatcher, with one worker and with two: its status, and what it said.
#[track_caller]
fn on_every_dispatcher(arguments: &[&str], test: impl Fn(i32, &str)) {
    for dispatcher in DISPATCHERS {
        for workers in ["--workers=1", "--workers=2"] {
            let arguments = [&["--dispatcher", dispatcher, workers], arguments].concat();
            let (status, output) = run("port_scan", &arguments, &[]);
            test(status.code().expect("no signal"), &output);
        }
    }
}

/// A port that nobody else can have, and at which nobody listens.
fn closed_port(at: &str) -> (Socket, u16) {
    let address: SocketAddr = at.parse().unwrap();
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    socket.bind(&address.into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, port)
}

#[test]
fn listeners_are_found_and_other_ports_are_not() {
    for host in ["127.0.0.1", "::1"] {
        let at = SocketAddr::new(host.parse().unwrap(), 0);
        let Ok(one) = TcpListener::bind(at) else {
            eprintln!("skipped: this machine has no {host}");
            continue;
        };
        let other = TcpListener::bind(at).unwrap();
        let (_closed, closed) = closed_port(&at.to_string());
        let mut lines: Vec<_> = [&one, &other]
            .map(|listener| listener.local_addr().unwrap())
            .map(|address| (address.port(), format!("{address}  open")))
            .into();
        let ports = format!("{},{closed},{}", lines[0].0, lines[1].0);
        lines.push((closed, format!("{}  closed", SocketAddr::new(at.ip(), closed))));
        lines.sort_unstable();
        on_every_dispatcher(&["--ports", &ports, "--all", host], |status, output| {
            let (found, counts) = listed(output);
            let expected: Vec<_> = lines.iter().map(|(_, line)| line.clone()).collect();
            assert_eq!((status, found), (0, expected), "{output}");
            assert!(counts.starts_with("2 open, 1 closed, 0 filtered in "), "{output}");
        });
        on_every_dispatcher(&["--ports", &closed.to_string(), host], |status, output| {
            assert!(status == 1 && output.starts_with("0 open, 1 closed, 0 filtered in "), "{output}");
        });
    }
}

/// The lines of the ports up to their state, and the line of the counts.
fn listed(output: &str) -> (Vec<String>, &str) {
    let (ports, counts) = output.trim_end().rsplit_once('\n').unwrap_or(("", output));
    let until_state = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join("  ");
    (ports.lines().map(until_state).collect(), counts)
}

#[test]
fn a_port_without_an_answer_is_filtered() {
    let full = FullListener::new().unwrap();
    let port = full.address.port().to_string();
    on_every_dispatcher(&["--ports", &port, "--timeout=0.2"], |status, output| {
        let (found, counts) = listed(output);
        assert_eq!((status, found), (1, vec![format!("{}  filtered", full.address)]));
        assert!(counts.starts_with("0 open, 0 closed, 1 filtered in "), "{output}");
    });
}

/// Serves connections for as long as the process lives.
fn serve(answer: impl Fn(std::net::TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    thread::spawn(move || listener.incoming().flatten().for_each(answer));
    port
}

#[test]
fn what_a_service_says_is_shown() {
    let talkative = serve(|mut stream| {
        let _ = stream.write_all(b"220 \x1b[31mhello\x07 \"there\"\r\n");
        let _ = stream.read(&mut [0]);
    });
    on_every_dispatcher(&["--ports", &talkative, "--banners", "--timeout=50"], |status, output| {
        assert!(status == 0 && output.contains("220 .[31mhello. \"there\"\n"), "{output}");
    });
    let json = ["--ports", &talkative, "--banners", "--timeout=50", "--json"];
    on_every_dispatcher(&json, |status, output| {
        let port = format!(r#"{{"address":"127.0.0.1","port":{talkative},"state":"open""#);
        let banner = r#","banner":"220 .[31mhello. \"there\""}"#;
        let [found, counts] = output.lines().collect::<Vec<_>>()[..] else { panic!("{output}") };
        assert!(status == 0 && found.starts_with(&port) && found.ends_with(&banner), "{output}");
        assert!(counts.starts_with(r#"{"open":1,"closed":0,"filtered":0,"seconds":"#), "{output}");
    });
    // One that ends without a word is open all the same.
    let curt = serve(drop);
    on_every_dispatcher(&["--ports", &curt, "--banners", "--timeout=50"], |status, output| {
        assert!(status == 0 && output.contains(&format!("127.0.0.1:{curt}  open")), "{output}");
    });
}

#[test]
fn nginx_answers_when_it_is_asked() {
    let Some(nginx) = Nginx::start(&[]) else { return };
    let (host, port) = (nginx.address.ip().to_string(), nginx.address.port().to_string());
    let ask = [r"--say=HEAD / HTTP/1.0\r\n\r\n", "--banners", "--timeout=50", "--ports", &port, &host];
    on_every_dispatcher(&ask, |status, output| {
        assert!(status == 0 && output.contains("HTTP/1.1 403 Forbidden..Server: nginx"), "{output}");
    });
}

#[test]
fn twenty_thousand_ports_take_few_descriptors() {
    for dispatcher in DISPATCHERS {
        let scan = "ulimit -n 64; exec \"$0\" --ports 40001-60000 --dispatcher \"$1\" 127.69.0.1";
        let mut command = Command::new("sh");
        command.args(["-c", scan]).arg(example("port_scan")).arg(dispatcher);
        let (status, output) = Program::of(&mut command).finish();
        // Somebody may listen at all addresses of this machine.
        assert!(matches!(status.code(), Some(0 | 1)), "{output}");
        let counts = output.lines().last().unwrap_or_default();
        let count = |word: &str| -> usize {
            let before = counts.split(word).next().and_then(|text| text.split_whitespace().last());
            before.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{output}"))
        };
        assert_eq!((count(" open") + count(" closed"), count(" filtered")), (20_000, 0), "{output}");
    }
}

/// Where the kernel has but one port for the ends of connections, that to this port is one with itself.
#[test]
fn a_connection_with_itself_is_no_listener() {
    let in_namespace = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--net", "--map-root-user", "sh", "-ec", script]).arg(example("port_scan"));
        command
    };
    let prepare = "ip link set lo up; echo 40000 40000 > /proc/sys/net/ipv4/ip_local_port_range";
    let mut attempt = in_namespace(prepare);
    attempt.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    match forks::spawn(&mut attempt).and_then(std::process::Child::wait_with_output) {
        Ok(output) if output.status.success() => {}
        failed => return eprintln!("skipped: no network namespace to be had: {failed:?}"),
    }
    for dispatcher in DISPATCHERS {
        let scan = format!("{prepare}; exec \"$0\" --ports 40000 --dispatcher {dispatcher}");
        let (status, output) = Program::of(&mut in_namespace(&scan)).finish();
        assert_eq!(status.code(), Some(1), "{output}");
        assert!(output.starts_with("0 open, 1 closed, 0 filtered in "), "{output}");
    }
}

#[test]
fn other_hosts_are_refused() {
    for host in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "0.0.0.0"] {
        on_every_dispatcher(&["127.0.0.1", host], |status, output| {
            let complaint = format!("port_scan: {host} is not a loopback address: with --allow-remote ");
            assert!(status == 3 && output.starts_with(&complaint), "{output}");
        });
    }
    let (_closed, port) = closed_port("127.0.0.1:0");
    let port = port.to_string();
    for allowed in ["localhost", "::ffff:127.0.0.1", "127.70.0.1"] {
        let (status, output) = run("port_scan", &["--ports", &port, "-4", allowed], &[]);
        match allowed {
            "::ffff:127.0.0.1" => assert!(output.contains("has no address of this family"), "{output}"),
            _ => assert!(status.code() == Some(1) && output.starts_with("0 open, 1 closed"), "{output}"),
        }
    }
}

#[test]
fn it_can_be_stopped_early() {
    for dispatcher in DISPATCHERS {
        let full = FullListener::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let port = full.address.port().to_string();
        let mut scan =
            Program::start("port_scan", &["--ports", &port, "--timeout=1000", "--dispatcher", dispatcher]);
        while attempts_under_way(full.address).unwrap() == 0 {
            thread::yield_now();
        }
        scan.signal(libc::SIGINT);
        let (status, output) = scan.finish();
        assert_eq!(status.code(), Some(3), "{output}");
        let (found, complaint) = (output.lines().next(), output.lines().last());
        assert!(found.is_some_and(|line| line.starts_with("0 open, 0 closed, 0 filtered in ")), "{output}");
        assert!(complaint.is_some_and(|line| line.ends_with(": 0 of 1 ports were looked at")), "{output}");
    }
}

#[test]
fn a_terminal_shows_how_far_it_is() {
    let full = FullListener::new().unwrap();
    let path = example("port_scan");
    let scan = format!("{} --ports {} --timeout 1000", path.display(), full.address.port());
    let Some((mut scan, mut keyboard)) = in_a_terminal(&scan) else { return };
    let mut shown = String::new();
    while !shown.contains("0 of 1 ports, 0 open, 0 a second") {
        shown.push_str(&scan.output_so_far());
    }
    keyboard.write_all(b"\x03").unwrap();
    let (status, output) = scan.finish();
    assert_eq!(status.code(), Some(3), "{output}");
    assert!(output.contains("stopped by SIGINT: 0 of 1 ports"), "{output}");
}

#[test]
fn help_and_mistakes() {
    let (status, output) = run("port_scan", &["--help"], &[]);
    assert!(status.success() && output.starts_with("usage: port_scan [OPTIONS] [HOST...]"), "{output}");
    for (arguments, message) in [
        (&["--ports", "0"][..], "--ports \"0\": \"0\" is not a port from 1 to 65535"),
        (&["--ports", "80-"], "\"\" is not a port from 1 to 65535"),
        (&["--ports", "1,65536"], "\"65536\" is not a port"),
        (&["--ports", "9-8"], "\"9-8\" goes down"),
        (&["--concurrency", "0"], "--concurrency 0: must be from 1 to 100000"),
        (&["--timeout", "0"], "--timeout \"0\": not a time above 0"),
        (&["--say", "x"], "--say needs --banners"),
        (&["--banners", "--say", r"\x"], r"behind a \ there is r, n, or another \"),
        (&["--port"], "unknown argument \"--port\""),
    ] {
        let said = refused("port_scan", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$0\" --concurrency 33"]).arg(example("port_scan"));
    let mut scan = Program::of(&mut command);
    let mut complaint = String::new();
    scan.stderr().read_line(&mut complaint).unwrap();
    assert!(complaint.contains("--concurrency 33: this process may have 32 connections"), "{complaint}");
    assert_eq!(scan.finish().0.code(), Some(3));
}
