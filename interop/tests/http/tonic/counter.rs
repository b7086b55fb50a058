//! A service and its client, as tonic's generator would make them of a `.proto` file, but smaller.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use fend::time::timeout;
use futures::channel::mpsc::UnboundedSender;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use hyper::http::uri::PathAndQuery;
use tonic::body::Body;
use tonic::client::{Grpc, GrpcService};
use tonic::codegen::{Body as HttpBody, StdError};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::server::NamedService;
use tonic::{Code, IntoRequest, IntoStreamingRequest, Request, Response, Status, Streaming, server};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(super) struct Number {
    #[prost(uint64, tag = "1")]
    pub(super) value: u64,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Blob {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) bytes: Vec<u8>,
}

type Numbers = Pin<Box<dyn Stream<Item = Result<Number, Status>> + Send>>;

/// The server's part.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    /// Is told when a call of `Wait` or `UpTo` is over: in time, cancelled, or because the connection has ended.
    pub(super) over: UnboundedSender<()>,
}

impl NamedService for Counter {
    const NAME: &'static str = "interop.Counter";
}

impl Service<hyper::Request<Body>> for Counter {
    type Response = hyper::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<hyper::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: hyper::Request<Body>) -> Self::Future {
        let over = self.over.clone();
        Box::pin(async move {
            let mut numbers = server::Grpc::new(ProstCodec::<Number, Number>::default());
            let mut blobs = server::Grpc::new(ProstCodec::<Blob, Blob>::default());
            Ok(match request.uri().path() {
                "/interop.Counter/Square" => numbers.unary(service_fn(square), request).await,
                "/interop.Counter/Sum" => numbers.client_streaming(service_fn(sum), request).await,
                "/interop.Counter/UpTo" => {
                    numbers
                        .server_streaming(service_fn(|request| up_to(request, Over(over.clone()))), request)
                        .await
                }
                "/interop.Counter/RunningSum" => numbers.streaming(service_fn(running_sum), request).await,
                "/interop.Counter/Wait" => {
                    numbers.unary(service_fn(|request| wait(request, Over(over.clone()))), request).await
                }
                "/interop.Counter/Echo" => {
                    let echo = |blob: Request<Blob>| async { Ok(Response::new(blob.into_inner())) };
                    blobs.unary(service_fn(echo), request).await
                }
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

async fn square(request: Request<Number>) -> Result<Response<Number>, Status> {
    let (metadata, _, Number { value }) = request.into_parts();
    let limit = u64::from(u32::MAX);
    if value > limit {
        let mut trailers = MetadataMap::new();
        trailers.insert("limit", MetadataValue::from(limit));
        let message = format!("{value} is too large, é");
        let details = b"\0details".as_slice().into();
        return Err(Status::with_details_and_metadata(Code::OutOfRange, message, details, trailers));
    }
    let mut response = Response::new(Number { value: value * value });
    if let Some(color) = metadata.get("color") {
        response.metadata_mut().insert("color", color.clone());
    }
    if let Some(token) = metadata.get_bin("token-bin") {
        response.metadata_mut().insert_bin("token-bin", token.clone());
    }
    Ok(response)
}

async fn sum(request: Request<Streaming<Number>>) -> Result<Response<Number>, Status> {
    let numbers = request.into_inner();
    let value = numbers.try_fold(0, |sum, number| async move { Ok(sum + number.value) }).await?;
    Ok(Response::new(Number { value }))
}

/// Tells when it is dropped.
struct Over(UnboundedSender<()>);

impl Drop for Over {
    fn drop(&mut self) {
        let _ = self.0.unbounded_send(());
    }
}

async fn up_to(request: Request<Number>, over: Over) -> Result<Response<Numbers>, Status> {
    let last = request.into_inner().value;
    let numbers = stream::iter(1..=last).map(move |value| match (value, &over) {
        (2, _) if last == u64::MAX => Err(Status::resource_exhausted("so many")),
        (value, _) => Ok(Number { value }),
    });
    Ok(Response::new(numbers.boxed()))
}

async fn running_sum(request: Request<Streaming<Number>>) -> Result<Response<Numbers>, Status> {
    let mut sum = 0;
    let sums = request.into_inner().map_ok(move |number| {
        sum += number.value;
        Number { value: sum }
    });
    Ok(Response::new(sums.boxed()))
}

/// Takes for ever, or until the client's deadline.
async fn wait(request: Request<Number>, _over: Over) -> Result<Response<Number>, Status> {
    match deadline(request.metadata()) {
        Some(limit) => match timeout(limit, pending()).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(Status::deadline_exceeded(format!("the server says: {elapsed}"))),
        },
        None => pending().await,
    }
}

/// How long the client waits, as `grpc-timeout` tells in "gRPC over HTTP2".
fn deadline(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (count, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count = count.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(3600 * count),
        "M" => Duration::from_secs(60 * count),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// The client's part, over whatever carries its requests.
#[derive(Debug, Clone)]
pub(super) struct Client<T>(pub(super) Grpc<T>);

type Answer<M> = Result<Response<M>, Status>;

impl<T> Client<T>
where
    T: GrpcService<Body>,
    T::ResponseBody: HttpBody + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError>,
{
    async fn ready(&mut self) -> Result<&mut Grpc<T>, Status> {
        self.0.ready().await.map_err(|error| Status::from_error(error.into()))?;
        Ok(&mut self.0)
    }

    async fn unary<M: prost::Message + Default + 'static>(
        &mut self,
        method: &'static str,
        request: Request<M>,
    ) -> Answer<M> {
        let path = PathAndQuery::from_static(method);
        self.ready().await?.unary(request, path, ProstCodec::<M, M>::default()).await
    }

    pub(super) async fn square(&mut self, request: impl IntoRequest<Number>) -> Answer<Number> {
        self.unary("/interop.Counter/Square", request.into_request()).await
    }

    pub(super) async fn wait(&mut self, request: impl IntoRequest<Number>) -> Answer<Number> {
        self.unary("/interop.Counter/Wait", request.into_request()).await
    }

    pub(super) async fn echo(&mut self, request: impl IntoRequest<Blob>) -> Answer<Blob> {
        self.unary("/interop.Counter/Echo", request.into_request()).await
    }

    /// No server has it.
    pub(super) async fn unknown(&mut self, request: impl IntoRequest<Number>) -> Answer<Number> {
        self.unary("/interop.Counter/Unknown", request.into_request()).await
    }

    pub(super) async fn sum(
        &mut self,
        request: impl IntoStreamingRequest<Message = Number>,
    ) -> Answer<Number> {
        let (request, path) =
            (request.into_streaming_request(), PathAndQuery::from_static("/interop.Counter/Sum"));
        self.ready().await?.client_streaming(request, path, ProstCodec::<Number, _>::default()).await
    }

    pub(super) async fn up_to(&mut self, request: impl IntoRequest<Number>) -> Answer<Streaming<Number>> {
        let (request, path) = (request.into_request(), PathAndQuery::from_static("/interop.Counter/UpTo"));
        self.ready().await?.server_streaming(request, path, ProstCodec::<Number, _>::default()).await
    }

    pub(super) async fn running_sum(
        &mut self,
        request: impl IntoStreamingRequest<Message = Number>,
    ) -> Answer<Streaming<Number>> {
        let (request, path) =
            (request.into_streaming_request(), PathAndQuery::from_static("/interop.Counter/RunningSum"));
        self.ready().await?.streaming(request, path, ProstCodec::<Number, _>::default()).await
    }
}
