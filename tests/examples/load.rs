//! The load generator: its counts are those of the servers, whatever these do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::canned::Canned;
use crate::program::{DISPATCHERS, Program, example, in_a_terminal, refused, unused_address};

mod nginx;
mod report;

use nginx::Nginx;
use report::Report;

/// A server that does what `serve` does with each connection, in a thread of its own.
fn server(serve: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
    let address = listener.local_addr().expect("its own");
    // Nobody waits for them: they end with the process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream.expect("a connection")));
        }
    });
    address
}

/// Reads the head of a request; `false` when there is none any more.
fn read_head(reader: &mut BufReader<TcpStream>) -> bool {
    let mut line = String::new();
    loop {
        line.clear();
        match reader.read_line(&mut line) {
            Ok(0) | Err(_) => return false,
            Ok(_) if line == "\r\n" => return true,
            Ok(_) => {}
        }
    }
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn its_counts_are_those_of_nginx() {
    for dispatcher in DISPATCHERS {
        let Some(nginx) = Nginx::start() else { return };
        let (http1, http2, tls) = (nginx.http1, nginx.http2, nginx.tls);
        let certificate = nginx.certificate.clone();
        let load = |count: &str, arguments: &[&str], url: String| {
            Report::of(&[&["--dispatcher", dispatcher, "-n", count], arguments, &[&url]].concat())
        };
        // More than a connection takes, and no multiple of the connections.
        let report = load("2003", &["-c", "7"], format!("http://{http1}/small"));
        assert_eq!((report.code, report.line("status"), report.line("failures")), (0, "200: 2003", "0"));
        assert_eq!(report.answers(), 2003);
        assert!(report.line("bytes").starts_with("26.0 kB in bodies"), "{}", report.text);
        let report = load("1001", &["-c", "3", "--http2"], format!("http://{http2}/small"));
        assert_eq!((report.code, report.line("status"), report.line("failures")), (0, "200: 1001", "0"));
        let report = load("302", &["-c", "5", "--cacert", &certificate], format!("https://{tls}/small"));
        assert_eq!((report.code, report.line("status"), report.line("failures")), (0, "200: 302", "0"));
        let report =
            load("403", &["-c", "2", "--http2", "--streams", "9", "-k"], format!("https://{tls}/none"));
        assert_eq!((report.code, report.line("status"), report.line("failures")), (1, "404: 403", "0"));
        let report = load("10", &["-X", "DELETE", "--data", "x"], format!("http://{http1}/small"));
        assert_eq!((report.code, report.answers()), (0, 10));

        let log = nginx.into_log();
        let count = |start: &str| log.iter().filter(|line| line.starts_with(start)).count();
        assert_eq!(count("GET /small HTTP/1.1 200 "), 2003 + 302);
        assert_eq!(count("GET /small HTTP/2.0 200 "), 1001);
        assert_eq!(count("GET /none HTTP/2.0 404 "), 403);
        assert_eq!(count("DELETE /small HTTP/1.1 200 "), 10);
        assert_eq!(log.len(), 2003 + 302 + 1001 + 403 + 10);
    }
}

#[test]
fn it_measures_the_http_server_for_a_time() {
    for dispatcher in DISPATCHERS {
        let mut server = Program::start("http_server", &["--addr=127.0.0.1:0", "--dispatcher", dispatcher]);
        let url = format!("http://{}/plain", server.address());
        let for_a_time = |seconds: f64| {
            let start = Instant::now();
            let duration = seconds.to_string();
            let report = Report::of(&["-d", &duration, "-c", "20", "--dispatcher", dispatcher, &url]);
            assert!(start.elapsed() >= Duration::from_secs_f64(seconds));
            assert_eq!(report.line("failures"), "0", "{}", report.text);
            report
        };
        // On a machine that stands still nothing may be answered in so short a time.
        let mut reports = [0.5, 2.0, 8.0].map(|seconds| move || for_a_time(seconds)).into_iter();
        let report =
            reports.by_ref().map(|report| report()).find(|report| report.code == 0).expect("an answer");
        let answers = report.answers();
        assert!(answers > 0 && report.line("status") == format!("200: {answers}"), "{}", report.text);
        assert!(report.latency("min") <= report.latency("p50"), "{}", report.text);
        assert!(report.latency("p99") <= report.latency("max"), "{}", report.text);
        assert!(report.text.contains('█'), "{}", report.text);
        // Those that were under way when the time was over, at most one for each connection.
        if report.text.contains("unanswered") {
            let number = report.line("unanswered").split(' ').next().unwrap_or_default();
            assert!(number.parse::<usize>().is_ok_and(|number| number <= 20), "{}", report.text);
        }
    }
}

#[test]
fn a_request_is_as_the_command_line_says() {
    let ok = "HTTP/1.1 204 No Content\r\n\r\n";
    let canned = Canned::saying(&[ok, ok]);
    let url = canned.url("/a?b=c");
    let arguments = ["-n1", "-c1", "-H", "X-One: 1", "-H", "User-Agent: me", "--data", "a body", &url];
    assert_eq!(Report::of(&arguments).code, 0);
    let request = canned.request().to_ascii_lowercase();
    assert!(
        request.starts_with("post /a?b=c http/1.1\r\n") && request.ends_with("\r\n\r\na body"),
        "{request}"
    );
    for field in ["x-one: 1", "user-agent: me", "content-length: 6", &format!("host: {}", canned.address)] {
        assert_eq!(request.matches(&format!("\r\n{field}\r\n")).count(), 1, "{field}: {request}");
    }
    let arguments = ["-n1", "-c1", "-X", "OPTIONS", "-H", "Host: other", &url];
    assert_eq!(Report::of(&arguments).code, 0);
    let request = canned.request().to_ascii_lowercase();
    assert!(request.starts_with("options /a?b=c ") && request.contains("\r\nhost: other\r\n"), "{request}");
}

#[test]
fn failures_are_counted_by_their_kind() {
    let silent = server(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let closing = server(|stream| assert!(read_head(&mut BufReader::new(stream))));
    let half = server(|stream| {
        let mut reader = BufReader::new(stream);
        read_head(&mut reader);
        let _ = reader.get_mut().write_all(&ANSWER[..ANSWER.len() - 1]);
    });
    let foreign = server(|stream| {
        let mut reader = BufReader::new(stream);
        read_head(&mut reader);
        let _ = reader.get_mut().write_all(b"220 mail.example ESMTP\r\n");
        read_head(&mut reader);
    });
    let nobody = unused_address();
    for dispatcher in DISPATCHERS {
        for (address, kind, message) in [
            (silent, "timed out: 6", "no answer within 500ms"),
            (closing, "closed: 6", "connection closed before message completed"),
            (half, "closed: 6", "end of file before message length reached"),
            (foreign, "malformed: 6", "invalid HTTP version parsed"),
            (nobody, "no connection: 6", "Connection refused"),
        ] {
            let url = format!("http://{address}/");
            let patience = if address == silent { "0.5" } else { "50" };
            let arguments = ["-n", "6", "-c", "3", "-t", patience, "--dispatcher", dispatcher, &url];
            let report = Report::of(&arguments);
            assert_eq!(
                (report.code, report.answers(), report.line("failures")),
                (1, 0, "6"),
                "{}",
                report.text
            );
            let line = report.text.lines().find(|line| line.trim_start().starts_with(kind));
            let line = line.unwrap_or_else(|| panic!("no {kind:?} in {}", report.text));
            assert!(line.contains(message), "{line}");
        }
    }
}

/// Those who came while it stood still had to wait, which a load that waits for each answer never asks.
#[test]
fn with_a_rate_a_server_that_stood_still_is_seen_in_the_latencies() {
    let address = server(|stream| {
        let mut reader = BufReader::new(stream);
        let mut stands_still = true;
        while read_head(&mut reader) {
            if std::mem::take(&mut stands_still) {
                thread::sleep(Duration::from_millis(600));
            }
            if reader.get_mut().write_all(ANSWER).is_err() {
                return;
            }
        }
    });
    let url = format!("http://{address}/");
    for dispatcher in DISPATCHERS {
        let start = Instant::now();
        let arguments = ["-r", "100", "-n", "40", "-c", "1", "--dispatcher", dispatcher, &url];
        let report = Report::of(&arguments);
        // The last one is due after 390 ms.
        assert!(start.elapsed() >= Duration::from_millis(600));
        assert_eq!((report.code, report.answers()), (0, 40));
        // The one in the middle was due after 200 ms, and was answered after 600.
        assert!(report.latency("p50") >= Duration::from_millis(390), "{}", report.text);
        assert!(report.latency("min") >= Duration::from_millis(200), "{}", report.text);
    }
}

#[test]
fn with_a_rate_no_request_comes_before_its_time() {
    let address = server(|stream| {
        let mut reader = BufReader::new(stream);
        while read_head(&mut reader) && reader.get_mut().write_all(ANSWER).is_ok() {}
    });
    let url = format!("http://{address}/");
    let start = Instant::now();
    let report = Report::of(&["-r", "200", "-n", "101", "-c", "10", &url]);
    assert!(start.elapsed() >= Duration::from_millis(500));
    assert_eq!((report.code, report.answers(), report.line("failures")), (0, 101, "0"));
    // And for a time as many as are due within it, answered, under way, or not sent.
    let report = Report::of(&["-r", "200", "-d", "0.5", "-c", "1000", &url]);
    assert!(report.answers() <= 100, "{}", report.text);
}

#[test]
fn an_interrupt_ends_it_early_with_what_there_is() {
    for dispatcher in DISPATCHERS {
        let listener = TcpListener::bind("127.0.0.1:0").expect("an address");
        let url = format!("http://{}/", listener.local_addr().expect("its own"));
        let arguments = ["-c", "1", "-d", "1000", "-t", "1000", "--dispatcher", dispatcher, &url];
        let mut load = Program::start("load", &arguments);
        assert_eq!(load.line(), format!("{url}: HTTP/1.1, 1 connections"));
        let mut reader = BufReader::new(listener.accept().expect("the load").0);
        for _ in 0..2 {
            assert!(read_head(&mut reader));
            reader.get_mut().write_all(ANSWER).expect("room");
        }
        // The third is never answered.
        assert!(read_head(&mut reader));
        load.signal(libc::SIGINT);
        let (status, text) = load.finish();
        let report = Report { code: status.code().expect("an exit status"), text };
        assert_eq!((report.code, report.answers(), report.line("failures")), (0, 2, "0"));
        assert_eq!(report.line("unanswered"), "1 at the end");
    }
}

#[test]
fn a_terminal_shows_how_it_goes() {
    let address = server(|stream| {
        let mut reader = BufReader::new(stream);
        while read_head(&mut reader) && reader.get_mut().write_all(ANSWER).is_ok() {}
    });
    let command = format!("{} -c 2 -d 1000 http://{address}/", example("load").display());
    let Some((mut terminal, mut keyboard)) = in_a_terminal(&command) else { return };
    assert!(terminal.line().contains("HTTP/1.1, 2 connections"));
    let mut shown = String::new();
    while !shown.contains("  0 failed") {
        shown += &terminal.output_so_far();
    }
    assert!(shown.contains("\r\u{1b}[K") && shown.contains(" answers  "), "{shown:?}");
    keyboard.write_all(&[3]).expect("^C");
    let (status, text) = terminal.finish();
    assert!(status.success(), "{status}: {text}");
    assert!(text.contains("latency"), "{text}");
}

#[test]
fn it_helps() {
    let report = Report::of(&["--help"]);
    assert_eq!(report.code, 0);
    for option in [
        "--connections",
        "--duration",
        "--requests",
        "--rate",
        "--http2",
        "--timeout",
        "--cacert",
        "--workers",
    ] {
        assert!(report.text.contains(option), "no {option} in {}", report.text);
    }
}

#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    let url = "http://127.0.0.1/";
    for (arguments, mistake) in [
        (&[][..], "a URL is missing"),
        (&["ftp://127.0.0.1/"], "\"ftp://127.0.0.1/\": a URL begins with http:// or https://"),
        (&["http://me@127.0.0.1/"], "a URL has a host, and here no user"),
        (&[url, url], "unknown argument \"http://127.0.0.1/\""),
        (&["-c", "0", url], "-c 0: must be from 1 to 65536"),
        (&["-d", "1e19", url], "-d \"1e19\": more than 1000000000 seconds"),
        (&["-r", "fast", url], "-r \"fast\": not a number from 0.001 to 10000000"),
        (&["-d", "0", url], "-d \"0\": not a time above 0"),
        (&["-X", "A B", url], "-X \"A B\": that is no method"),
        (&["-H", "plain", url], "-H \"plain\": a header field is NAME: VALUE"),
        (&["--streams", "2", url], "--streams needs --http2"),
        (&["--data-file", "/nowhere", url], "--data-file \"/nowhere\": No such file or directory"),
        (&["--colour", url], "unknown argument \"--colour\""),
    ] {
        let said = refused("load", arguments);
        assert!(said.starts_with("load: ") && said.contains(mistake), "{arguments:?}: {said}");
    }
}
