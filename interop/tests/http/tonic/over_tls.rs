//! gRPC over TLS: [`Connector`] connects, and both ends agree on HTTP/2 by ALPN; [`Server`] serves. Neither end has a TLS library but fend's.

use std::io;
use std::net::SocketAddr;

use fend::hyper::server::Peer;
use fend::hyper::{ConnectionInfo, Connector, Executor, Server, client_builder};
use fend::net::ListenerHandle;
use futures::TryStreamExt;
use futures::channel::mpsc::unbounded;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{Request, Uri};
use hyper_util::client::legacy;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tower::ServiceExt;

use super::counter::{Client, Counter};
use super::{failed, number};
use crate::peers::{acceptor, connector};
use crate::pki::pki;

on_every_dispatcher!(a_channel, a_hyper_client, a_server_without_http_2, a_certificate_of_a_stranger);

/// Stops when it is dropped.
struct Serving {
    address: SocketAddr,
    handle: ListenerHandle,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.handle.stop();
    }
}

impl Serving {
    async fn start(server: impl FnOnce(Server) -> Server) -> io::Result<Serving> {
        let acceptor = acceptor(&pki().localhost, &[])?;
        let server = server(Server::bind("127.0.0.1:0").await?.tls(acceptor));
        let serving = Serving { address: server.local_addr()?, handle: server.handle() };
        let routes = Routes::new(Counter { over: unbounded().0 }).prepare();
        fend::spawn(server.serve_tower(routes.map_request(color_of_alpn)));
        Ok(serving)
    }

    fn uri(&self) -> Uri {
        format!("https://localhost:{}", self.address.port()).parse().expect("an address")
    }

    async fn channel(&self, connector: Connector) -> Result<Client<Channel>, tonic::transport::Error> {
        let endpoint = Endpoint::from(self.uri()).executor(Executor);
        Ok(Client(Grpc::new(endpoint.connect_with_connector(connector).await?)))
    }
}

/// What the handshake has agreed on, as the color that the service gives back.
fn color_of_alpn(mut request: Request<Incoming>) -> Request<Incoming> {
    let peer: &Peer = request.extensions().get().expect("the server has put it there");
    let alpn = peer.tls().and_then(|tls| tls.alpn.clone()).unwrap_or_default();
    request.headers_mut().insert("color", HeaderValue::from_bytes(&alpn).expect("a token"));
    request
}

fn trusting() -> io::Result<Connector> {
    Ok(Connector::new().tls_connector(&connector()?))
}

async fn a_channel() -> io::Result<()> {
    let serving = Serving::start(|server| server).await?;
    let mut client = serving.channel(trusting()?).await.map_err(io::Error::other)?;
    let answer = client.square(number(12)).await.map_err(failed)?;
    assert_eq!(answer.metadata().get("color").expect("the server's word"), "h2");
    assert_eq!(answer.into_inner(), number(144));
    let numbers = client.up_to(number(1000)).await.map_err(failed)?.into_inner();
    let numbers: Vec<_> = numbers.try_collect().await.map_err(failed)?;
    assert!(numbers.iter().map(|number| number.value).eq(1..=1000));
    Ok(())
}

/// Its answers know the connection that they came by.
async fn a_hyper_client() -> io::Result<()> {
    let serving = Serving::start(Server::http2_only).await?;
    let client: legacy::Client<_, Body> = client_builder().http2_only(true).build(trusting()?);
    let mut client = Client(Grpc::with_origin(client, serving.uri()));
    let answer = client.square(number(13)).await.map_err(failed)?;
    let info: &ConnectionInfo = answer.extensions().get().expect("the connection's facts");
    assert_eq!(info.peer_addr, serving.address);
    assert_eq!(info.tls.as_ref().and_then(|tls| tls.alpn.as_deref()), Some(b"h2".as_slice()));
    assert_eq!(answer.into_inner(), number(169));
    Ok(())
}

/// It has chosen HTTP/1.1 of what was offered, which gRPC does not run over.
async fn a_server_without_http_2() -> io::Result<()> {
    let serving = Serving::start(Server::http1_only).await?;
    let client: legacy::Client<_, Body> = client_builder().http2_only(true).build(trusting()?);
    let mut client = Client(Grpc::with_origin(client, serving.uri()));
    client.square(number(1)).await.expect_err("there is no HTTP/2");
    Ok(())
}

/// Told down to its reason, by whoever asks for sources.
async fn a_certificate_of_a_stranger() -> io::Result<()> {
    let serving = Serving::start(|server| server).await?;
    let error = serving.channel(Connector::new()).await.expect_err("nobody vouches for it");
    let mut sources = Vec::new();
    let mut source = Some(&error as &dyn std::error::Error);
    while let Some(error) = source {
        sources.push(error.to_string());
        source = error.source();
    }
    let start = format!(
        "connect {}: TLS handshake with localhost: ",
        serving.uri().to_string().trim_end_matches('/')
    );
    assert!(sources.iter().any(|text| text.starts_with(&start)), "{sources:?}");
    Ok(())
}
