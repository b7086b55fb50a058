//! A server, and the ways to connect to it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use fend::hyper::{Executor, Timer};
use fend::net::{TcpListener, TcpStream, UnixStream};
use fend::task::AbortHandle;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use hyper::Uri;
use hyper::server::conn::http2;
use hyper_util::client::legacy;
use hyper_util::service::TowerToHyperService;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tower::service_fn;

use super::counter::{Client, Counter};

/// Serves for as long as the runtime runs.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// Says when a call of `Wait` is over.
    pub(super) over: UnboundedReceiver<()>,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
}

impl Server {
    pub(super) async fn start() -> io::Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (sender, over) = unbounded();
        let connections = Arc::<Mutex<Vec<_>>>::default();
        let server = Server { address: listener.local_addr()?, over, connections: connections.clone() };
        let routes = Routes::new(Counter { over: sender }).prepare();
        fend::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                stream.set_nodelay(true).expect("an option");
                // Before it is served to the end of a call, which may be followed by a cut.
                let mut connections = connections.lock().unwrap();
                connections.push(fend::spawn(serve(stream, routes.clone())).abort_handle());
            }
        });
        Ok(server)
    }

    /// Drops all connections, in the middle of whatever they do.
    pub(super) fn cut(&self) {
        for connection in self.connections.lock().unwrap().drain(..) {
            connection.abort();
        }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint::from(uri(self.address)).executor(Executor)
    }

    /// A client over tonic's channel.
    pub(super) async fn client(&self) -> io::Result<Client<Channel>> {
        let channel = self.endpoint().connect_with_connector(service_fn(connect)).await;
        Ok(Client(Grpc::new(channel.map_err(io::Error::other)?)))
    }
}

/// A client over hyper-util's, whose timers are fend's.
pub(super) fn hyper_client(
    address: SocketAddr,
    set: impl FnOnce(&mut legacy::Builder),
) -> Client<legacy::Client<impl Connect, Body>> {
    let mut builder = legacy::Client::builder(Executor);
    builder.http2_only(true).timer(Timer).pool_timer(Timer);
    set(&mut builder);
    Client(Grpc::with_origin(builder.build(service_fn(connect)), uri(address)))
}

fn uri(address: SocketAddr) -> Uri {
    format!("http://{address}").parse().expect("an address")
}

/// What hyper-util's client takes.
pub(super) trait Connect: legacy::connect::Connect + Clone + Send + Sync + 'static {}
impl<C: legacy::connect::Connect + Clone + Send + Sync + 'static> Connect for C {}

/// Without an error, since clients come and go as they like.
async fn serve<S>(stream: S, routes: Routes)
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let mut connection = http2::Builder::new(Executor);
    let _ = connection.timer(Timer).serve_connection(stream, TowerToHyperService::new(routes)).await;
}

/// A connector: the address of a URI to a stream.
pub(super) fn connect(uri: Uri) -> Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>> {
    Box::pin(async move {
        let authority = uri.authority().expect("it has an address");
        let stream = TcpStream::connect(authority.as_str()).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    })
}

/// A client whose server has the other end of a socket pair.
pub(super) async fn over_unix_socket() -> io::Result<Client<Channel>> {
    let (ours, theirs) = UnixStream::pair()?;
    let routes = Routes::new(Counter { over: unbounded().0 });
    fend::spawn(serve(theirs, routes));
    let mut ours = Some(ours);
    let connector = service_fn(move |_: Uri| {
        let stream = ours.take().ok_or_else(|| io::Error::other("it has connected once"));
        async move { stream }
    });
    let endpoint = Endpoint::from_static("http://localhost").executor(Executor);
    let channel = endpoint.connect_with_connector(connector).await.map_err(io::Error::other)?;
    Ok(Client(Grpc::new(channel)))
}
