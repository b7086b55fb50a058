//! hyper's own connections over fend's streams, both ends: large bodies both ways, many streams, trailers.

use std::convert::Infallible;
use std::io;

use fend::hyper::{Executor, Timer};
use fend::net::UnixStream;
use futures::future::try_join_all;
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{CONTENT_LENGTH, HOST, TE, TRAILER};
use hyper::rt::{Read, Write};
use hyper::server::conn;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, Version};

use crate::noise::{Noise, check};
use crate::peers::{echo, tcp, tls};

on_every_dispatcher!(
    http_1_over_tcp,
    http_1_over_unix_sockets,
    http_1_over_tls,
    http_1_trailers,
    http_1_keeps_a_connection,
    http_2_over_tcp,
    http_2_over_tls,
    http_2_trailers,
    many_streams_of_http_2_at_once,
    a_client_that_goes_ends_its_server,
    a_body_that_ends_with_its_connection_ends_by_the_word_of_tls,
);

const LARGE: usize = 8 << 20;

async fn http_1<S: Read + Write + Unpin + Send + 'static>(
    near: S,
    far: S,
) -> io::Result<http1::SendRequest<Noise>> {
    let mut server = conn::http1::Builder::new();
    fend::spawn(server.timer(Timer).serve_connection(far, service_fn(echo)));
    let (sender, connection) = http1::handshake(near).await.map_err(io::Error::other)?;
    fend::spawn(connection);
    Ok(sender)
}

async fn http_2<S: Read + Write + Unpin + Send + 'static>(
    near: S,
    far: S,
) -> io::Result<http2::SendRequest<Noise>> {
    let mut server = conn::http2::Builder::new(Executor);
    // Fewer than will be asked for.
    server.timer(Timer).max_concurrent_streams(20);
    fend::spawn(server.serve_connection(far, service_fn(echo)));
    let mut client = http2::Builder::new(Executor);
    let (sender, connection) = client.timer(Timer).handshake(near).await.map_err(io::Error::other)?;
    fend::spawn(connection);
    Ok(sender)
}

fn request<B>(body: B) -> Request<B> {
    Request::post("http://localhost/").header(HOST, "localhost").body(body).expect("a request")
}

/// What was sent comes back, while the rest is still being sent.
async fn a_large_echo(
    response: impl Future<Output = hyper::Result<Response<Incoming>>>,
    version: Version,
) -> io::Result<()> {
    let response = response.await.map_err(io::Error::other)?;
    assert_eq!((response.status().as_u16(), response.version()), (200, version));
    assert_eq!(check(response.into_body()).await?.0, LARGE);
    Ok(())
}

async fn large_echoes_over_http_1(mut sender: http1::SendRequest<Noise>) -> io::Result<()> {
    a_large_echo(sender.send_request(request(Noise::sized(LARGE))), Version::HTTP_11).await?;
    sender.ready().await.map_err(io::Error::other)?;
    a_large_echo(sender.send_request(request(Noise::unsized_of(LARGE))), Version::HTTP_11).await
}

async fn http_1_over_tcp() -> io::Result<()> {
    let (near, far) = tcp().await?;
    large_echoes_over_http_1(http_1(near, far).await?).await
}

async fn http_1_over_unix_sockets() -> io::Result<()> {
    let (near, far) = UnixStream::pair()?;
    large_echoes_over_http_1(http_1(near, far).await?).await
}

async fn http_1_over_tls() -> io::Result<()> {
    let (near, far) = tls("http/1.1").await?;
    large_echoes_over_http_1(http_1(near, far).await?).await
}

/// A body of two parts, and what is known only when it is over.
fn with_trailers() -> impl Body<Data = Bytes, Error = Infallible> {
    let trailers = HeaderMap::from_iter([("x-sum".parse().expect("a name"), "42".parse().expect("a value"))]);
    Noise::unsized_of(100_000).with_trailers(async { Some(Ok(trailers)) })
}

async fn answer_with_trailers(
    request: Request<Incoming>,
) -> io::Result<Response<impl Body<Data = Bytes, Error = Infallible>>> {
    let (len, trailers) = check(request.into_body()).await?;
    let trailers = trailers.expect("the client's trailers");
    let response = Response::builder().header(TRAILER, "x-sum").header("x-len", len);
    Ok(response.header("x-their-sum", &trailers["x-sum"]).body(with_trailers()).expect("a response"))
}

async fn assert_trailers(response: Response<Incoming>) -> io::Result<()> {
    assert_eq!(response.headers()["x-len"], "100000");
    assert_eq!(response.headers()["x-their-sum"], "42");
    let (len, trailers) = check(response.into_body()).await?;
    assert_eq!(len, 100_000);
    assert_eq!(trailers.expect("the server's trailers")["x-sum"], "42");
    Ok(())
}

/// RFC 9112, section 7.1.2.
async fn http_1_trailers() -> io::Result<()> {
    let (near, far) = tcp().await?;
    let mut server = conn::http1::Builder::new();
    fend::spawn(server.timer(Timer).serve_connection(far, service_fn(answer_with_trailers)));
    let (mut sender, connection) = http1::handshake(near).await.map_err(io::Error::other)?;
    fend::spawn(connection);
    let mut request = request(Box::pin(with_trailers()));
    request.headers_mut().insert(TE, "trailers".parse().expect("a value"));
    request.headers_mut().insert(TRAILER, "x-sum".parse().expect("a value"));
    assert_trailers(sender.send_request(request).await.map_err(io::Error::other)?).await
}

async fn http_2_trailers() -> io::Result<()> {
    let (near, far) = tls("h2").await?;
    let mut server = conn::http2::Builder::new(Executor);
    fend::spawn(server.timer(Timer).serve_connection(far, service_fn(answer_with_trailers)));
    let (mut sender, connection) = http2::handshake(Executor, near).await.map_err(io::Error::other)?;
    fend::spawn(connection);
    let request = request(Box::pin(with_trailers()));
    assert_trailers(sender.send_request(request).await.map_err(io::Error::other)?).await
}

async fn http_1_keeps_a_connection() -> io::Result<()> {
    let (near, far) = tcp().await?;
    let mut sender = http_1(near, far).await?;
    for len in [0, 1, 64, 8191, 8192, 8193, 100_000, 0] {
        sender.ready().await.map_err(io::Error::other)?;
        let response = sender.send_request(request(Noise::sized(len))).await.map_err(io::Error::other)?;
        assert_eq!(response.headers()[CONTENT_LENGTH], len.to_string());
        assert_eq!(check(response.into_body()).await?.0, len);
    }
    Ok(())
}

async fn http_2_over_tcp() -> io::Result<()> {
    let (near, far) = tcp().await?;
    let mut sender = http_2(near, far).await?;
    a_large_echo(sender.send_request(request(Noise::sized(LARGE))), Version::HTTP_2).await
}

async fn http_2_over_tls() -> io::Result<()> {
    let (near, far) = tls("h2").await?;
    let mut sender = http_2(near, far).await?;
    a_large_echo(sender.send_request(request(Noise::unsized_of(LARGE))), Version::HTTP_2).await
}

async fn many_streams_of_http_2_at_once() -> io::Result<()> {
    let (near, far) = tls("h2").await?;
    let mut sender = http_2(near, far).await?;
    // The server's limit comes before its first response. Who does not know it yet may open too many, and is refused.
    sender.send_request(request(Noise::sized(0))).await.map_err(io::Error::other)?;
    let streams = (0..200).map(|number| {
        let mut sender = sender.clone();
        fend::spawn(async move {
            let len = 1000 * number;
            let response = sender.send_request(request(Noise::sized(len))).await.map_err(io::Error::other)?;
            assert_eq!(check(response.into_body()).await?.0, len);
            io::Result::Ok(())
        })
    });
    for stream in try_join_all(streams).await? {
        stream?;
    }
    Ok(())
}

/// In the middle of a body, too, and not by any limit of time.
async fn a_client_that_goes_ends_its_server() -> io::Result<()> {
    let (near, far) = tcp().await?;
    let mut server = conn::http1::Builder::new();
    let server = fend::spawn(server.timer(Timer).serve_connection(far, service_fn(echo)));
    let (mut sender, connection) = http1::handshake::<_, Noise>(near).await.map_err(io::Error::other)?;
    let connection = fend::spawn(connection);
    let response = sender.send_request(request(Noise::sized(LARGE))).await.map_err(io::Error::other)?;
    drop((response, sender));
    connection.abort();
    let _ = connection.await;
    server.await?.expect_err("half a body");
    Ok(())
}

/// The body of the answer "HTTP/1.1 200 OK", with these fields, of a server that ends the connection after it, properly or not.
async fn body_of(fields: &str, properly: bool) -> io::Result<hyper::Result<Bytes>> {
    let (near, far) = tls("http/1.1").await?;
    let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\nhalf");
    fend::spawn(async move {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            far.recv_exact(&mut byte).await?;
            head.extend(byte);
        }
        far.send_all(answer.as_bytes()).await?;
        if properly { far.shutdown().await } else { Ok(()) }
    });
    let (mut sender, connection) = http1::handshake(near).await.map_err(io::Error::other)?;
    fend::spawn(connection);
    let request = Request::get("/").header(HOST, "localhost").body(Noise::sized(0)).expect("a request");
    let response = sender.send_request(request).await.map_err(io::Error::other)?;
    Ok(response.into_body().collect().await.map(|body| body.to_bytes()))
}

/// Anybody in between can end a TCP connection: what has no length of its own may have been cut short then (RFC 9112, section 9.8).
async fn a_body_that_ends_with_its_connection_ends_by_the_word_of_tls() -> io::Result<()> {
    assert_eq!(body_of("connection: close", true).await?.map_err(io::Error::other)?, "half");
    let error = body_of("connection: close", false).await?.expect_err("it may have been longer");
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
    assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::UnexpectedEof), "{error:?}");
    // Nothing is missing of this one.
    assert_eq!(body_of("content-length: 4", false).await?.map_err(io::Error::other)?, "half");
    Ok(())
}
