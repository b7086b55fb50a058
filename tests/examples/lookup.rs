//! `lookup` against a name server of std that knows a few names, and a hosts file.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::thread;

use crate::program::{DISPATCHERS, refused, run};
use crate::scratch::Scratch;

const HOSTS: &str = "127.0.0.7 seven.test seven\n::7 seven.test\n192.0.2.9 nine.test\n";

/// Answers over UDP and TCP for as long as the test's process lives.
fn name_server() -> SocketAddr {
    let (udp, tcp) = sockets_of_one_port();
    let address = udp.local_addr().unwrap();
    thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, client)) = udp.recv_from(&mut question) {
            if let Some(answer) = answer(&question[..length], false) {
                udp.send_to(&answer, client).unwrap();
            }
        }
    });
    thread::spawn(move || {
        while let Ok((mut stream, _)) = tcp.accept() {
            let mut length = [0; 2];
            while stream.read_exact(&mut length).is_ok() {
                let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut question).unwrap();
                let answer = answer(&question, true).unwrap();
                let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length, &answer[..]].concat()).unwrap();
            }
        }
    });
    address
}

fn sockets_of_one_port() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        match TcpListener::bind(udp.local_addr().unwrap()) {
            // Somebody has that port of TCP.
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            tcp => return (udp, tcp.unwrap()),
        }
    }
}

/// `None` where the server is to say nothing.
fn answer(question: &[u8], by_tcp: bool) -> Option<Vec<u8>> {
    let end = 12 + question[12..].iter().position(|&byte| byte == 0).unwrap() + 1;
    let name = question[12..end].to_ascii_lowercase();
    let kind = u16::from_be_bytes([question[end], question[end + 1]]);
    let transport: &[u8] = if by_tcp { b"\x03tcp" } else { b"\x03udp" };
    let (status, records): (u8, Vec<Vec<u8>>) = match (name.as_slice(), kind) {
        (b"\x06silent\x04test\0", _) => return None,
        (b"\x03www\x04test\0", 1) => (0, vec![vec![192, 0, 2, 1], vec![192, 0, 2, 2]]),
        (b"\x03www\x04test\0", 15) => (0, vec![b"\0\x0a\x04mail\xc0\x0c".to_vec()]),
        (b"\x03www\x04test\0", 16) => (0, vec![transport.to_vec()]),
        (b"\x03www\x04test\0", _) => (0, vec![]),
        (b"\x011\x012\x010\x03192\x07in-addr\x04arpa\0", 12) => (0, vec![b"\x03www\x04test\0".to_vec()]),
        _ => (3, vec![]),
    };
    let mut out = question[..2].to_vec();
    out.extend([0x85, 0x80 | status, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
    out.extend(&question[12..end + 4]);
    for record in records {
        out.extend([0xc0, 12, 0, kind as u8, 0, 1, 0, 0, 0, 60, 0, record.len() as u8]);
        out.extend(record);
    }
    Some(out)
}

/// Runs it on each dispatcher, which must make no difference, and gives its status and what it said.
#[track_caller]
fn lookup(arguments: &[&str]) -> (i32, String) {
    let results = DISPATCHERS.map(|dispatcher| {
        let arguments = [&["--dispatcher", dispatcher], arguments].concat();
        let (status, output) = run("lookup", &arguments, &[]);
        (status.code().expect("no signal"), output)
    });
    assert_eq!(results[0], results[1]);
    let [result, _] = results;
    result
}

#[test]
fn names_of_the_hosts_file_and_of_a_server() {
    let (scratch, server) = (Scratch::new(), name_server().to_string());
    let hosts = scratch.write("hosts", HOSTS);
    let ask = |names: &[&str]| lookup(&[&["--hosts", &hosts, "--server", &server], names].concat());
    let (status, output) = ask(&["www.test.", "nine.test", "seven.test"]);
    assert_eq!(status, 0, "{output}");
    let lines: Vec<&str> = output.lines().collect();
    let [www @ .., nine, _, _] = &lines[..] else { panic!("{output}") };
    assert_eq!(*nine, "192.0.2.9  IPv4  nine.test");
    // Of one name's addresses this machine's own decide which are the best.
    let sorted = |lines: &[&str]| lines.iter().copied().map(String::from).collect::<BTreeSet<_>>();
    assert_eq!(sorted(www), sorted(&["192.0.2.1  IPv4  www.test.", "192.0.2.2  IPv4  www.test."]));
    let seven = ["127.0.0.7  IPv4  seven.test", "::7        IPv6  seven.test"];
    assert_eq!(sorted(&lines[3..]), sorted(&seven));
    // Addresses have names, by the file and by the server.
    assert_eq!(ask(&["127.0.0.7", "192.0.2.1"]), (0, "seven.test\nwww.test\n".to_owned()));
    assert_eq!(ask(&["-x", "127.0.0.7"]), (0, "seven.test\n".to_owned()));
}

#[test]
fn records_read_as_those_of_dig() {
    let server = name_server().to_string();
    let ask = |arguments: &[&str]| lookup(&[&["--server", &server], arguments].concat());
    assert_eq!(ask(&["--type", "MX", "www.test."]), (0, "10 mail.www.test.\n".to_owned()));
    assert_eq!(ask(&["-tA", "www.test.", "www.test."]), (0, "192.0.2.1\n192.0.2.2\n".repeat(2)));
    assert_eq!(ask(&["-t", "txt", "www.test."]), (0, "\"udp\"\n".to_owned()));
    assert_eq!(ask(&["-t", "TYPE16", "--tcp", "www.test."]), (0, "\"tcp\"\n".to_owned()));
}

#[test]
fn what_is_not_found_is_told_and_the_rest_is_printed() {
    let server = name_server().to_string();
    let (status, output) = lookup(&[
        "--server",
        &server,
        "-t",
        "A",
        "nowhere.test.",
        "www.test.",
        "silent.test.",
        "--timeout=2",
    ]);
    assert_eq!(status, 1);
    for line in [
        "192.0.2.1\n192.0.2.2\n",
        "lookup nowhere.test.",
        &format!(": no such name (server {server})\n"),
        "lookup silent.test.: not over within 2s\n",
    ] {
        assert!(output.contains(line), "{line:?} is not in {output}");
    }
    let (status, output) = lookup(&["--server", &server, "-t", "AAAA", "www.test."]);
    assert!(status == 1 && output.contains("AAAA"), "{output}");
}

#[test]
fn the_c_library_is_asked_where_it_is_wanted() {
    let (status, output) = lookup(&["--system", "localhost"]);
    assert!(status == 0 && output.contains("IPv4  localhost\n"), "{output}");
    // What this machine's own name server says, if it says anything, may be different each time.
    for dispatcher in DISPATCHERS {
        let arguments = ["--dispatcher", dispatcher, "--native", "127.0.0.9", "::1", "--stats"];
        let (status, output) = run("lookup", &arguments, &[]);
        assert!(status.code().is_some_and(|code| code <= 1) && output.contains("cache: "), "{output}");
    }
}

#[test]
fn lookup_help_and_mistakes() {
    let (status, output) = run("lookup", &["--help"], &[]);
    assert!(status.success() && output.starts_with("usage: lookup [OPTIONS] NAME...\n"), "{output}");
    for (arguments, message) in [
        (&[][..], "a NAME is missing"),
        (&["--type", "a b", "c"], "--type \"a b\": not a type of records"),
        (&["--server", "ns.test", "a"], "--server \"ns.test\": not an IP address"),
        (&["--tcp", "a"], "--tcp and --tls need --server"),
        (&["--server=::1", "--tcp", "--tls=b", "a"], "--tcp and --tls do not go together"),
        (&["--ca=b", "a"], "--ca needs --tls"),
        (&["--system", "--server=::1", "a"], "the C library takes no --server"),
        (&["--system", "-tMX", "a"], "the C library knows no records"),
        (&["-x", "-tMX", "::1"], "--reverse and --type do not go together"),
        (&["-x", "::1", "a"], "--reverse: \"a\" is not an IP address"),
        (&["--timeout", "0", "a"], "--timeout \"0\": not a time above 0"),
        (&["--type"], "--type needs a value"),
        (&["-q", "a"], "unknown argument \"-q\""),
    ] {
        let said = refused("lookup", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
}
