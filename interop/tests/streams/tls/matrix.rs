//! Each library with each: what is said, how it ends, and who is refused.

use std::io;

use fend::tls::{Protocol, TlsError};
use futures::{AsyncReadExt, AsyncWriteExt};

use super::libraries::{LIBRARIES, Library, PROTOCOLS, Stream, accept, connect};
use crate::pair::{echo, exchange, tcp};

on_every_dispatcher!(
    a_mebibyte_there_and_back,
    an_orderly_end_is_seen_by_either_side,
    a_connection_that_is_cut_is_no_orderly_end,
    a_server_that_is_somebody_else_is_refused,
    versions_that_do_not_meet_are_refused,
);

const LENGTH: usize = 1 << 20;

/// What becomes of a session for `host`, at the client and at the server.
async fn handshake(
    (client, server): (Library, Library),
    protocol: Protocol,
    host: &str,
) -> io::Result<(io::Result<Stream>, io::Result<Stream>)> {
    let (ours, theirs) = tcp().await?;
    Ok(futures::join!(connect(client, protocol, host, Box::new(ours)), accept(server, Box::new(theirs))))
}

/// Each client with each server, and each version of TLS that both speak.
fn combinations() -> impl Iterator<Item = ((Library, Library), Protocol)> {
    let clients = LIBRARIES.into_iter();
    let ends = clients.flat_map(|client| LIBRARIES.map(|server| (client, server)));
    ends.flat_map(|ends| PROTOCOLS.map(|protocol| (ends, protocol)))
        .filter(|((_, server), protocol)| *protocol <= server.newest_of_server())
}

/// The two ends of a session of each combination.
async fn each(test: impl AsyncFn((Library, Library), Stream, Stream) -> io::Result<()>) -> io::Result<()> {
    for (ends, protocol) in combinations() {
        let fails = |error| io::Error::other(format!("{ends:?}, {protocol}: {error}"));
        let (ours, theirs) = handshake(ends, protocol, "localhost").await?;
        test(ends, ours.map_err(fails)?, theirs.map_err(fails)?).await.map_err(fails)?;
    }
    Ok(())
}

async fn a_mebibyte_there_and_back() -> io::Result<()> {
    each(async |_, ours, theirs| {
        let server = fend::spawn(echo(theirs));
        exchange(ours, LENGTH).await?;
        assert_eq!(server.await??, LENGTH as u64);
        Ok(())
    })
    .await
}

/// Either side may say first that it has nothing more to say.
async fn an_orderly_end_is_seen_by_either_side() -> io::Result<()> {
    for client_begins in [true, false] {
        each(async |_, ours, theirs| {
            let (mut begins, mut follows) = if client_begins { (ours, theirs) } else { (theirs, ours) };
            begins.write_all(b"the last words").await?;
            begins.close().await?;
            let mut received = Vec::new();
            follows.read_to_end(&mut received).await?;
            assert_eq!(received, b"the last words");
            follows.close().await?;
            assert_eq!(begins.read(&mut [0; 16]).await?, 0);
            Ok(())
        })
        .await?;
    }
    Ok(())
}

/// Somebody in between could cut an answer short. That async-native-tls tells it is not asked for here.
async fn a_connection_that_is_cut_is_no_orderly_end() -> io::Result<()> {
    each(async |(client, _), mut ours, mut theirs| {
        theirs.write_all(b"half a sent").await?;
        theirs.flush().await?;
        // TCP ends, without TLS having ended.
        drop(theirs);
        let mut received = Vec::new();
        let ended = ours.read_to_end(&mut received).await;
        assert_eq!(received, b"half a sent");
        if client != Library::Native {
            assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
        Ok(())
    })
    .await
}

/// The client says why, and the server learns that there is no session.
async fn a_server_that_is_somebody_else_is_refused() -> io::Result<()> {
    for (ends, protocol) in combinations() {
        let (ours, theirs) = handshake(ends, protocol, "elsewhere.example").await?;
        let error = ours.err().expect("a refusal");
        let text = error.to_string();
        match ends.0 {
            Library::Fend => {
                let error = error.downcast::<TlsError>().expect("an error of TLS");
                assert!(error.is_wrong_host(), "{ends:?}: {error}");
            }
            Library::Rustls => assert!(text.contains("not valid for name"), "{ends:?}: {text}"),
            Library::Native => assert!(text.contains("ostname mismatch"), "{ends:?}: {text}"),
        }
        assert!(theirs.is_err(), "{ends:?}");
    }
    Ok(())
}

/// The two have no version in common, and either side says so.
async fn versions_that_do_not_meet_are_refused() -> io::Result<()> {
    for client in LIBRARIES {
        let ends = (client, Library::Native);
        let (ours, theirs) = handshake(ends, Protocol::Tls1_3, "localhost").await?;
        assert!(ours.is_err() && theirs.is_err(), "{ends:?}");
    }
    Ok(())
}
