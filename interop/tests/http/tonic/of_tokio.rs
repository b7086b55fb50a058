//! What of tonic's transport works in a tokio runtime alone. Where one of these begins to pass without, this file says so, and what is told of it
//! ([above](super), and in the guide) is out of date.

use std::future::Future;
use std::io;
use std::time::Duration;

use futures::stream;
use tonic::Request;
use tonic::client::Grpc;
use tonic::service::Routes;
use tonic::transport::{self, Endpoint};
use tower::service_fn;

use super::counter::Client;
use super::ends::{Server, connect};
use super::{failed, number};

const MINUTE: Duration = Duration::from_secs(60);

on_every_dispatcher!(
    a_channel_without_an_executor,
    limits_in_time_of_a_channel,
    a_deadline_told_by_a_channel,
    keep_alive_of_a_channel,
    the_server_of_the_transport,
);

/// The task panics, since it is in no tokio runtime.
async fn panics(task: impl Future<Output: Send + 'static> + Send + 'static) -> io::Result<()> {
    let error = fend::spawn(task).await.err().expect("it needs no tokio any more");
    let panic = error.into_panic();
    let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = message.or_else(|| panic.downcast_ref::<String>().cloned()).expect("a text");
    assert!(message.contains("Tokio 1.x"), "{message}");
    Ok(())
}

async fn connects_with(endpoint: Endpoint) -> Result<(), transport::Error> {
    endpoint.connect_with_connector(service_fn(connect)).await.map(drop)
}

async fn a_channel_without_an_executor() -> io::Result<()> {
    let server = Server::start().await?;
    let address = format!("http://{}", server.address);
    panics(connects_with(Endpoint::from_shared(address).expect("an address"))).await
}

async fn limits_in_time_of_a_channel() -> io::Result<()> {
    let server = Server::start().await?;
    panics(connects_with(server.endpoint().connect_timeout(MINUTE))).await?;
    panics(connects_with(server.endpoint().rate_limit(1000, MINUTE))).await
}

/// The channel's own task panics, and the channel is of no use any more.
async fn a_deadline_told_by_a_channel() -> io::Result<()> {
    let server = Server::start().await?;
    let mut client = server.client().await?;
    client.square(number(1)).await.map_err(failed)?;
    let mut request = Request::new(number(1));
    request.set_timeout(MINUTE);
    client.square(request).await.expect_err("it needs no tokio any more");
    client.square(number(1)).await.expect_err("it needs no tokio any more");

    let endpoint = server.endpoint().timeout(MINUTE);
    let channel = endpoint.connect_with_connector(service_fn(connect)).await.map_err(io::Error::other)?;
    Client(Grpc::new(channel)).square(number(1)).await.expect_err("it needs no tokio any more");
    Ok(())
}

async fn keep_alive_of_a_channel() -> io::Result<()> {
    let server = Server::start().await?;
    let endpoint = server.endpoint().http2_keep_alive_interval(MINUTE).keep_alive_while_idle(true);
    panics(connects_with(endpoint)).await
}

async fn the_server_of_the_transport() -> io::Result<()> {
    // A stream that needs no runtime: it is the server that does.
    let (stream, _client) = tokio::io::duplex(64);
    let incoming = stream::iter([io::Result::Ok(stream)]);
    panics(transport::Server::builder().add_routes(Routes::default()).serve_with_incoming(incoming)).await
}
