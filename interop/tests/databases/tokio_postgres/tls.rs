//! Sessions over TLS of fend. [`Tls`] is all that it takes: tokio-postgres asks for a handshake once the server has agreed to one, and
//! for what binds the password to the certificate, so that nobody in between can pass a login on.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use fend::io::TokioIo;
use fend::net::TcpStream;
use fend::tls::{Certificate, Mode, Protocol, TlsConnector, TlsError, TlsStream};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::tls::{self, TlsConnect};
use tokio_postgres::{CancelToken, Client, Config, NoTls};

use super::{Result, Running, config, copying, failures, finish, tcp};
use crate::Outcome;
use crate::server::postgres::Postgres;

with_server!(
    a_session_is_encrypted_and_bound_to_the_certificate,
    rows_go_in_and_come_out,
    a_query_is_cancelled,
    a_certificate_for_another_host_is_refused,
    channel_binding_cannot_be_had_without_tls,
);

/// Makes TLS sessions with a server of this name.
#[derive(Debug, Clone)]
struct Tls {
    connector: TlsConnector,
    host: &'static str,
}

impl TlsConnect<TokioIo<TcpStream>> for Tls {
    type Stream = Encrypted;
    type Error = TlsError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Encrypted, TlsError>> + Send>>;

    fn connect(self, stream: TokioIo<TcpStream>) -> Self::Future {
        Box::pin(async move {
            let stream = self.connector.handshake(self.host, stream.into_inner()).await?;
            Ok(Encrypted(TokioIo::new(stream)))
        })
    }
}

#[derive(Debug)]
struct Encrypted(TokioIo<TlsStream<TcpStream>>);

impl tls::TlsStream for Encrypted {
    fn channel_binding(&self) -> tls::ChannelBinding {
        match self.0.get_ref().peer_certificate().as_ref().and_then(end_point) {
            Some(digest) => tls::ChannelBinding::tls_server_end_point(digest),
            None => tls::ChannelBinding::none(),
        }
    }
}

/// The channel binding tls-server-end-point (RFC 5929, section 4.1): the certificate's digest by the function of its signature, in place of
/// which SHA-256 is taken for MD5 and SHA-1. There is none where the signature has no such function.
fn end_point(certificate: &Certificate) -> Option<Vec<u8>> {
    let signature = certificate.as_x509().signature_algorithm().object().nid();
    let digest = match signature.signature_algorithms()?.digest {
        Nid::MD5 | Nid::SHA1 => MessageDigest::sha256(),
        other => MessageDigest::from_nid(other)?,
    };
    Some(certificate.as_x509().digest(digest).ok()?.to_vec())
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The server's certificate is the one that is trusted.
fn tls(server: &Postgres, protocol: Protocol, host: &'static str) -> Result<Tls> {
    let context = fend::tls::Context::builder(Mode::Client);
    let context = context.ca(server.certificate.clone()).protocol(protocol).build()?;
    Ok(Tls { connector: TlsConnector::with_context(context)?, host })
}

/// Without TLS there is no session.
fn strict() -> Config {
    let mut config = config();
    config.ssl_mode(SslMode::Require).channel_binding(ChannelBinding::Require);
    config
}

async fn connect(server: &Postgres, protocol: Protocol) -> Result<(Client, Running)> {
    let stream = tcp(server).await?;
    let (client, connection) = strict().connect_raw(stream, tls(server, protocol, "localhost")?).await?;
    Ok((client, fend::spawn(connection)))
}

async fn a_session_is_encrypted_and_bound_to_the_certificate(server: &'static Postgres) -> Outcome {
    for (protocol, name) in [(Protocol::Tls1_2, "TLSv1.2"), (Protocol::Tls1_3, "TLSv1.3")] {
        let (client, connection) = connect(server, protocol).await?;
        let query = "select ssl, version from pg_stat_ssl where pid = pg_backend_pid()";
        let row = client.query_one(query, &[]).await?;
        assert!(row.get::<_, bool>(0));
        assert_eq!(row.get::<_, &str>(1), name);
        finish(client, connection).await?;
    }
    Ok(())
}

async fn rows_go_in_and_come_out(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server, Protocol::Tls1_3).await?;
    copying::in_and_out(&client).await?;
    finish(client, connection).await
}

/// The request to cancel is encrypted too.
async fn a_query_is_cancelled(server: &'static Postgres) -> Outcome {
    let (client, connection) = connect(server, Protocol::Tls1_3).await?;
    let tls = tls(server, Protocol::Tls1_3, "localhost")?;
    let cancel = async |token: CancelToken| Ok(token.cancel_query_raw(tcp(server).await?, tls).await?);
    failures::cancelled_by(server, &client, cancel).await?;
    finish(client, connection).await
}

async fn a_certificate_for_another_host_is_refused(server: &'static Postgres) -> Outcome {
    let tls = tls(server, Protocol::Tls1_3, "example.org")?;
    let error = strict().connect_raw(tcp(server).await?, tls).await.err().expect("a refusal");
    let cause = error.into_source().expect("a cause");
    assert!(cause.downcast_ref::<TlsError>().is_some_and(TlsError::is_wrong_host), "{cause}");
    Ok(())
}

async fn channel_binding_cannot_be_had_without_tls(server: &'static Postgres) -> Outcome {
    let mut config = strict();
    config.ssl_mode(SslMode::Disable);
    assert!(config.connect_raw(tcp(server).await?, NoTls).await.is_err());
    Ok(())
}
