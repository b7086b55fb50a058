//! [`fend::hyper::Server`] driven by curl: HTTP/1.0 and 1.1, HTTP/2 with prior knowledge, and both over TLS.

use std::io;

use fend::hyper::Server;
use hyper::service::service_fn;

use crate::installed::run_client;
use crate::place::Place;
use crate::serving::{Serving, acceptor, certificate, echo};

on_every_dispatcher!(in_plain_text, over_tls, bodies_of_a_megabyte, many_at_once_on_one_connection);

/// What is got, and by which version. `None` where curl is not installed.
async fn curl(arguments: &[&str]) -> io::Result<Option<String>> {
    let arguments = [&["-sS", "-w", " [%{http_code} %{http_version}]"], arguments].concat();
    let Some((status, said)) = run_client("curl", &arguments).await? else { return Ok(None) };
    assert!(status.success(), "{arguments:?}: {status}: {said}");
    Ok(Some(said))
}

/// The same, that trusts the test's certificate and no other.
async fn curl_tls(arguments: &[&str]) -> io::Result<Option<String>> {
    let place = Place::new();
    let trusted = place.write("server.pem", certificate().to_pem());
    curl(&[&["--cacert", &trusted][..], arguments].concat()).await
}

async fn in_plain_text() -> io::Result<()> {
    let serving = Serving::start(service_fn(echo)).await?;
    let url = format!("http://{}/path?query", serving.address);
    for (version, answer) in [
        ("--http1.0", "HTTP/1.0 /path  [200 1]"),
        ("--http1.1", "HTTP/1.1 /path  [200 1.1]"),
        ("--http2-prior-knowledge", "HTTP/2.0 /path  [200 2]"),
    ] {
        let Some(said) = curl(&[version, &url]).await? else { return Ok(()) };
        assert_eq!(said, answer);
    }
    // Asks whether HTTP/2 is spoken, and is content that it is not by this way.
    let said = curl(&["--http2", &url]).await?;
    assert_eq!(said.as_deref(), Some("HTTP/1.1 /path  [200 1.1]"));
    assert!(serving.end().await?.is_clean());
    Ok(())
}

async fn over_tls() -> io::Result<()> {
    let serving = Serving::on(Server::bind("127.0.0.1:0").await?.tls(acceptor()), service_fn(echo))?;
    let url = format!("https://localhost:{}/path", serving.address.port());
    for (version, answer) in [
        ("--http1.1", "HTTP/1.1 /path  [200 1.1]"),
        ("--http2", "HTTP/2.0 /path  [200 2]"),
        ("--no-alpn", "HTTP/1.1 /path  [200 1.1]"),
    ] {
        let Some(said) = curl_tls(&[version, &url]).await? else { return Ok(()) };
        assert_eq!(said, answer, "{version}");
    }
    assert!(serving.end().await?.is_clean());
    Ok(())
}

async fn bodies_of_a_megabyte() -> io::Result<()> {
    let serving = Serving::start(service_fn(echo)).await?;
    let url = format!("http://{}/", serving.address);
    let place = Place::new();
    let body: String = (0..200_000).map(|number| format!("{number} ")).collect();
    let upload = format!("@{}", place.write("body", &body));
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let arguments = ["-sS", version, "-H", "expect: 100-continue", "--data-binary", &upload, &url];
        let Some((status, said)) = run_client("curl", &arguments).await? else { break };
        assert!(status.success(), "{version}: {status}");
        let (_, echoed) = said.split_once(" / ").expect("the head");
        assert!(echoed == body, "{version}: {} bytes", echoed.len());
    }
    Ok(())
}

/// Over TLS: with prior knowledge curl 7.88 begins anew on a connection that it has (curl/curl#10634).
async fn many_at_once_on_one_connection() -> io::Result<()> {
    let serving = Serving::on(Server::bind("127.0.0.1:0").await?.tls(acceptor()), service_fn(echo))?;
    let url = format!("https://localhost:{}/[1-50]", serving.address.port());
    let Some(said) = curl_tls(&["--parallel", "--parallel-max", "20", &url]).await? else { return Ok(()) };
    for number in 1..=50 {
        assert!(said.contains(&format!("HTTP/2.0 /{number} ")), "{number}: {said}");
    }
    assert!(serving.end().await?.is_clean());
    Ok(())
}
