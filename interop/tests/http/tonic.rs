//! gRPC by tonic, without a tokio runtime: its services behind hyper's HTTP/2 on a listener of fend's, its clients over sockets of fend's.
//!
//! What works so, and how:
//!
//! - A server is [`Routes`](tonic::service::Routes), a tower service, given to hyper: see [`ends`]. tonic's own `transport::Server` spawns with
//!   tokio whatever it is given.
//! - A client is a [`Channel`](tonic::transport::Channel) whose `Endpoint` has fend's executor and a connector, or any other tower service
//!   that speaks HTTP/2, such as hyper-util's client.
//! - TLS is [`fend::hyper::Connector`]'s business, and [`fend::hyper::Server`]'s: see [`over_tls`]. tonic has none then; with a TLS feature of its
//!   own, its `Endpoint` takes no URI with `https` but for that.
//! - A call is cancelled when its future is dropped; a deadline is a [`fend::time::timeout`] around it.
//! - What a `Channel` does with time is tokio's (see [`of_tokio`]). A hyper-util client has fend's timer, so that it can tell a server the deadline
//!   (`Request::set_timeout`) and send keep-alive pings.

mod counter;
mod ending;
mod ends;
mod foreign;
#[cfg(not(feature = "tokio-context"))]
mod of_tokio;
mod over_tls;

use std::io;

use futures::channel::mpsc;
use futures::future::try_join_all;
use futures::{SinkExt, StreamExt, TryStreamExt, stream};
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use counter::{Blob, Number};
use ends::Server;

on_every_dispatcher!(
    unary,
    unary_over_a_unix_socket,
    metadata_both_ways,
    client_streaming,
    server_streaming,
    both_streaming,
    many_calls_at_once,
    large_messages,
    errors_with_their_details,
);

fn number(value: u64) -> Number {
    Number { value }
}

/// For `?`.
fn failed(status: Status) -> io::Error {
    io::Error::other(status)
}

async fn unary() -> io::Result<()> {
    let server = Server::start().await?;
    let mut client = server.client().await?;
    assert_eq!(client.square(number(12)).await.map_err(failed)?.into_inner(), number(144));
    Ok(())
}

async fn unary_over_a_unix_socket() -> io::Result<()> {
    let mut client = ends::over_unix_socket().await?;
    assert_eq!(client.square(number(13)).await.map_err(failed)?.into_inner(), number(169));
    Ok(())
}

async fn metadata_both_ways() -> io::Result<()> {
    let server = Server::start().await?;
    let mut client = server.client().await?;
    let mut request = Request::new(number(2));
    let token = MetadataValue::from_bytes(&[0, 255, 7]);
    request.metadata_mut().insert("color", MetadataValue::from_static("green"));
    request.metadata_mut().insert_bin("token-bin", token.clone());
    let response = client.square(request).await.map_err(failed)?;
    assert_eq!(response.metadata().get("color").expect("it comes back"), "green");
    assert_eq!(response.metadata().get_bin("token-bin").expect("it comes back"), &token);
    Ok(())
}

async fn client_streaming() -> io::Result<()> {
    let server = Server::start().await?;
    let mut client = server.client().await?;
    let sum = client.sum(stream::iter((1..=10_000).map(number))).await.map_err(failed)?;
    assert_eq!(sum.into_inner(), number(50_005_000));
    Ok(())
}

async fn server_streaming() -> io::Result<()> {
    let server = Server::start().await?;
    let mut client = server.client().await?;
    let numbers = client.up_to(number(10_000)).await.map_err(failed)?.into_inner();
    let numbers: Vec<_> = numbers.try_collect().await.map_err(failed)?;
    assert!(numbers.iter().map(|number| number.value).eq(1..=10_000));
    Ok(())
}

/// Each answer is awaited before the next question: both ways are open at once.
async fn both_streaming() -> io::Result<()> {
    let server = Server::start().await?;
    let mut client = server.client().await?;
    let (mut questions, asked) = mpsc::channel(0);
    let mut answers = client.running_sum(asked).await.map_err(failed)?.into_inner();
    let mut sum = 0;
    for value in 1..=500 {
        questions.send(number(value)).await.map_err(io::Error::other)?;
        sum += value;
        assert_eq!(answers.next().await.expect("an answer").map_err(failed)?, number(sum));
    }
    drop(questions);
    assert!(answers.next().await.is_none());
    Ok(())
}

async fn many_calls_at_once() -> io::Result<()> {
    let server = Server::start().await?;
    let client = server.client().await?;
    let calls = (0..300).map(|value| {
        let mut client = client.clone();
        fend::spawn(async move { client.square(number(value)).await })
    });
    for (value, answer) in (0..).zip(try_join_all(calls).await?) {
        assert_eq!(answer.map_err(failed)?.into_inner(), number(value * value));
    }
    Ok(())
}

async fn large_messages() -> io::Result<()> {
    /// What tonic takes unless it is told otherwise.
    const LIMIT: usize = 4 << 20;
    let server = Server::start().await?;
    let mut client = server.client().await?;
    let blob = Blob { bytes: (0..LIMIT - 100).map(|index| (index % 251) as u8).collect() };
    assert!(client.echo(blob.clone()).await.map_err(failed)?.into_inner() == blob, "it came back changed");
    let status = client.echo(Blob { bytes: vec![1; LIMIT] }).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");
    Ok(())
}

async fn errors_with_their_details() -> io::Result<()> {
    let server = Server::start().await?;
    let mut client = server.client().await?;
    let status = client.square(number(u64::MAX)).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::OutOfRange, "18446744073709551615 is too large, é"));
    assert_eq!(status.details(), b"\0details");
    assert_eq!(status.metadata().get("limit").expect("it is in the trailers"), "4294967295");

    // After some messages.
    let mut numbers = client.up_to(number(u64::MAX)).await.map_err(failed)?.into_inner();
    assert_eq!(numbers.message().await.map_err(failed)?, Some(number(1)));
    assert_eq!(numbers.message().await.unwrap_err().code(), Code::ResourceExhausted);

    let status = client.unknown(number(1)).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    Ok(())
}
