//! Calls that end before they are answered: cancelled, too late, or cut off.

use std::io;
use std::time::Duration;

use fend::time::{self, timeout};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::{Body as HttpBody, StdError};
use tonic::{Code, Request, Status};

use super::counter::{Client, Number};
use super::ends::{self, Server};
use super::{failed, number};

const MINUTE: Duration = Duration::from_secs(60);

on_every_dispatcher!(
    a_dropped_call_is_cancelled_at_the_server,
    a_deadline_of_the_client,
    a_deadline_that_the_server_is_told,
    a_dropped_stream_ends_at_the_server,
    a_channel_connects_again,
    keep_alive_finds_a_dead_peer,
);

/// A call of `Wait` that the server has begun with: it has answered another one since, which came later by the same connection.
async fn begun<T>(
    client: &Client<T>,
    request: Request<Number>,
) -> io::Result<BoxFuture<'static, Result<(), Status>>>
where
    T: GrpcService<Body, Future: Send, ResponseBody: HttpBody<Error: Into<StdError>> + Send + 'static>,
    T: Clone + Send + 'static,
{
    let (mut client, mut other) = (client.clone(), client.clone());
    let mut waiting = async move { client.wait(request).await.map(drop) }.boxed();
    assert!((&mut waiting).now_or_never().is_none());
    other.square(number(1)).await.map_err(failed)?;
    Ok(waiting)
}

async fn a_dropped_call_is_cancelled_at_the_server() -> io::Result<()> {
    let mut server = Server::start().await?;
    let mut client = server.client().await?;
    let waiting = begun(&client, Request::new(number(0))).await?;
    assert!(server.over.try_recv().is_err(), "it has ended by itself");
    drop(waiting);
    server.over.next().await.expect("it is cancelled");
    // The connection is of use as before.
    assert_eq!(client.square(number(2)).await.map_err(failed)?.into_inner(), number(4));
    Ok(())
}

async fn a_deadline_of_the_client() -> io::Result<()> {
    let mut server = Server::start().await?;
    let waiting = begun(&server.client().await?, Request::new(number(0))).await?;
    time::pause();
    let start = time::now();
    timeout(MINUTE, waiting).await.expect_err("it takes for ever");
    assert!(time::now() - start >= MINUTE);
    server.over.next().await.expect("it is cancelled");
    Ok(())
}

async fn a_deadline_that_the_server_is_told() -> io::Result<()> {
    let mut server = Server::start().await?;
    let mut client = ends::hyper_client(server.address, |_| {});
    client.square(number(1)).await.map_err(failed)?;
    let mut request = Request::new(number(0));
    request.set_timeout(MINUTE);
    let waiting = begun(&client, request).await?;
    time::pause();
    let status = waiting.await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().starts_with("the server says"), "{status}");
    server.over.next().await.expect("it is over");
    Ok(())
}

async fn a_dropped_stream_ends_at_the_server() -> io::Result<()> {
    let mut server = Server::start().await?;
    let mut client = server.client().await?;
    // More than anybody waits for; it comes no faster than it is taken.
    let mut numbers = client.up_to(number(1 << 60)).await.map_err(failed)?.into_inner();
    for value in 1..=1000 {
        assert_eq!(numbers.next().await.expect("a number").map_err(failed)?, number(value));
    }
    assert!(server.over.try_recv().is_err(), "it has ended by itself");
    drop(numbers);
    server.over.next().await.expect("it is cancelled");
    assert_eq!(client.square(number(2)).await.map_err(failed)?.into_inner(), number(4));
    Ok(())
}

async fn a_channel_connects_again() -> io::Result<()> {
    let server = Server::start().await?;
    let mut client = server.client().await?;
    client.square(number(1)).await.map_err(failed)?;
    let waiting = begun(&client, Request::new(number(0))).await?;
    server.cut();
    waiting.await.expect_err("it was cut off");
    // The channel may learn of it with the next call, which fails then.
    while client.square(number(1)).await.is_err() {}
    assert_eq!(client.square(number(3)).await.map_err(failed)?.into_inner(), number(9));
    Ok(())
}

/// A listener that accepts and says nothing: its kernel answers, its program does not.
async fn keep_alive_finds_a_dead_peer() -> io::Result<()> {
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let mut client = ends::hyper_client(silent.local_addr()?, |builder| {
        builder.http2_keep_alive_interval(MINUTE).http2_keep_alive_timeout(MINUTE);
        builder.http2_keep_alive_while_idle(true);
    });
    time::pause();
    let start = time::now();
    let status = client.square(number(1)).await.unwrap_err();
    assert!(time::now() - start >= MINUTE, "{status}");
    Ok(())
}
