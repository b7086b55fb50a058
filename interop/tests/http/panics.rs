//! Services that panic: the others go on.

use std::io;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::serving::{Serving, get, http2_over, request, text, until_closed};

on_every_dispatcher!(
    a_panic_ends_its_connection_of_http1,
    a_panic_ends_its_request_of_http2,
    an_error_of_the_service_ends_its_connection_and_is_told,
);

async fn fragile(request: Request<Incoming>) -> Result<Response<String>, io::Error> {
    match request.uri().path() {
        "/panic" => panic!("a service panics, as it should"),
        "/error" => Err(io::Error::other("no good")),
        path => Ok(Response::new(path.to_owned())),
    }
}

async fn a_panic_ends_its_connection_of_http1() -> io::Result<()> {
    let serving = Serving::start(service_fn(fragile)).await?;
    let (good, bad) = (serving.connect().await?, serving.connect().await?);
    assert_eq!(get(&good, "/before").await?.body, "/before");
    bad.send_all(b"GET /panic HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    until_closed(&bad).await;
    assert_eq!(get(&good, "/after").await?.body, "/after");
    assert_eq!(get(&serving.connect().await?, "/new").await?.body, "/new");
    while serving.handle.metrics().panicked == 0 {
        fend::yield_now().await;
    }
    // Those that were before a drain are no matter of its.
    assert!(serving.end().await?.is_clean());
    Ok(())
}

async fn a_panic_ends_its_request_of_http2() -> io::Result<()> {
    let serving = Serving::start(service_fn(fragile)).await?;
    let (mut sender, connection) = http2_over(serving.connect().await?).await?;
    let lost = sender.send_request(request("/panic")).await;
    assert!(lost.is_err());
    let response = sender.send_request(request("/after")).await.map_err(io::Error::other)?;
    assert_eq!(text(response).await?, "/after");
    drop(sender);
    connection.await?.map_err(io::Error::other)?;
    assert!(serving.end().await?.is_clean());
    Ok(())
}

async fn an_error_of_the_service_ends_its_connection_and_is_told() -> io::Result<()> {
    let serving = Serving::start(service_fn(fragile)).await?;
    let stream = serving.connect().await?;
    stream.send_all(b"GET /error HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
    until_closed(&stream).await;
    let (failure, peer) = (serving.failure().await, stream.local_addr()?);
    assert!(failure.starts_with(&format!("{peer}: HTTP: ")) && failure.ends_with(": no good"), "{failure}");
    Ok(())
}
