//! How a connection ends, and what each side learns of it.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use fend::net::TcpStream;
use fend::tls::{TlsError, TlsStream};
use futures_lite::AsyncReadExt;
use openssl::ssl::ShutdownResult;

use crate::blocking::{
    Blocking, VERSIONS, accepted, accepted_by, client_context, close_notify, connected, connected_by, only,
    read_to_close, server_context,
};
use crate::ours::{PROTOCOLS, acceptor_of, client, connector_of, pair, server};
use crate::peer::reset;

on_every_dispatcher!(
    an_end_without_close_notify_is_no_end,
    an_end_within_a_record_is_no_end,
    an_end_without_close_notify_may_be_allowed,
    a_clean_end_is_an_end,
    a_reset_is_a_reset,
    after_the_peers_end_we_may_still_send,
    after_our_end_we_may_still_receive,
    sending_after_our_own_end_fails,
    shutdown_twice_is_fine,
    both_end_at_once,
    waiting_for_the_peers_end_counts_what_is_lost,
    waiting_for_the_peers_end_without_one,
    closing_as_futures_do_it,
    a_dropped_stream_is_no_clean_end,
);

/// Our server and our client, of each version.
async fn sessions() -> io::Result<Vec<(TlsStream<TcpStream>, Blocking)>> {
    let mut all = Vec::new();
    for version in VERSIONS {
        all.push(accepted(version).await?);
        all.push(connected(version).await?);
    }
    Ok(all)
}

fn is_truncated(error: io::Error) {
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error}");
    assert!(error.downcast::<TlsError>().expect("an error of TLS").is_unexpected_eof());
}

/// TL1
async fn an_end_without_close_notify_is_no_end() -> io::Result<()> {
    for (stream, mut peer) in sessions().await? {
        peer.write_all(b"last words")?;
        peer.get_ref().shutdown(Shutdown::Write)?;
        let mut received = [0; 10];
        stream.recv_exact(&mut received).await?;
        assert_eq!(&received, b"last words");
        for _ in 0..3 {
            is_truncated(stream.recv(&mut received).await.expect_err("each time it is asked for"));
        }
        is_truncated((&stream).read_to_end(&mut Vec::new()).await.expect_err("no end"));
        is_truncated(stream.peek(&mut received).await.expect_err("no end"));
    }
    Ok(())
}

/// TL1
async fn an_end_within_a_record_is_no_end() -> io::Result<()> {
    for len in [1, 4, 5, 6, 40] {
        for (stream, peer) in sessions().await? {
            // The beginning of a record of application data.
            let record = [&[23, 3, 3, 1, 0][..], &[7; 64]].concat();
            peer.get_ref().write_all(&record[..len])?;
            peer.get_ref().shutdown(Shutdown::Write)?;
            is_truncated(stream.recv(&mut [0; 16]).await.expect_err("a truncated record"));
        }
    }
    Ok(())
}

/// TL1
async fn an_end_without_close_notify_may_be_allowed() -> io::Result<()> {
    for version in VERSIONS {
        let acceptor = acceptor_of(server().allow_truncation());
        let ours_accepts = accepted_by(&acceptor, client_context(only(version))).await?;
        let connector = connector_of(client().allow_truncation());
        let ours_connects = connected_by(&connector, server_context(only(version))).await?;
        for (stream, mut peer) in [ours_accepts, ours_connects] {
            peer.write_all(b"last words")?;
            peer.get_ref().shutdown(Shutdown::Write)?;
            let mut all = Vec::new();
            (&stream).read_to_end(&mut all).await?;
            assert_eq!(all, b"last words");
            assert_eq!(stream.recv(&mut [0; 16]).await?, 0);
        }
    }
    Ok(())
}

/// TL1
async fn a_clean_end_is_an_end() -> io::Result<()> {
    for (stream, mut peer) in sessions().await? {
        peer.write_all(b"last words")?;
        assert_eq!(close_notify(&mut peer)?, ShutdownResult::Sent);
        peer.get_ref().shutdown(Shutdown::Write)?;
        let mut all = Vec::new();
        (&stream).read_to_end(&mut all).await?;
        assert_eq!(all, b"last words");
        for _ in 0..3 {
            assert_eq!(stream.recv(&mut [0; 16]).await?, 0, "the end, each time it is asked for");
        }
    }
    Ok(())
}

/// TL1
async fn a_reset_is_a_reset() -> io::Result<()> {
    for (stream, mut peer) in sessions().await? {
        peer.write_all(b"last words")?;
        stream.recv_exact(&mut [0; 10]).await?;
        reset(peer.get_ref().try_clone()?)?;
        drop(peer);
        for _ in 0..2 {
            let error = stream.recv(&mut [0; 16]).await.expect_err("a reset");
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
        }
        // What is taken is not sent yet, so that it may be the next one that fails.
        let sending = async {
            loop {
                stream.send(b"too late").await?;
            }
        };
        let error: io::Result<()> = sending.await;
        let error = error.expect_err("a reset");
        let kinds = [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
        assert!(kinds.contains(&error.kind()), "{error}");
    }
    Ok(())
}

/// TL2
async fn after_the_peers_end_we_may_still_send() -> io::Result<()> {
    for (stream, mut peer) in sessions().await? {
        assert_eq!(close_notify(&mut peer)?, ShutdownResult::Sent);
        assert_eq!(stream.recv(&mut [0; 16]).await?, 0);
        stream.send_all(b"still here").await?;
        let peer = fend::spawn_blocking(move || read_to_close(&mut peer));
        stream.shutdown().await?;
        assert_eq!(peer.await?, (b"still here".to_vec(), true));
        assert_eq!(stream.recv(&mut [0; 16]).await?, 0);
    }
    Ok(())
}

/// TL2
async fn after_our_end_we_may_still_receive() -> io::Result<()> {
    for (stream, mut peer) in sessions().await? {
        stream.send_all(b"question").await?;
        stream.shutdown().await?;
        assert_eq!(read_to_close(&mut peer), (b"question".to_vec(), true));
        // The write half below is closed too.
        assert_eq!(peer.get_ref().read(&mut [0; 16])?, 0);
        peer.write_all(b"answer")?;
        let mut answer = [0; 6];
        stream.recv_exact(&mut answer).await?;
        assert_eq!(&answer, b"answer");
        assert_eq!(close_notify(&mut peer)?, ShutdownResult::Received);
        assert_eq!(stream.recv(&mut answer).await?, 0);
    }
    Ok(())
}

async fn sending_after_our_own_end_fails() -> io::Result<()> {
    for (stream, peer) in sessions().await? {
        stream.shutdown().await?;
        for _ in 0..2 {
            let error = stream.send(b"more").await.expect_err("after the end");
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{error}");
        }
        drop(peer);
    }
    Ok(())
}

async fn shutdown_twice_is_fine() -> io::Result<()> {
    for (stream, mut peer) in sessions().await? {
        for _ in 0..3 {
            stream.shutdown().await?;
        }
        assert_eq!(peer.read(&mut [0; 16])?, 0);
        assert_eq!(close_notify(&mut peer)?, ShutdownResult::Received);
        assert_eq!(stream.recv(&mut [0; 16]).await?, 0);
        stream.shutdown().await?;
        assert_eq!(stream.shutdown_and_wait().await?, 0);
    }
    Ok(())
}

/// TL2
async fn both_end_at_once() -> io::Result<()> {
    for protocol in PROTOCOLS {
        let (client, server) = pair(protocol).await?;
        futures::future::try_join(client.shutdown(), server.shutdown()).await?;
        assert_eq!(client.recv(&mut [0; 16]).await?, 0);
        assert_eq!(server.recv(&mut [0; 16]).await?, 0);
        let (client, server) = pair(protocol).await?;
        let ends = futures::future::try_join(client.shutdown_and_wait(), server.shutdown_and_wait()).await?;
        assert_eq!(ends, (0, 0));
    }
    Ok(())
}

async fn waiting_for_the_peers_end_counts_what_is_lost() -> io::Result<()> {
    for (stream, mut peer) in sessions().await? {
        let peer = fend::spawn_blocking(move || {
            peer.write_all(&[1; 70_000])?;
            // Ours is there, or will be.
            assert_eq!(read_to_close(&mut peer), (Vec::new(), true));
            peer.write_all(&[2; 1_000])?;
            close_notify(&mut peer)
        });
        stream.recv_exact(&mut [0; 500]).await?;
        assert_eq!(stream.shutdown_and_wait().await?, 70_500);
        peer.await??;
    }
    Ok(())
}

/// TL1
async fn waiting_for_the_peers_end_without_one() -> io::Result<()> {
    for (stream, mut peer) in sessions().await? {
        let peer = fend::spawn_blocking(move || {
            assert_eq!(read_to_close(&mut peer), (Vec::new(), true));
            drop(peer);
            io::Result::Ok(())
        });
        is_truncated(stream.shutdown_and_wait().await.expect_err("no close_notify"));
        peer.await??;
    }
    Ok(())
}

async fn closing_as_futures_do_it() -> io::Result<()> {
    for (mut stream, mut peer) in sessions().await? {
        futures::AsyncWriteExt::write_all(&mut stream, b"all of it").await?;
        futures::AsyncWriteExt::close(&mut stream).await?;
        assert_eq!(read_to_close(&mut peer), (b"all of it".to_vec(), true));
    }
    Ok(())
}

async fn a_dropped_stream_is_no_clean_end() -> io::Result<()> {
    for version in VERSIONS {
        let (stream, mut peer) = connected(version).await?;
        stream.send_all(b"all of it").await?;
        drop(stream);
        assert_eq!(read_to_close(&mut peer), (b"all of it".to_vec(), false));
    }
    Ok(())
}
