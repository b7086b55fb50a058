//! tokio-postgres over sockets of fend: `Config::connect_raw` takes any stream with tokio's traits, which is a [`TokioIo`]. It needs no
//! tokio runtime: the connection is a future, and a task of fend runs it.
//!
//! Its feature `runtime` is off: that is tokio's sockets and timers.

mod copying;
mod failures;
mod notifications;
mod queries;
mod tls;

use std::error::Error;

use fend::io::TokioIo;
use fend::net::{TcpStream, UnixStream};
use fend::task::JoinHandle;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Config, Connection, NoTls};

use crate::server::postgres::{DATABASE, PASSWORD, Postgres, USER};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What becomes of a connection's task.
type Running = JoinHandle<std::result::Result<(), tokio_postgres::Error>>;

fn config() -> Config {
    let mut config = Config::new();
    config.user(USER).password(PASSWORD).dbname(DATABASE);
    config
}

async fn tcp(server: &Postgres) -> Result<TokioIo<TcpStream>> {
    let stream = TcpStream::connect(server.address).await?;
    stream.set_nodelay(true)?;
    Ok(TokioIo::new(stream))
}

async fn unix(server: &Postgres) -> Result<TokioIo<UnixStream>> {
    Ok(TokioIo::new(UnixStream::connect(&server.socket).await?))
}

/// A session over `stream`, without TLS.
async fn over<S>(stream: S) -> Result<(Client, Connection<S, NoTlsStream>)>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    Ok(config().connect_raw(stream, NoTls).await?)
}

/// A session over TCP, and the task that runs its connection.
async fn connect(server: &Postgres) -> Result<(Client, Running)> {
    let (client, connection) = over(tcp(server).await?).await?;
    Ok((client, fend::spawn(connection)))
}

/// The session ends when its client is dropped, and the connection has nothing to complain about.
async fn finish(client: Client, connection: Running) -> Result<()> {
    drop(client);
    Ok(connection.await??)
}
