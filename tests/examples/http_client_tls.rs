//! The HTTP client over TLS: the HTTPS server, and servers of OpenSSL that say what a test has written.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use fend::tls::Identity;
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslMethod, SslStream};
use openssl::x509::X509;

use crate::canned::Canned;
use crate::certificates::self_signed;
use crate::program::{DISPATCHERS, Program, run};
use crate::scratch::Scratch;

/// Runs the client: its exit status, and what it says on either stream.
fn fetch(arguments: &[&str]) -> (i32, String) {
    let (status, output) = run("http_client", arguments, &[]);
    (status.code().expect("an exit status"), output)
}

const HELLO: &str = "Hello from fend!\n";

#[test]
fn gets_the_pages_of_the_https_server() {
    let scratch = Scratch::new();
    for dispatcher in DISPATCHERS {
        let certificate = scratch.path(dispatcher);
        let arguments = ["--addr=127.0.0.1:0", "--dispatcher", dispatcher, "--write-cert", &certificate];
        let mut server = Program::start("https_server", &arguments);
        let address = server.address();
        let port = address.port();
        let get = |arguments: &[&str]| fetch(&[&["--dispatcher", dispatcher], arguments].concat());
        let (by_name, by_ip) =
            (format!("https://localhost:{port}/plain"), format!("https://{address}/plain"));

        for url in [&by_name, &by_ip] {
            assert_eq!(get(&["--cacert", &certificate, url]), (0, HELLO.to_owned()));
            assert_eq!(get(&["-k", url]), (0, HELLO.to_owned()));
        }
        let (status, output) = get(&["--cacert", &certificate, "-I", &by_ip]);
        assert!(status == 0 && output.starts_with("HTTP/1.1 200 OK\r\n"), "{output}");
        let (_, output) = get(&["--cacert", &certificate, &format!("https://localhost:{port}/")]);
        assert!(
            output.contains("protocol           TLSv1.3\n")
                && output.contains("ALPN               http/1.1\n")
        );

        // Nobody knows the certificate; it is for somebody else; those to trust cannot be read.
        let (status, output) = get(&[&by_name]);
        assert!(status == 60 && output.contains("self-signed certificate"), "{output}");
        let elsewhere = format!("wrong.example:{port}:127.0.0.1");
        let wrong = format!("https://wrong.example:{port}/plain");
        let (status, output) = get(&["--cacert", &certificate, "--resolve", &elsewhere, &wrong]);
        assert!(
            status == 60 && output.contains("the certificate is for localhost, 127.0.0.1, ::1"),
            "{output}"
        );
        assert_eq!(get(&["-sk", "--resolve", &elsewhere, &wrong]), (0, HELLO.to_owned()));
        let (status, output) = get(&["--cacert", "/nowhere/ca.pem", &by_name]);
        assert!(status == 77 && output.contains("/nowhere/ca.pem"), "{output}");

        // Without TLS at a port that has it.
        assert_ne!(get(&["-s", &format!("http://{address}/")]).0, 0);
    }
}

#[test]
fn verbose_tells_of_tls() {
    let scratch = Scratch::new();
    let certificate = scratch.path("cert.pem");
    let mut server = Program::start("https_server", &["--addr=127.0.0.1:0", "--write-cert", &certificate]);
    let url = format!("https://localhost:{}/plain", server.address().port());
    let (_, output) = fetch(&["-v", "--cacert", &certificate, &url]);
    for words in [
        "\n* TLSv1.3, TLS_",
        ", ALPN http/1.1\n",
        "\n* certificate of CN=localhost, for localhost, 127.0.0.1, ::1\n",
        "\n* issued by CN=localhost, valid until ",
        "\n> GET /plain HTTP/1.1\n",
        "\n< HTTP/1.1 200 OK\n",
    ] {
        assert!(output.contains(words), "no {words:?} in {output}");
    }
    assert!(!output.contains("not trusted"), "{output}");
    let (_, output) = fetch(&["-vk", &url, &url]);
    assert!(output.contains("\n* not trusted, but taken: self-signed certificate"), "{output}");
    let resumed: Vec<_> = output.lines().filter(|line| line.starts_with("* TLSv1.3, ")).collect();
    assert!(!resumed[0].ends_with(", resumed") && resumed[1].ends_with(", resumed"), "{output}");
}

#[test]
fn shows_its_own_certificate() {
    let scratch = Scratch::new();
    let ann = self_signed(&scratch, "ann", &["ann"]);
    let certificate = scratch.path("cert.pem");
    let arguments = ["--addr=127.0.0.1:0", "--write-cert", &certificate, "--client-ca", &ann.certificate];
    let mut server = Program::start("https_server", &arguments);
    let url = format!("https://localhost:{}/", server.address().port());
    let get = |arguments: &[&str]| fetch(&[&["--cacert", &certificate, &url], arguments].concat());
    let (status, output) = get(&["--cert", &ann.certificate, "--key", &ann.key]);
    assert!(status == 0 && output.contains("client             CN=ann\n"), "{output}");
    let (status, output) = get(&[]);
    // The server's reset may overtake its alert: it has closed before our request came.
    let told = output.contains("certificate required") || output.contains("Connection reset");
    assert!(status == 56 && told, "{status} {output}");
    let (status, output) = get(&["-E", &ann.certificate]);
    assert!(status == 58 && output.contains(&ann.certificate), "{output}");
}

/// A server of OpenSSL for one connection: gives its address, and the path of its certificate.
fn openssl_server(
    scratch: &Scratch,
    answer: impl FnOnce(SslStream<TcpStream>) + Send + 'static,
) -> (SocketAddr, String) {
    let identity = Identity::self_signed(["localhost", "127.0.0.1"]).unwrap();
    let pem = identity.certificate().to_pem();
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    builder.set_certificate(&X509::from_pem(&pem).unwrap()).unwrap();
    builder.set_private_key(&PKey::private_key_from_pem(&identity.key().to_pem()).unwrap()).unwrap();
    let acceptor = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut stream = acceptor.accept(stream).expect("a handshake");
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a request");
            request.push(byte[0]);
        }
        answer(stream);
    });
    (address, scratch.write(&format!("{}.pem", address.port()), pem))
}

#[test]
fn an_end_without_goodbye_is_no_end_of_a_body() {
    let scratch = Scratch::new();
    for (head, says_goodbye, status) in [
        ("HTTP/1.1 200 OK\r\n\r\n", true, 0),
        ("HTTP/1.1 200 OK\r\n\r\n", false, 18),
        // Complete, whatever comes behind it.
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", false, 0),
        ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", true, 18),
        ("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", false, 18),
    ] {
        let (address, certificate) = openssl_server(&scratch, move |mut stream| {
            stream.write_all(format!("{head}body\r\n").as_bytes()).unwrap();
            if says_goodbye {
                stream.shutdown().unwrap();
            }
        });
        let (code, output) = fetch(&["--cacert", &certificate, &format!("https://{address}/")]);
        assert_eq!(code, status, "{head:?}, {says_goodbye}: {output}");
        assert!(output.starts_with("body\r\n"), "{head:?}, {says_goodbye}: {output}");
        assert_eq!(output.contains("close_notify"), code == 18 && !head.contains("Length"), "{output}");
    }
}

#[test]
fn a_redirect_may_enter_tls_and_not_leave_it() {
    let scratch = Scratch::new();
    let plain = Canned::saying(&["HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"]);
    let url = plain.url("/end");
    for (allow, status) in [(false, 1), (true, 0)] {
        let location = url.clone();
        let (address, certificate) = openssl_server(&scratch, move |mut stream| {
            stream.write_all(format!("HTTP/1.1 302 x\r\nLocation: {location}\r\n\r\n").as_bytes()).unwrap();
            let _ = stream.shutdown();
        });
        let door = Canned::saying(&[&format!("HTTP/1.1 301 x\r\nLocation: https://{address}/\r\n\r\n")]);
        let mut arguments = vec!["-L", "--cacert", &certificate];
        arguments.extend(allow.then_some("--allow-downgrade"));
        let door = door.url("/");
        arguments.push(&door);
        let (code, output) = fetch(&arguments);
        assert_eq!(code, status, "{output}");
        assert_eq!(output.starts_with("ok\n"), allow, "{output}");
        assert_eq!(output.contains(&format!("the redirect to {url} leaves TLS")), !allow, "{output}");
    }
}

#[test]
fn what_is_no_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mail.example ESMTP\r\n").unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let (status, output) = fetch(&[&format!("https://{address}/")]);
    assert!(status == 35 && output.contains("TLS handshake with 127.0.0.1: "), "{output}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", silent.local_addr().unwrap());
    assert_eq!(fetch(&["-sm0.3", &url]), (28, String::new()));
}
