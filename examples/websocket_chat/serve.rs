//! Takes connections, until it is told to end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use fend::hyper::Server;
use hyper::service::service_fn;

use crate::chat::{Chat, Settings};
use crate::server;
use crate::service;

/// How long a client may take for the head of a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// Listens, prints the address on a line of its own, and serves until SIGTERM or ^C comes. A connection that has become a WebSocket counts for the
/// listener all the same: for its limit, and for its drain, whose beginning all members learn from the token.
pub(crate) async fn run(addr: SocketAddr, settings: Settings) -> io::Result<()> {
    let listening = server::listen(addr).await?;
    server::serve_by(listening, |listener| {
        let connections = settings.connections;
        let chat = Arc::new(Chat::new(settings, listener.handle().token()));
        let log = chat.clone();
        Server::new(listener)
            .max_connections(connections)
            .http1_only()
            .header_read_timeout(HEAD_PATIENCE)
            .on_error(move |failure| {
                if !failure.is_everyday() {
                    log.log.tell(failure);
                }
            })
            .serve(service_fn(move |request| {
                let answer = service::answer(request, &chat);
                async { Ok::<_, Infallible>(answer) }
            }))
    })
    .await
}
