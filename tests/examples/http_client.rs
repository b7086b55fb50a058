//! The HTTP client against the HTTP server, and against servers that say what a test has written.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::mpsc;

use crate::canned::{Answer, Canned};
use crate::program::{DISPATCHERS, Program, example, refused, run, unused_address};
use crate::scratch::Scratch;

/// Runs the client: its exit status, and what it says on either stream.
fn fetch(arguments: &[&str]) -> (i32, String) {
    let (status, output) = run("http_client", arguments, &[]);
    (status.code().expect("an exit status"), output)
}

fn on_every_dispatcher(test: impl Fn(SocketAddr, &str)) {
    for dispatcher in DISPATCHERS {
        let arguments = ["--addr=127.0.0.1:0", "--workers=2", "--dispatcher", dispatcher, "--by-hand"];
        let mut server = Program::start("http_server", &arguments);
        test(server.address(), dispatcher);
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n";

#[test]
fn gets_the_pages_of_the_server() {
    on_every_dispatcher(|address, dispatcher| {
        let (plain, page) = (format!("http://{address}/plain"), format!("{address}/"));
        let get =
            |arguments: &[&str]| fetch(&[&["--workers=2", "--dispatcher", dispatcher], arguments].concat());

        assert_eq!(get(&[&plain]), (0, "Hello from fend!\n".to_owned()));
        let (status, output) = get(&[&page, &plain]);
        assert!(
            status == 0 && output.starts_with("<!doctype") && output.ends_with("Hello from fend!\n"),
            "{output}"
        );

        let (status, output) = get(&["-I", &plain]);
        assert!(status == 0 && output.starts_with("HTTP/1.1 200 OK\r\n"), "{output}");
        assert!(output.contains("Content-Length: 17\r\n") && output.ends_with("\r\n\r\n"), "{output}");
        let (_, output) = get(&["-i", &plain]);
        assert!(output.starts_with("HTTP/1.1 200 OK\r\n"), "{output}");
        assert!(output.ends_with("\r\n\r\nHello from fend!\n"), "{output}");

        let nowhere = format!("http://{address}/nowhere");
        assert_eq!(get(&[&nowhere]), (0, "There is / and /plain.\n".to_owned()));
        assert_eq!(get(&["-sf", &nowhere]), (22, String::new()));
        assert_eq!(get(&["-f", &nowhere]).1, "http_client: the server answers with status 404\n");
        // The first failure decides, and the others are fetched.
        assert_eq!(get(&["-sf", &nowhere, "http://x y", &plain]), (22, "Hello from fend!\n".to_owned()));
    });
}

#[test]
fn a_body_goes_to_a_file_each() {
    let scratch = Scratch::new();
    let server = Canned::saying(&[OK, "HTTP/1.1 200 OK\r\n\r\n", OK]);
    let (a, b) = (scratch.path("a"), scratch.path("b"));
    let url = server.url("/");
    assert_eq!(fetch(&["-o", &a, &url, &format!("-o{b}"), &url, &url]), (0, "ok\n".to_owned()));
    assert_eq!(fs::read_to_string(a).unwrap(), "ok\n");
    assert_eq!(fs::read_to_string(b).unwrap(), "", "an empty body has an empty file");

    let server = Canned::saying(&[OK, OK, OK]);
    let url = server.url("/");
    let (status, output) = fetch(&["-o", &scratch.path("none/c"), &url]);
    assert!(status == 23 && output.contains("none/c: No such file"), "{output}");
    let (status, output) = fetch(&["-o/dev/full", &url]);
    assert!(status == 23 && output.contains("/dev/full: No space left"), "{output}");
    assert_eq!(fetch(&["-o-", &url]), (0, "ok\n".to_owned()));
}

#[test]
fn a_request_is_what_the_options_say() {
    let echo = || -> Answer {
        Box::new(|mut stream, request| {
            let body = request.split_once("\r\n\r\n").expect("a head").1;
            let response = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            stream.write_all(response.as_bytes()).unwrap();
        })
    };
    let server = Canned::new((0..6).map(|_| echo()).collect());
    let url = server.url("/form?x=y#fragment");

    assert_eq!(fetch(&["-d", "a=b", "--data=c=d", &url]), (0, "a=b&c=d".to_owned()));
    let request = server.request();
    assert!(
        request.starts_with(&format!("POST /form?x=y HTTP/1.1\r\nHost: {}\r\n", server.address)),
        "{request}"
    );
    assert!(request.contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n"), "{request}");

    let scratch = Scratch::new();
    let file = scratch.write("data", "line\r\nand line\n");
    assert_eq!(fetch(&["-d", &format!("@{file}"), &url]), (0, "lineand line".to_owned()));
    assert_eq!(fetch(&["--data-binary", &format!("@{file}"), &url]), (0, "line\r\nand line\n".to_owned()));
    let mut client = Program::start("http_client", &["-d@-", "-d", "", &url]);
    client.stdin().write_all(b"typed\n").unwrap();
    let (status, output) = client.finish();
    assert!(status.success() && output == "typed&", "{output}");
    (0..3).for_each(|_| drop(server.request()));

    let arguments = ["-XPUT", "-H", "X-A: b", "-HAccept:", "-H", "user-agent: me", "-u", "me:secret", &url];
    assert_eq!(fetch(&arguments), (0, String::new()));
    let request = server.request();
    for text in ["PUT /form", "\r\nX-A: b\r\n", "\r\nuser-agent: me\r\n", "\r\nContent-Length: 0\r\n"] {
        assert!(request.contains(text), "no {text:?} in {request}");
    }
    assert!(request.contains("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"), "{request}");
    assert!(!request.contains("Accept") && !request.contains("User-Agent"), "{request}");

    let url = format!("http://me:secret@{}/", server.address);
    assert_eq!(fetch(&[&url]).0, 0);
    assert!(server.request().contains("\r\nAuthorization: Basic bWU6c2VjcmV0\r\n"));

    let (status, output) = fetch(&["-d@/nowhere/at/all", &url]);
    assert!(status == 26 && output.contains("read /nowhere/at/all: No such file"), "{output}");
}

#[test]
fn redirects_are_followed_when_asked() {
    let other = Canned::saying(&["HTTP/1.1 307 x\r\nLocation: ../d?e\r\n\r\n", OK]);
    let first = Canned::saying(&[
        "HTTP/1.1 308 x\r\nLocation: b/c#d\r\nContent-Length: 7\r\n\r\nignored",
        &format!("HTTP/1.1 302 x\r\nLocation: {}\r\n\r\n", other.url("/b/c/")),
    ]);
    let url = first.url("/a");
    let (status, output) = fetch(&["-LivH", "Cookie: x", "-u", "me:secret", "-d", "body", &url]);
    assert_eq!(status, 0, "{output}");
    let heads: Vec<_> = output.lines().filter(|line| line.starts_with("HTTP/1.1 ")).collect();
    assert_eq!(heads, ["HTTP/1.1 308 x", "HTTP/1.1 302 x", "HTTP/1.1 307 x", "HTTP/1.1 200 OK"], "{output}");
    assert!(output.contains("\r\n\r\nok\n") && !output.contains("ignored"), "{output}");

    let requests = [first.request(), first.request(), other.request(), other.request()];
    let begins = ["POST /a HTTP", "POST /b/c HTTP", "GET /b/c/ HTTP", "GET /b/d?e HTTP"];
    for (index, (request, begin)) in requests.iter().zip(begins).enumerate() {
        assert!(request.starts_with(begin), "{index}: {request}");
        let at_home = index < 2;
        assert_eq!(request.contains("Cookie: x\r\n"), at_home, "{index}: {request}");
        assert_eq!(request.contains("Authorization: "), at_home, "{index}: {request}");
        assert_eq!(request.ends_with("\r\n\r\nbody"), at_home, "{index}: {request}");
    }
}

#[test]
fn redirects_end() {
    let around = "HTTP/1.1 302 Round\r\nLocation: /again\r\nContent-Length: 6\r\n\r\nround\n";
    let server = Canned::saying(&[around; 15]);
    let url = server.url("/");
    assert_eq!(fetch(&[&url]), (0, "round\n".to_owned()), "nobody asked to follow");
    assert_eq!(fetch(&["-L", &url]), (47, "http_client: more than 10 redirects\n".to_owned()));
    assert_eq!(fetch(&["-sL", "--max-redirs=2", &url]), (47, String::new()));

    let server = Canned::saying(&["HTTP/1.1 302 x\r\nLocation: ftp://a/\r\n\r\n"; 2]);
    assert_eq!(fetch(&["-sL", &server.url("/")]), (1, String::new()));
    let server = Canned::saying(&["HTTP/1.1 302 x\r\nLocation: http://a:b/\r\n\r\n"; 2]);
    let (status, output) = fetch(&["-LsS", &server.url("/")]);
    assert!(status == 3 && output.contains("its port is no number"), "{output}");
}

#[test]
fn odd_servers_have_a_status_each() {
    for (said, status, words) in [
        ("", 52, "closed without a response"),
        ("SSH-2.0-OpenSSH_9.2\r\n", 8, "it begins with \"SSH-2.0-OpenSSH_9.2\""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 18, "5 bytes came, 4 are missing"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 18, "5 bytes came"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", 8, "the size of a chunk"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 8, "Content-Length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 8, "both"),
    ] {
        let server = Canned::saying(&[said]);
        let (code, output) = fetch(&[&server.url("/")]);
        assert!(code == status && output.contains(words), "{said:?}: {code} {output}");
    }
}

#[test]
fn there_is_nobody() {
    let unused = unused_address();
    let (status, output) = fetch(&[&unused.to_string()]);
    assert!(status == 7 && output.contains(&format!("connect {unused}: Connection refused")), "{output}");
    // A label may have 63 characters: no resolver asks anybody about this one.
    let (status, output) = fetch(&[&"x".repeat(64)]);
    assert!(status == 6 && output.contains(": lookup xxx"), "{output}");
    let server = Canned::saying(&[OK]);
    let port = server.address.port();
    let said = format!("a.example:{port}:127.0.0.1");
    assert_eq!(fetch(&["--resolve", &said, &format!("http://A.example:{port}/")]), (0, "ok\n".to_owned()));
    assert!(server.request().contains(&format!("\r\nHost: a.example:{port}\r\n")));
}

#[test]
fn patience_ends_with_its_time() {
    // The kernel takes the connection, and nobody else does.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = silent.local_addr().unwrap().to_string();
    for dispatcher in DISPATCHERS {
        let (status, output) = fetch(&["-m0.2", "--dispatcher", dispatcher, &url]);
        assert_eq!((status, output.as_str()), (28, "http_client: not over within 200ms\n"));
    }
    // In the middle of a body, too. The server goes when the client has gone.
    let server = Canned::new(vec![Box::new(|mut stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nsome\n").unwrap();
        let _ = stream.read(&mut [0]);
    })]);
    let (status, output) = fetch(&["--max-time", "1", &server.url("/")]);
    assert_eq!((status, output.as_str()), (28, "some\nhttp_client: not over within 1s\n"));
}

#[test]
fn a_body_is_written_as_it_comes() {
    for framing in
        ["Content-Length: 10\r\n\r\nline\n", "Transfer-Encoding: chunked\r\n\r\n5\r\nline\n", "\r\nline\n"]
    {
        let (seen, wait) = mpsc::channel();
        let head = format!("HTTP/1.1 200 OK\r\n{framing}");
        let server = Canned::new(vec![Box::new(move |mut stream, _| {
            stream.write_all(head.as_bytes()).unwrap();
            wait.recv().expect("the first line arrives");
            let chunked = head.contains("chunked");
            let rest = if chunked { "\r\n5\r\nrest\n\r\n0\r\n\r\n" } else { "rest\n" };
            stream.write_all(rest.as_bytes()).unwrap();
        })]);
        let mut client = Program::start("http_client", &[&server.url("/")]);
        assert_eq!(client.line(), "line", "{framing:?}");
        seen.send(()).unwrap();
        let (status, output) = client.finish();
        assert!(status.success() && output == "rest\n", "{framing:?}: {output}");
    }
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let server = Canned::new(vec![Box::new(|mut stream, _| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nfirst\n").unwrap();
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    })]);
    let mut client = Program::start("http_client", &[&server.url("/")]);
    assert_eq!(client.line(), "first");
    client.close_stdout();
    let (status, output) = client.finish();
    assert!(status.success() && output.is_empty(), "{status}: {output}");
}

/// Far more than it may have memory for.
#[test]
fn memory_is_bounded() {
    const BYTES: usize = 256 << 20;
    let answer: fn() -> Answer = || {
        Box::new(|mut stream, _| {
            stream
                .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {BYTES}\r\n\r\n").as_bytes())
                .unwrap();
            let block = vec![b'x'; 1 << 20];
            (0..BYTES / block.len()).for_each(|_| stream.write_all(&block).expect("a client with patience"));
        })
    };
    // The shell may not have got a look at it.
    let peak = (0..3).find_map(|_| {
    let server = Canned::new(vec![answer()]);
    let mut shell = Command::new("sh");
    // The most of its memory in kB, when it has ended.
    let script = "\"$0\" --workers=1 -o/dev/null \"$1\" & pid=$!; peak=0; while line=$(grep VmHWM /proc/$pid/status 2>/dev/null); do peak=$line; done; wait $pid && echo $peak";
    shell.args(["-c", script]).arg(example("http_client")).arg(server.url("/"));
    let (status, output) = Program::of(&mut shell).finish();
    assert!(status.success(), "{status}: {output}");
    output.split_whitespace().nth(1).map(|peak| peak.parse::<usize>().expect("a number"))
    }).expect("a look");
    assert!(peak < 64 << 10, "{peak} kB at its peak");
}

#[test]
fn verbose_tells_what_happens() {
    let server = Canned::saying(&["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\nX-Y: z\r\n\r\n"]);
    let (status, output) = fetch(&["-v", &server.url("/a")]);
    assert_eq!(status, 0);
    let wanted =
        format!("* http://{0}/a: connected to {0}\n> GET /a HTTP/1.1\n> Host: {0}\n", server.address);
    assert!(output.starts_with(&wanted), "{output}");
    assert!(output.contains("\n< HTTP/1.1 100 Continue\n<\n< HTTP/1.1 204 None\n< X-Y: z\n<\n"), "{output}");
}

#[test]
fn help_and_mistakes() {
    for arguments in [&["--help"][..], &["-h"], &["-vh"], &["-o", "--help"]] {
        let (status, output) = fetch(arguments);
        assert!(status == 0 && output.starts_with("usage: http_client "), "{arguments:?}: {output}");
    }
    for (arguments, message) in [
        (&[][..], "http_client: a URL is missing (see http_client --help)"),
        (&["-vZ", "a"], "unknown argument \"-Z\""),
        (&["--nope", "a"], "unknown argument \"--nope\""),
        (&["--location=yes", "a"], "--location takes no value"),
        (&["a", "-o"], "-o needs a value"),
        (&["a", "-m", "0"], "-m \"0\": not a time above 0"),
        (&["a", "-m", "soon"], "-m \"soon\": not a number of seconds"),
        (&["a", "-H", "nonsense"], "-H \"nonsense\": not a field"),
        (&["a", "-H", "Content-Length: 7"], "Content-Length is written by the client itself"),
        (&["a", "-X", "G E T"], "--request \"G E T\": not a method"),
        (&["a", "-I", "-d", "b"], "--head and --data do not go together"),
        (&["a", "-o", "b", "-o", "c"], "more outputs than URLs"),
        (&["a", "--resolve", "b:80"], "--resolve \"b:80\": not HOST:PORT:ADDRESS"),
        (&["a", "--max-redirs", "-1"], "--max-redirs \"-1\": not a number"),
        (&["a", "--dispatcher=kqueue"], "unknown dispatcher"),
    ] {
        let said = refused("http_client", arguments);
        assert!(said.contains(message), "{arguments:?}: {said}");
    }
    for (url, status) in [("http://", 3), ("http://a b/", 3), ("http://a:99999", 3), ("gopher://a", 1)] {
        assert_eq!(fetch(&["-s", url]).0, status, "{url}");
    }
}
