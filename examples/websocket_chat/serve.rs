//! Takes connections, until it is told to end. One task has a connection from its first request to the last frame of its WebSocket, so that the
//! listener's limit and its drain count both alike.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use fend::hyper::{FuturesIo, Timer};
use fend::net::{Listener, ListenerHandle, TcpStream};
use hyper::server::conn::http1;
use hyper::service::service_fn;

use crate::arguments::complain;
use crate::chat::{Chat, Settings};
use crate::member;
use crate::service::Service;
use crate::termination::Termination;

/// How long a client may take for the head of a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);

/// How long all may take for their goodbyes.
const DRAIN: Duration = Duration::from_secs(5);

pub(crate) async fn run(addr: SocketAddr, settings: Settings) -> io::Result<()> {
    let listener = Listener::bind(addr).await?.max_connections(settings.connections).on_error(|failure| {
        // Once for each lack, and not with every try.
        if failure.begins_back_off() {
            complain(failure.error());
        }
    });
    let handle = listener.handle();
    let chat = Arc::new(Chat::new(settings, handle.token()));
    let ended = fend::spawn(end_when_told(handle, Termination::new()?));
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    listener
        .serve(move |stream, peer| {
            let chat = chat.clone();
            async move { serve(stream, &peer.to_string(), &chat).await }
        })
        .await?;
    ended.await?
}

async fn end_when_told(listener: ListenerHandle, termination: Termination) -> io::Result<()> {
    let told = termination.told().await?;
    let report = listener.drain(DRAIN).await;
    let aborted = report.aborted + report.stuck as u64;
    writeln!(io::stdout(), "{told}: {} connections finished, {aborted} aborted", report.finished)
}

/// HTTP, and what follows it. A client that is gone, or that has sent what is no HTTP, is everyday life and not worth a line.
async fn serve(stream: TcpStream, peer: &str, chat: &Chat) {
    let service = Service::new(chat, peer);
    if stream.set_nodelay(true).is_err() || converse(stream, &service, chat).await.is_err() {
        return;
    }
    let Some(upgrade) = service.into_upgrade() else { return };
    match upgrade.await {
        Ok(socket) => member::attend(FuturesIo::new(socket), peer, chat).await,
        Err(error) => chat.log.tell(format!("{peer}: no WebSocket after the handshake: {error}")),
    }
}

async fn converse(stream: TcpStream, service: &Service<'_>, chat: &Chat) -> Result<(), hyper::Error> {
    let answer = service_fn(async |request| Ok::<_, hyper::Error>(service.answer(request)));
    let mut http = http1::Builder::new();
    http.timer(Timer).header_read_timeout(HEAD_PATIENCE);
    let mut connection = pin!(http.serve_connection(stream, answer).with_upgrades());
    match chat.ending.run_until_cancelled(connection.as_mut()).await {
        Some(ended) => ended,
        // The answer that is on its way still arrives.
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}
