//! hyper-util's client, with all that it needs of a runtime.

#[cfg(feature = "dns")]
use hyper::body::Body;
use hyper_util::client::legacy::{Builder, Client};

#[cfg(feature = "dns")]
use super::Connector;
use super::{Executor, Timer};

/// A client that keeps connections for further requests: hyper-util's, with a [`Connector`].
///
/// It speaks HTTP/1.1, and HTTP/2 with TLS servers that choose it. `B` is the body of the requests. A clone shares the connections; one client for the
/// whole program is the usual number. A connection that nobody uses is closed after 90 s.
///
/// For other settings see [`client_builder`].
///
/// # Examples
///
/// ```
/// use hyper::body::Bytes;
/// use http_body_util::{BodyExt, Empty};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = fend::block_on(fend::net::TcpListener::bind("127.0.0.1:0"))?;
/// # let address = listener.local_addr()?;
/// # fend::spawn(async move {
/// #     let (stream, _) = listener.accept().await.unwrap();
/// #     let answer = hyper::service::service_fn(|_| async {
/// #         Ok::<_, std::convert::Infallible>(http::Response::new(String::from("hello")))
/// #     });
/// #     hyper::server::conn::http1::Builder::new().serve_connection(stream, answer).await
/// # });
/// fend::block_on(async {
///     let client = fend::hyper::client::<Empty<Bytes>>();
///     let uri = format!("http://{address}/").parse()?;
///     let response = client.get(uri).await?;
///     assert_eq!(response.status(), 200);
///     assert_eq!(response.into_body().collect().await?.to_bytes(), "hello");
///     Ok(())
/// })
/// # }
/// ```
#[cfg(feature = "dns")]
pub fn client<B>() -> Client<Connector, B>
where
    B: Body + Send,
    B::Data: Send,
{
    client_builder().build(Connector::new())
}

/// The builder of hyper-util's client, with fend's [`Executor`] and [`Timer`] in all places that have one: also for the end of idle
/// connections, and for HTTP/2's pings.
///
/// # Examples
///
/// A server behind a Unix socket, by a connector that is a closure (`tower`'s, which needs its feature `util`):
///
/// ```
/// use hyper::body::Bytes;
/// use fend::net::UnixStream;
/// use http_body_util::{BodyExt, Empty};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = std::env::temp_dir().join(format!("fend-client-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("socket");
/// # let _ = std::fs::remove_file(&path);
/// # let listener = fend::block_on(fend::net::UnixListener::bind(&path))?;
/// # fend::spawn(async move {
/// #     let (stream, _) = listener.accept().await.unwrap();
/// #     let answer = hyper::service::service_fn(|_| async {
/// #         Ok::<_, std::convert::Infallible>(http::Response::new(String::from("hello")))
/// #     });
/// #     hyper::server::conn::http1::Builder::new().serve_connection(stream, answer).await
/// # });
/// fend::block_on(async {
///     let connector = tower::service_fn(move |_: http::Uri| {
///         let path = path.clone();
///         Box::pin(async move { UnixStream::connect(path).await })
///     });
///     let client = fend::hyper::client_builder().build::<_, Empty<Bytes>>(connector);
///     // The host is what the server is told; the socket is found without it.
///     let response = client.get("http://localhost/version".parse()?).await?;
///     assert_eq!(response.into_body().collect().await?.to_bytes(), "hello");
///     # std::fs::remove_dir_all(&directory)?;
///     Ok(())
/// })
/// # }
/// ```
pub fn client_builder() -> Builder {
    let mut builder = Client::builder(Executor);
    builder.timer(Timer).pool_timer(Timer);
    builder
}
