//! redis over sockets of fend: its connections take any stream with tokio's traits, which is a [`TokioIo`], and give a future that a task
//! of fend runs. That needs no other runtime.
//!
//! The crate does not build without one, though. With its feature `smol-comp`, as here:
//! - a limit on the time of a response ([`AsyncConnectionConfig::set_response_timeout`], half a second unless it is set) counts on async-io's
//!   timer, which has a thread of its own and works in every task;
//! - `PubSub::new` runs its connection in smol's global executor, whose thread then does the I/O on fend's socket. Messages that are
//!   pushed to a `MultiplexedConnection` (RESP3) come by way of fend's task instead;
//! - `Client::get_multiplexed_async_connection` opens async-io's socket and uses that executor too. It works in tasks of fend.

mod commands;
mod failures;
mod pubsub;

use std::error::Error;

use fend::io::TokioIo;
use fend::net::{TcpStream, UnixStream};
use fend::task::JoinHandle;
use fend::tls::{Context, Mode, TlsConnector, TlsStream};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::server::redis::Redis;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

async fn tcp(server: &Redis) -> Result<TokioIo<TcpStream>> {
    let stream = TcpStream::connect(server.address).await?;
    stream.set_nodelay(true)?;
    Ok(TokioIo::new(stream))
}

async fn unix(server: &Redis) -> Result<TokioIo<UnixStream>> {
    Ok(TokioIo::new(UnixStream::connect(&server.socket).await?))
}

/// Without the crate's own TLS.
async fn tls(server: &Redis) -> Result<TokioIo<TlsStream<TcpStream>>> {
    let context = Context::builder(Mode::Client).ca(server.certificate.clone()).build()?;
    let stream = TcpStream::connect(server.tls_address).await?;
    Ok(TokioIo::new(TlsConnector::with_context(context)?.handshake("localhost", stream).await?))
}

/// No response comes too late: a busy machine takes longer than usual.
fn patient() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_response_timeout(None)
}

/// A connection over `stream`, and the task that runs it.
async fn over<S>(stream: S, config: AsyncConnectionConfig) -> Result<(MultiplexedConnection, JoinHandle<()>)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let settings = RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP3);
    let (connection, running) = MultiplexedConnection::new_with_config(&settings, stream, config).await?;
    Ok((connection, fend::spawn(running)))
}

async fn connect(server: &Redis) -> Result<(MultiplexedConnection, JoinHandle<()>)> {
    over(tcp(server).await?, patient()).await
}
