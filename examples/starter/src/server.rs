//! Listens, serves, and ends in order.

use std::convert::Infallible;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Instant;

use fend::hyper::Server;
use fend::hyper::server::Peer;
use fend::net::activation::ListenFds;
use fend::net::{Listener, ListenerHandle, TcpListener};
use fend::time::sleep;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};

use crate::config::Config;
use crate::health::Health;
use crate::log;
use crate::routes::App;
use crate::shutdown::Shutdown;

/// Runs the service until it is told to end, and has ended.
pub async fn run(config: Config) -> io::Result<()> {
    let listener = Listener::new(listen(&config).await?)
        .max_connections(config.max_connections)
        .on_error(|failure| log::error(failure.error()));
    let server = Server::new(listener).on_error(|failure| {
        if !failure.is_everyday() {
            log::error(failure);
        }
    });
    let shutdown = Shutdown::new()?;
    // Whoever reads this line can connect, and end the service.
    writeln!(io::stdout(), "listening on {}", server.local_addr()?)?;

    let app = Arc::new(App { health: Health::new(), max_body: config.max_body });
    let ended = fend::spawn(end_when_told(shutdown, server.handle(), app.clone(), config));
    server.serve(service_fn(move |request| answer(app.clone(), request))).await?;
    ended.await?
}

/// The socket that a service manager hands over under the name `http`, or one of our own.
async fn listen(config: &Config) -> io::Result<TcpListener> {
    match ListenFds::take()?.named("http") {
        Some(socket) => socket.convert(),
        None => TcpListener::bind(config.listen).await,
    }
}

async fn answer(app: Arc<App>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let begin = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let peer = request.extensions().get::<Peer>().map(|peer| *peer.addr());
    let response = app.answer(request).await;
    log::request(peer, &method, &path, response.status(), begin.elapsed());
    Ok(response)
}

/// First `/ready` says no, then nobody is let in any more, then what is under way has its time.
async fn end_when_told(
    shutdown: Shutdown,
    listener: ListenerHandle,
    app: Arc<App>,
    config: Config,
) -> io::Result<()> {
    let signal = shutdown.requested().await?;
    log::info(format_args!("{signal}: ending"));
    app.health.begin_to_end();
    sleep(config.drain_delay).await;
    let report = listener.drain(config.grace).await;
    let aborted = report.aborted + report.stuck as u64;
    log::info(format_args!("ended: {} connections finished, {aborted} aborted", report.finished));
    Ok(())
}
