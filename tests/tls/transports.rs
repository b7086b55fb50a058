//! What TLS runs over: sockets of TCP and Unix, memory, TLS itself, and a connection that spoke something else before.

use std::fmt::Debug;
use std::io;

use fend::net::{TcpStream, UnixStream};
use fend::tls::TlsStream;
use futures::{AsyncRead, AsyncWrite};

use crate::ours::{PROTOCOLS, acceptor, acceptor_of, client, connector, connector_of, server, tcp};
use crate::peer::noise;
use crate::pipe::pipe;
use crate::scaled;

on_every_dispatcher!(
    sockets_of_tcp,
    sockets_of_unix,
    pipes_in_memory,
    a_server_is_not_held_up_by_its_tickets,
    tls_within_tls,
    boxed_streams,
    starttls_without_bytes_too_early,
    starttls_with_bytes_too_early,
    starttls_with_buffered_bytes_for_the_client,
    the_stream_below_is_at_hand,
);

/// Shakes hands, sends much both ways at once, and ends cleanly.
async fn exercise<S>(ours: S, theirs: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Debug + Send + Sync + 'static,
{
    let (client, server) =
        futures::future::try_join(connector().handshake("localhost", ours), acceptor().handshake(theirs))
            .await?;
    talk(client, server).await.map(|_| ())
}

async fn talk<S>(client: TlsStream<S>, server: TlsStream<S>) -> io::Result<(TlsStream<S>, TlsStream<S>)>
where
    S: AsyncRead + AsyncWrite + Unpin + Debug + Send + Sync + 'static,
{
    talk_of(noise(scaled(300_000, 3_000_000)), client, server).await
}

/// Sends the same both ways at once, and ends cleanly.
async fn talk_of<S>(
    sent: Vec<u8>,
    client: TlsStream<S>,
    server: TlsStream<S>,
) -> io::Result<(TlsStream<S>, TlsStream<S>)>
where
    S: AsyncRead + AsyncWrite + Unpin + Debug + Send + Sync + 'static,
{
    let (mut there, mut back) = (vec![0; sent.len()], vec![0; sent.len()]);
    futures::future::try_join4(
        client.send_all(&sent),
        server.recv_exact(&mut there),
        server.send_all(&sent),
        client.recv_exact(&mut back),
    )
    .await?;
    assert!(there == sent && back == sent);
    let (mut end, mut other_end) = ([0], [0]);
    // The narrowest has no room for an end that nobody reads.
    let ends = futures::future::try_join4(
        client.shutdown(),
        server.recv(&mut end),
        server.shutdown(),
        client.recv(&mut other_end),
    );
    assert_eq!(ends.await?, ((), 0, (), 0));
    Ok((client, server))
}

async fn sockets_of_tcp() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    exercise(ours, theirs).await
}

async fn sockets_of_unix() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    exercise(ours, theirs).await
}

async fn pipes_in_memory() -> io::Result<()> {
    for (capacity, count) in [(1, 3_000), (2, 5_000), (5, 20_000), (100, 100_000), (16_384, 1_000_000)] {
        let (ours, theirs) = pipe(capacity);
        let acceptor = acceptor_of(server().tickets(0));
        let (client, server) =
            futures::future::try_join(connector().handshake("localhost", ours), acceptor.handshake(theirs))
                .await?;
        talk_of(noise(count), client, server).await?;
    }
    Ok(())
}

/// Tickets follow upon the handshake (TLS 1.3). A client that does not read yet has no part in it any more.
async fn a_server_is_not_held_up_by_its_tickets() -> io::Result<()> {
    for capacity in [1, 100, 500] {
        let (ours, theirs) = pipe(capacity);
        exercise(ours, theirs).await?;
    }
    Ok(())
}

async fn tls_within_tls() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (ours, theirs) = tcp().await?;
        let connector = connector_of(client().protocol(protocol));
        let acceptor = acceptor();
        let outer =
            futures::future::try_join(connector.handshake("localhost", ours), acceptor.handshake(theirs))
                .await?;
        let inner =
            futures::future::try_join(connector.handshake("localhost", outer.0), acceptor.handshake(outer.1))
                .await?;
        assert_eq!((inner.0.protocol(), inner.0.get_ref().protocol()), (protocol, protocol));
        let (client, server) = talk(inner.0, inner.1).await?;
        // The end of the inner one was that of the outer one too.
        let (client, server) = (client.into_inner(), server.into_inner());
        assert_eq!(client.recv(&mut [0; 16]).await?, 0);
        assert_eq!(server.recv(&mut [0; 16]).await?, 0);
    }
    Ok(())
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Debug + Send + Sync {}

impl<S: AsyncRead + AsyncWrite + Unpin + Debug + Send + Sync> Stream for S {}

async fn boxed_streams() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    let (ours, theirs): (Box<dyn Stream>, Box<dyn Stream>) = (Box::new(ours), Box::new(theirs));
    exercise(ours, theirs).await
}

const QUESTION: &[u8] = b"STARTTLS\r\n";
const READY: &[u8] = b"220 ready\r\n";

async fn starttls_without_bytes_too_early() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    let server_side = fend::spawn(async move {
        theirs.recv_exact(&mut [0; QUESTION.len()]).await?;
        theirs.send_all(READY).await?;
        Ok::<_, io::Error>(acceptor().handshake(theirs).buffered(Vec::new()).await?)
    });
    ours.send_all(QUESTION).await?;
    ours.recv_exact(&mut [0; READY.len()]).await?;
    let client_side = connector().handshake("localhost", ours).await?;
    talk(client_side, server_side.await??).await.map(|_| ())
}

/// The client does not wait for the answer, so that the server reads more than the question.
async fn starttls_with_bytes_too_early() -> io::Result<()> {
    for early in [1, 2, 4, 5, 6, 100, 4096] {
        let (ours, theirs) = tcp().await?;
        let server_side = fend::spawn(async move {
            let mut buf = vec![0; QUESTION.len() + early];
            theirs.recv_exact(&mut buf[..QUESTION.len() + early.min(100)]).await?;
            buf.truncate(QUESTION.len() + early.min(100));
            if early > 100 {
                let mut more = vec![0; early];
                let n = theirs.recv(&mut more).await?;
                buf.extend_from_slice(&more[..n]);
            }
            let rest = buf.split_off(QUESTION.len());
            assert_eq!(buf, QUESTION);
            Ok::<_, io::Error>(acceptor().handshake(theirs).buffered(rest).await?)
        });
        ours.send_all(QUESTION).await?;
        let client_side = connector().handshake("localhost", ours).await?;
        talk(client_side, server_side.await??).await?;
    }
    Ok(())
}

/// What a server may say before it has heard anything of TLS: that it asks for a handshake (TLS 1.2), or an alert.
async fn starttls_with_buffered_bytes_for_the_client() -> io::Result<()> {
    let hello_request = [22, 3, 3, 0, 4, 0, 0, 0, 0];
    for cut in [0, 1, 5, 8, 9] {
        let (ours, theirs) = tcp().await?;
        theirs.send_all(&hello_request[cut..]).await?;
        let server_side = fend::spawn(acceptor_of(server()).handshake(theirs));
        let connector = connector_of(client().protocol(PROTOCOLS[0]));
        let client_side =
            connector.handshake("localhost", ours).buffered(hello_request[..cut].to_vec()).await?;
        talk(client_side, server_side.await??).await?;
    }
    let (ours, _theirs) = tcp().await?;
    let alert = vec![21, 3, 3, 0, 2, 2, 40];
    let error = connector().handshake("localhost", ours).buffered(alert).await.unwrap_err();
    assert!(error.alert().is_some_and(|alert| alert.contains("handshake failure")), "{error}");
    Ok(())
}

async fn the_stream_below_is_at_hand() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    let address = ours.local_addr()?;
    let (mut client, server) =
        futures::future::try_join(connector().handshake("localhost", ours), acceptor().handshake(theirs))
            .await?;
    assert_eq!(client.get_ref().local_addr()?, address);
    assert_eq!(server.get_ref().peer_addr()?, address);
    client.get_mut().set_nodelay(true)?;
    let (client, server) = talk(client, server).await?;
    let below: TcpStream = client.into_inner();
    assert_eq!(below.local_addr()?, address);
    drop(server);
    Ok(())
}
