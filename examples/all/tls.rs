//! TLS: whom it trusts, what it refuses, and what it may run over. Every certificate is made here.

use std::io;
use std::time::Instant;

use fend::net::{Listener, TcpListener, TcpStream, UnixStream};
use fend::task::TaskGroup;
use fend::tls::{
    Certificate, Context, Identity, Mode, TlsAcceptor, TlsConnector, TlsError, TlsStream, Verify,
};
use futures_lite::{AsyncRead, AsyncWrite, future};

use crate::Outcome;

/// A server for these names, and a client that trusts nobody but it.
fn server_and_client(names: &[&str]) -> Result<(TlsAcceptor, TlsConnector), TlsError> {
    let identity = Identity::self_signed(names)?;
    let connector = connector_trusting(identity.certificate().clone())?;
    Ok((TlsAcceptor::new(identity)?, connector))
}

fn connector_trusting(certificate: Certificate) -> Result<TlsConnector, TlsError> {
    TlsConnector::with_context(Context::builder(Mode::Client).ca(certificate).build()?)
}

/// Shakes hands over the two ends of a stream.
async fn shake_hands<S>(
    acceptor: &TlsAcceptor,
    connector: &TlsConnector,
    (client, server): (S, S),
) -> Result<(TlsStream<S>, TlsStream<S>), TlsError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    future::try_zip(connector.handshake("localhost", client), acceptor.handshake(server)).await
}

async fn tcp_pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    // A session sends when it wants to, behind a handshake for example: the kernel need not wait for more.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok((client, server))
}

async fn read_to_end<S: AsyncRead + AsyncWrite + Unpin>(stream: &TlsStream<S>) -> io::Result<Vec<u8>> {
    let (mut all, mut buffer) = (Vec::new(), vec![0; 16 * 1024]);
    loop {
        match stream.recv(&mut buffer).await? {
            0 => return Ok(all),
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Many clients of a [`Listener`], each handshake in its connection's task.
pub(crate) async fn echo() -> Outcome {
    const CLIENTS: usize = 50;
    const ROUNDS: usize = 100;
    let (acceptor, connector) = server_and_client(&["127.0.0.1"])?;
    let listener = Listener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = fend::spawn(listener.serve(move |stream, _peer| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.handshake(stream).await else { return };
            let mut question = [0; 64];
            while stream.recv_exact(&mut question).await.is_ok() && stream.send_all(&question).await.is_ok() {
            }
        }
    }));
    let start = Instant::now();
    let mut clients: TaskGroup<io::Result<()>> = (0..CLIENTS)
        .map(|_| {
            let connector = connector.clone();
            async move {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let stream = connector.handshake("127.0.0.1", stream).await?;
                for round in 0..ROUNDS {
                    let (question, mut answer) = ([round as u8; 64], [0; 64]);
                    stream.send_all(&question).await?;
                    stream.recv_exact(&mut answer).await?;
                    if answer != question {
                        return Err(io::Error::other("the answer is not the question"));
                    }
                }
                stream.shutdown().await
            }
        })
        .collect();
    while let Some(client) = clients.join_next().await {
        client??;
    }
    let took = start.elapsed();
    server.abort();
    let per_second = (CLIENTS * ROUNDS) as f64 / took.as_secs_f64();
    Ok(format!("{CLIENTS} handshakes, {ROUNDS} round trips each: {per_second:.0} a second"))
}

/// The second handshake with a server goes on with the session of the first.
pub(crate) async fn resumption() -> Outcome {
    let (acceptor, connector) = server_and_client(&["localhost"])?;
    let mut took = Vec::new();
    for resumed in [false, true] {
        let start = Instant::now();
        let (client, server) = shake_hands(&acceptor, &connector, tcp_pair().await?).await?;
        took.push(start.elapsed());
        ensure!(client.is_resumed() == resumed, "resumed: {}", client.is_resumed());
        // Behind the handshake comes the ticket for the next one; a receive finds it.
        server.send_all(b"hello").await?;
        client.recv_exact(&mut [0; 5]).await?;
    }
    Ok(format!("a full handshake took {:?}, one that goes on with its session {:?}", took[0], took[1]))
}

/// A certificate that is good, but another server's.
pub(crate) async fn wrong_host() -> Outcome {
    let (acceptor, connector) = server_and_client(&["a.example", "b.example"])?;
    let (client, server) = tcp_pair().await?;
    let connect = connector.handshake("c.example", client);
    let (refused, at_server) = future::zip(connect, acceptor.handshake(server)).await;
    let error = refused.err().ok_or("the wrong host was taken")?;
    ensure!(error.is_wrong_host(), "another error: {error}");
    ensure!(error.certificate_names() == ["a.example", "b.example"], "{:?}", error.certificate_names());
    let alert = at_server.err().ok_or("the server was not told")?;
    ensure!(alert.is_alert(), "another error at the server: {alert}");
    Ok("c.example refused, with the names that the certificate has; the server was told".to_owned())
}

/// Far more than the kernel's buffers hold, in both directions at once, by tasks that share a stream.
pub(crate) async fn both_ways() -> Outcome {
    const BYTES: usize = 16 * 1024 * 1024;
    let (acceptor, connector) = server_and_client(&["localhost"])?;
    let (client, server) = shake_hands(&acceptor, &connector, tcp_pair().await?).await?;
    let cipher = client.cipher();
    let start = Instant::now();
    let mut tasks: TaskGroup<io::Result<usize>> = TaskGroup::new();
    for stream in [client, server] {
        let (reader, writer) = stream.into_split();
        tasks.spawn(async move {
            let block = vec![7; 64 * 1024];
            for _ in 0..BYTES / block.len() {
                writer.send_all(&block).await?;
            }
            writer.shutdown().await?;
            Ok(0)
        });
        tasks.spawn(async move {
            let (mut buffer, mut total) = (vec![0; 64 * 1024], 0);
            loop {
                match reader.recv(&mut buffer).await? {
                    0 => return Ok(total),
                    count => total += count,
                }
            }
        });
    }
    let mut received = 0;
    while let Some(count) = tasks.join_next().await {
        received += count??;
    }
    ensure!(received == 2 * BYTES, "{received} of {} bytes arrived", 2 * BYTES);
    let rate = received as f64 / start.elapsed().as_secs_f64() / 1e6;
    Ok(format!("16 MiB in each direction at once: {rate:.0} MB/s with {cipher}"))
}

/// A server that asks who is there.
pub(crate) async fn client_certificate() -> Outcome {
    let (server, client) = (Identity::self_signed(["localhost"])?, Identity::self_signed(["ann"])?);
    let context = Context::builder(Mode::Server)
        .identity(server.clone())
        .ca(client.certificate().clone())
        .verify(Verify::PEER | Verify::FAIL_IF_NO_PEER_CERT);
    let acceptor = TlsAcceptor::with_context(context.build()?)?;

    let known = Context::builder(Mode::Client).ca(server.certificate().clone()).identity(client);
    let known = TlsConnector::with_context(known.build()?)?;
    let (_client, accepted) = shake_hands(&acceptor, &known, tcp_pair().await?).await?;
    let subject = accepted.info().peer.ok_or("the server sees no certificate")?;

    let nobody = connector_trusting(server.certificate().clone())?;
    let (client, server) = tcp_pair().await?;
    let (client, refused) =
        future::zip(nobody.handshake("localhost", client), acceptor.handshake(server)).await;
    ensure!(refused.is_err(), "a client without a certificate was let in");
    // A client of TLS 1.3 has done its part of the handshake before the server has judged it.
    let told = read_to_end(&client?).await;
    ensure!(told.is_err(), "the client was not told");
    Ok(format!("{subject} was let in, a client without a certificate was not"))
}

/// A certificate is replaced while a session runs.
pub(crate) async fn reload() -> Outcome {
    let (acceptor, connector) = server_and_client(&["localhost"])?;
    let (client, server) = shake_hands(&acceptor, &connector, tcp_pair().await?).await?;
    let new = Identity::self_signed(["localhost"])?;
    acceptor.reload_identity(new.clone())?;

    let to_new = connector_trusting(new.certificate().clone())?;
    let (second, _server) = shake_hands(&acceptor, &to_new, tcp_pair().await?).await?;
    let (old, new) = (client.peer_certificate(), second.peer_certificate());
    let (old, new) = old.zip(new).ok_or("a server without a certificate")?;
    ensure!(old.serial() != new.serial(), "the certificate is still {}", old.serial());
    server.send_all(b"still here").await?;
    client.recv_exact(&mut [0; 10]).await?;
    Ok("the next client saw the new certificate, and the session before it went on".to_owned())
}

/// Over a Unix socket, one direction closed before the other.
pub(crate) async fn over_unix() -> Outcome {
    let (acceptor, connector) = server_and_client(&["localhost"])?;
    let (client, server) = shake_hands(&acceptor, &connector, UnixStream::pair()?).await?;
    let asks = async {
        client.send_all(b"what is left to say?").await?;
        client.shutdown().await?;
        read_to_end(&client).await
    };
    let answers = async {
        let question = read_to_end(&server).await?;
        server.send_all(format!("you sent {} bytes", question.len()).as_bytes()).await?;
        server.shutdown().await
    };
    let (answer, ()) = future::try_zip(asks, answers).await?;
    ensure!(answer == b"you sent 20 bytes", "the answer was {:?}", String::from_utf8_lossy(&answer));
    Ok("the client closed its direction of a Unix socket, and still got the answer".to_owned())
}

/// A session inside a session, as to a server behind an HTTPS proxy.
pub(crate) async fn in_tls() -> Outcome {
    const BYTES: usize = 1024 * 1024;
    let (outer_acceptor, outer_connector) = server_and_client(&["localhost"])?;
    let (acceptor, connector) = server_and_client(&["localhost"])?;
    let outer = shake_hands(&outer_acceptor, &outer_connector, tcp_pair().await?).await?;
    let (client, server) = shake_hands(&acceptor, &connector, outer).await?;
    let send = async {
        client.send_all(&vec![7; BYTES]).await?;
        client.shutdown().await
    };
    let ((), received) = future::try_zip(send, read_to_end(&server)).await?;
    ensure!(received.len() == BYTES, "{} of {BYTES} bytes arrived", received.len());
    Ok(format!("1 MiB through {} in {}", client.protocol(), client.get_ref().protocol()))
}
