//! tonic with its own server and channel, which are tokio's.

use std::convert::Infallible;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, stream};
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::http;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::server::{NamedService, StreamingService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

#[derive(Clone, PartialEq, prost::Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

#[derive(Clone, Debug)]
struct Echo;

/// Sends back each message, in capitals.
struct Capitals;

impl NamedService for Echo {
    const NAME: &'static str = "interop.Echo";
}

impl StreamingService<Text> for Capitals {
    type Response = Text;
    type ResponseStream = stream::BoxStream<'static, Result<Text, Status>>;
    type Future = BoxFuture<'static, Result<Response<Self::ResponseStream>, Status>>;

    fn call(&mut self, request: Request<Streaming<Text>>) -> Self::Future {
        let answers = request.into_inner().then(|message| async {
            tokio::time::sleep(Duration::from_micros(100)).await;
            message.map(|message| Text { text: message.text.to_uppercase() })
        });
        async { Ok(Response::new(answers.boxed())) }.boxed()
    }
}

impl tower::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let codec = ProstCodec::<Text, Text>::default();
        async { Ok(tonic::server::Grpc::new(codec).streaming(Capitals, request).await) }.boxed()
    }
}

async fn tonics_own_server_and_channel() -> io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let server = fend::spawn(async move {
        let incoming = TcpIncoming::from(listener);
        let told = async { drop(ended.await) };
        Server::builder().add_service(Echo).serve_with_incoming_shutdown(incoming, told).await
    });
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let mut client = Grpc::new(endpoint.connect().await.map_err(io::Error::other)?);
    let path = || PathAndQuery::from_static("/interop.Echo/Echo");
    let codec = ProstCodec::<Text, Text>::default;

    client.ready().await.map_err(io::Error::other)?;
    let one = Request::new(Text { text: "one".to_owned() });
    let answer: Response<Text> = client.unary(one, path(), codec()).await.expect("an answer");
    assert_eq!(answer.get_ref().text, "ONE");

    client.ready().await.map_err(io::Error::other)?;
    let many = Request::new(stream::iter((0..50).map(|n| Text { text: format!("n{n}") })));
    let answers: Response<Streaming<Text>> = client.streaming(many, path(), codec()).await.expect("answers");
    let answers: Vec<_> = answers.into_inner().map(|answer| answer.expect("an answer").text).collect().await;
    assert_eq!(answers, (0..50).map(|n| format!("N{n}")).collect::<Vec<_>>());

    drop(client);
    end.send(()).expect("it runs");
    server.await?.map_err(io::Error::other)
}

on_every_dispatcher!(tonics_own_server_and_channel);
