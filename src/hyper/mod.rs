//! hyper on fend: its traits for sockets and TLS streams, its executor and timer, a connector for clients, a server.
//!
//! hyper asks a runtime for streams, tasks and timers by traits of its own (`hyper::rt`). With the feature `hyper`:
//!
//! | hyper and hyper-util want | here it is |
//! |---|---|
//! | `rt::Read`, `rt::Write` | every stream of [`fend::net`](crate::net) and [`TlsStream`](crate::tls::TlsStream) themselves: no wrapper, and hyper's buffer is what the kernel or OpenSSL writes to |
//! | `rt::Executor` | [`Executor`] |
//! | `rt::Timer` | [`Timer`] |
//! | a connector: `Service<Uri>` | [`Connector`], which gives a [`Stream`] (feature `dns`, and `tls` for `https`) |
//! | `Connection` | the same streams |
//! | streams of others, upgraded connections | [`FuturesIo`] |
//! | a server around all this | [`Server`], over any [`Listener`](crate::net::Listener) |
//!
//! Without `dns` there is no `Connector` and no [`client`]: connect by address, or give [`client_builder`] a connector of your own.
//!
//! # What else a program names
//!
//! ```toml
//! [dependencies]
//! fend = { git = "https://github.com/fend-rs/fend", features = ["hyper"] }
//! hyper = "1" # Requests, responses, `service_fn`. Its features for both ends and both versions of HTTP come with fend's.
//! http-body-util = "0.1" # Bodies: `Full`, `Empty`, and `BodyExt`, which collects them. A `String` is a body as it is.
//! hyper-util = "0.1" # Only where its types are named, as in a struct that keeps a `client::legacy::Client`.
//! ```
//!
//! Where a module has `use fend::hyper`, the crate itself is `::hyper`.
//!
//! # A server
//!
//! [`Server`] takes a service of hyper, such as `service_fn` makes of a function, or one of tower, such as [axum's router](crate::guide::cookbook#axum):
//!
//! ```no_run
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use fend::hyper::Server;
//! use hyper::body::Incoming;
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//!
//! async fn hello(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
//!     Ok(Response::new(format!("hello from {}\n", request.uri().path())))
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! fend::block_on(async {
//!     // Until ^C or SIGTERM comes. Then those who are being answered have ten seconds.
//!     let server = Server::bind("127.0.0.1:3000").await?.graceful(Duration::from_secs(10));
//!     println!("listening on {}", server.local_addr()?);
//!     server.serve(service_fn(hello)).await?;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # A client with a pool of connections
//!
//! [`client`] is hyper-util's, ready to use:
//!
//! ```no_run
//! # #[cfg(feature = "dns")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hyper::body::Bytes;
//! use http_body_util::{BodyExt, Empty};
//!
//! fend::block_on(async {
//!     let client = fend::hyper::client::<Empty<Bytes>>();
//!     let response = client.get("https://www.rust-lang.org/".parse()?).await?;
//!     println!("{} by {:?}", response.status(), response.version());
//!     let page = response.into_body().collect().await?.to_bytes();
//!     println!("{} bytes", page.len());
//!     Ok(())
//! })
//! # }
//! # #[cfg(not(feature = "dns"))]
//! # fn main() {}
//! ```
//!
//! # A connection by hand
//!
//! For one server, or a protocol that goes on where HTTP ends, hyper's own `client::conn` takes any stream:
//!
//! ```
//! use hyper::body::Bytes;
//! use fend::net::{TcpListener, TcpStream};
//! use http::{Request, Response};
//! use http_body_util::{BodyExt, Empty, Full};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! fend::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     fend::spawn(async move {
//!         let (stream, _) = listener.accept().await?;
//!         let service = hyper::service::service_fn(|request: Request<hyper::body::Incoming>| async move {
//!             let text = format!("this is {}", request.uri().path());
//!             Ok::<_, std::convert::Infallible>(Response::new(Full::new(Bytes::from(text))))
//!         });
//!         let mut builder = hyper::server::conn::http1::Builder::new();
//!         builder.timer(fend::hyper::Timer);
//!         builder.serve_connection(stream, service).await.map_err(std::io::Error::other)
//!     });
//!
//!     let stream = TcpStream::connect(address).await?;
//!     let (mut sender, connection) = hyper::client::conn::http1::handshake(stream).await?;
//!     fend::spawn(connection);
//!     let request = Request::get("/here").header("host", "localhost").body(Empty::<Bytes>::new())?;
//!     let response = sender.send_request(request).await?;
//!     assert_eq!(response.into_body().collect().await?.to_bytes(), "this is /here");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! HTTP/2 is the same with `http2::handshake(fend::hyper::Executor, stream)`; over TLS both ends agree on it by ALPN, `h2`.

mod client;
#[cfg(feature = "dns")]
mod connector;
mod executor;
mod futures_io;
#[cfg(feature = "dns")]
mod origin;
pub mod server;
#[cfg(feature = "dns")]
mod stream;
mod timer;

#[cfg(feature = "dns")]
pub use client::client;
pub use client::client_builder;
#[cfg(feature = "dns")]
pub use connector::{Connecting, Connector};
pub use executor::Executor;
pub use futures_io::FuturesIo;
pub use server::Server;
#[cfg(feature = "dns")]
pub use stream::{ConnectionInfo, Stream};
pub use timer::Timer;

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::panic::{RefUnwindSafe, UnwindSafe};

    use super::*;

    fn is_everything<T: Send + Sync + Unpin + UnwindSafe + RefUnwindSafe + Debug>() {}
    fn is_a_setting<T: Clone + Default>() {}

    #[test]
    fn what_users_hold_goes_everywhere() {
        is_everything::<Executor>();
        is_everything::<Timer>();
        is_everything::<FuturesIo<crate::net::TcpStream>>();
        is_a_setting::<Executor>();
        is_a_setting::<Timer>();
    }

    #[cfg(feature = "dns")]
    #[test]
    fn connections_go_everywhere() {
        fn is_sent<T: Send + Unpin + Debug>() {}
        is_everything::<Stream>();
        is_everything::<ConnectionInfo>();
        is_a_setting::<Connector>();
        is_sent::<Connector>();
        is_sent::<Connecting>();
    }
}
