//! Receiving and sending with flags, and the urgent byte.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use fend::io::Interest;
use fend::net::{MsgFlags, TcpStream};
use futures_lite::future::{poll_fn, poll_once};
use socket2::SockRef;

use crate::peer::{accepted, noise, reset};

on_every_dispatcher!(
    a_peek_leaves_the_bytes_and_the_readiness,
    truncated_bytes_are_gone,
    what_follows_a_short_receive_with_flags_is_seen,
    without_data_nothing_is_waited_for,
    the_error_queue_is_not_waited_for,
    sends_with_flags_arrive,
    the_polled_forms_do_the_same,
    the_urgent_byte_is_beside_the_stream,
    data_behind_the_mark_is_not_forgotten,
    a_receiver_of_the_urgent_byte_waits,
    the_end_of_the_stream_ends_the_wait_for_an_urgent_byte,
    a_reset_ends_the_wait_for_an_urgent_byte,
    an_urgent_byte_before_the_end_is_seen,
    an_urgent_byte_in_line_is_refused,
    an_urgent_byte_to_a_closed_peer_is_an_error,
);

const TOLD: &[u8] = b"what was sent";

async fn a_peek_leaves_the_bytes_and_the_readiness() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    peer.write_all(TOLD)?;
    let mut buf = [0; 64];
    for _ in 0..3 {
        let n = stream.recv_with_flags(&mut buf, MsgFlags::PEEK).await?;
        assert_eq!(&buf[..n], TOLD);
    }
    assert_eq!(stream.try_recv_with_flags(&mut buf, MsgFlags::PEEK)?, TOLD.len());
    assert_eq!(stream.recv_with_flags(&mut buf, MsgFlags::NONE).await?, TOLD.len());
    assert_eq!(stream.recv_with_flags(&mut [], MsgFlags::PEEK).await?, 0);
    assert!(poll_once(stream.recv_with_flags(&mut buf, MsgFlags::PEEK)).await.is_none());
    drop(peer);
    assert_eq!(stream.recv_with_flags(&mut buf, MsgFlags::PEEK).await?, 0);
    Ok(())
}

async fn truncated_bytes_are_gone() -> io::Result<()> {
    const LEN: usize = 300_000;
    let (stream, mut peer) = accepted().await?;
    let writer = std::thread::spawn(move || {
        peer.write_all(&vec![1; LEN])?;
        peer.write_all(TOLD)?;
        io::Result::Ok(peer)
    });
    let mut buf = vec![0; LEN];
    let mut skipped = 0;
    while skipped < LEN {
        skipped += stream.recv_with_flags(&mut buf[..LEN - skipped], MsgFlags::TRUNC).await?;
    }
    assert!(buf.iter().all(|byte| *byte == 0), "nothing was copied");
    stream.recv_exact(&mut buf[..TOLD.len()]).await?;
    assert_eq!(&buf[..TOLD.len()], TOLD);
    writer.join().expect("no panic")?;
    Ok(())
}

/// RE7
async fn what_follows_a_short_receive_with_flags_is_seen() -> io::Result<()> {
    for flags in [MsgFlags::NONE, MsgFlags::PEEK, MsgFlags::TRUNC, MsgFlags::WAITALL] {
        let (stream, mut peer) = accepted().await?;
        let mut buf = [0; 64];
        for _ in 0..3 {
            peer.write_all(b"abc")?;
            stream.readable().await?;
            assert_eq!(stream.recv_with_flags(&mut buf, flags).await?, 3, "{flags:?}");
            if flags == MsgFlags::PEEK {
                stream.recv(&mut buf).await?;
            }
            assert!(poll_once(stream.recv_with_flags(&mut buf, flags)).await.is_none(), "{flags:?}");
        }
        peer.shutdown(Shutdown::Write)?;
        assert_eq!(stream.recv_with_flags(&mut buf, flags).await?, 0, "{flags:?}");
    }
    Ok(())
}

async fn without_data_nothing_is_waited_for() -> io::Result<()> {
    let (stream, _peer) = accepted().await?;
    let would_block = |result: io::Result<usize>| result.unwrap_err().kind() == io::ErrorKind::WouldBlock;
    assert!(would_block(stream.try_recv_with_flags(&mut [0], MsgFlags::PEEK)));
    assert_eq!(stream.try_recv_oob().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    // What recv(2) says is passed on where nobody waits.
    let error = stream.try_recv_with_flags(&mut [0], MsgFlags::OOB).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    let full = vec![0; 1 << 20];
    // An acknowledgement that comes late makes room once more.
    loop {
        while stream.try_send_with_flags(&full, MsgFlags::NONE).is_ok() {}
        let last = stream.try_send_with_flags(&full, MsgFlags::MORE);
        if last.is_err() {
            assert!(would_block(last));
            break;
        }
    }
    assert!(poll_once(stream.send_with_flags(&full, MsgFlags::MORE)).await.is_none());
    Ok(())
}

async fn the_error_queue_is_not_waited_for() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let mut buf = [0; 64];
    let error = stream.recv_with_flags(&mut buf, MsgFlags::ERRQUEUE).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("ERRQUEUE"), "{error}");
    let polled = poll_fn(|cx| stream.poll_recv_with_flags(cx, &mut buf, MsgFlags::ERRQUEUE)).await;
    assert_eq!(polled.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    // An empty queue says nothing of the stream.
    peer.write_all(TOLD)?;
    stream.readable().await?;
    let error = stream.try_recv_with_flags(&mut buf, MsgFlags::ERRQUEUE).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(stream.recv(&mut buf).await?, TOLD.len());
    Ok(())
}

async fn sends_with_flags_arrive() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let sent = noise(1 << 20);
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        peer.read_to_end(&mut received).map(|_| received)
    });
    let mut rest = &sent[..];
    while !rest.is_empty() {
        let n = stream.send_with_flags(rest, MsgFlags::MORE).await?;
        rest = &rest[n..];
    }
    assert_eq!(stream.send_with_flags(&[], MsgFlags::MORE).await?, 0);
    stream.shutdown(Shutdown::Write)?;
    crate::peer::assert_same(&reader.join().expect("no panic")?, &sent);
    Ok(())
}

async fn the_polled_forms_do_the_same() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    let mut buf = [0; 64];
    let sent = poll_fn(|cx| stream.poll_send_with_flags(cx, TOLD, MsgFlags::NONE)).await?;
    assert_eq!(sent, TOLD.len());
    peer.read_exact(&mut buf[..sent])?;
    assert_eq!(&buf[..sent], TOLD);
    let writer = fend::spawn_blocking(move || peer.write_all(TOLD).map(|()| peer));
    for flags in [MsgFlags::PEEK, MsgFlags::NONE] {
        let n = poll_fn(|cx| stream.poll_recv_with_flags(cx, &mut buf, flags)).await?;
        assert_eq!(&buf[..n], TOLD);
    }
    let peer = writer.await?.expect("room");
    let urgent = fend::spawn_blocking(move || SockRef::from(&peer).send_out_of_band(b"!").map(|_| peer));
    let n = poll_fn(|cx| stream.poll_recv_with_flags(cx, &mut buf, MsgFlags::OOB)).await?;
    assert_eq!(&buf[..n], b"!");
    drop(urgent.await??);
    assert_eq!(poll_fn(|cx| stream.poll_recv_with_flags(cx, &mut buf, MsgFlags::OOB)).await?, 0);
    Ok(())
}

/// Two ends of fend.
async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let (stream, peer) = accepted().await?;
    Ok((stream, TcpStream::try_from(peer)?))
}

/// HP4
async fn the_urgent_byte_is_beside_the_stream() -> io::Result<()> {
    let (stream, peer) = pair().await?;
    peer.send_all(b"before").await?;
    peer.send_oob(b'!').await?;
    peer.send_all(b"after").await?;
    for _ in 0..2 {
        stream.priority().await?;
        stream.ready(Interest::PRIORITY).await?;
    }
    assert!(!stream.at_mark()?);
    let mut urgent = [0; 8];
    let n = stream.recv_with_flags(&mut urgent, MsgFlags::OOB | MsgFlags::PEEK).await?;
    assert_eq!(&urgent[..n], b"!", "peeked");
    assert_eq!(stream.recv_oob().await?, Some(b'!'));
    let mut buf = [0; 64];
    let n = stream.recv(&mut buf).await?;
    assert_eq!(&buf[..n], b"before");
    assert!(stream.at_mark()?);
    let n = stream.recv(&mut buf).await?;
    assert_eq!(&buf[..n], b"after");
    assert!(!stream.at_mark()?);
    assert!(poll_once(stream.priority()).await.is_none(), "it was taken");
    Ok(())
}

/// HP4: a receive stops at the mark, and no event comes for what is behind it.
async fn data_behind_the_mark_is_not_forgotten() -> io::Result<()> {
    for taken in [false, true] {
        for registered in [false, true] {
            let (stream, peer) = pair().await?;
            let mut buf = [0; 64];
            if registered {
                assert!(poll_once(stream.recv(&mut buf)).await.is_none());
            }
            for round in 0..5 {
                peer.send_all(b"before").await?;
                peer.try_send_oob(b'!')?;
                peer.send_all(b"after").await?;
                if taken {
                    assert_eq!(stream.recv_oob().await?, Some(b'!'), "{round}");
                }
                let mut received = Vec::new();
                while received.len() < "beforeafter".len() {
                    let n = stream.recv(&mut buf).await?;
                    received.extend_from_slice(&buf[..n]);
                }
                assert_eq!(received, b"beforeafter", "{round}, taken: {taken}, registered: {registered}");
            }
        }
    }
    Ok(())
}

async fn a_receiver_of_the_urgent_byte_waits() -> io::Result<()> {
    let (stream, peer) = pair().await?;
    let receiver = fend::spawn(async move {
        let mut bytes = Vec::new();
        while let Some(byte) = stream.recv_oob().await? {
            bytes.push(byte);
            stream.send_all(&[byte]).await?;
        }
        io::Result::Ok(bytes)
    });
    for byte in *b"abc" {
        // Plain data must neither end the wait nor make it spin.
        peer.send_all(b"plain").await?;
        peer.send_oob(byte).await?;
        peer.recv_exact(&mut [0]).await?;
    }
    peer.shutdown(Shutdown::Write)?;
    assert_eq!(receiver.await??, b"abc");
    Ok(())
}

async fn the_end_of_the_stream_ends_the_wait_for_an_urgent_byte() -> io::Result<()> {
    let (stream, peer) = pair().await?;
    let mut receiver = Box::pin(stream.recv_oob());
    assert!(poll_once(&mut receiver).await.is_none());
    peer.send_all(b"plain").await?;
    peer.shutdown(Shutdown::Write)?;
    assert_eq!(receiver.await?, None);
    assert_eq!(stream.try_recv_oob()?, None);
    Ok(())
}

async fn a_reset_ends_the_wait_for_an_urgent_byte() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    let mut receiver = Box::pin(stream.recv_oob());
    assert!(poll_once(&mut receiver).await.is_none());
    reset(peer)?;
    assert_eq!(receiver.await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    Ok(())
}

async fn an_urgent_byte_before_the_end_is_seen() -> io::Result<()> {
    let (stream, peer) = pair().await?;
    peer.send_oob(b'!').await?;
    drop(peer);
    stream.peer_closed().await?;
    assert_eq!(stream.recv_oob().await?, Some(b'!'));
    assert_eq!(stream.recv_oob().await?, None);
    Ok(())
}

async fn an_urgent_byte_in_line_is_refused() -> io::Result<()> {
    let (stream, peer) = pair().await?;
    SockRef::from(&stream).set_out_of_band_inline(true)?;
    peer.send_oob(b'!').await?;
    let error = stream.recv_oob().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("SO_OOBINLINE"), "{error}");
    let mut byte = [0];
    stream.recv_exact(&mut byte).await?;
    assert_eq!(byte, *b"!");
    Ok(())
}

async fn an_urgent_byte_to_a_closed_peer_is_an_error() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    reset(peer)?;
    stream.peer_closed().await?;
    for _ in 0..2 {
        let kind = stream.send_oob(b'!').await.unwrap_err().kind();
        assert!(matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset), "{kind:?}");
    }
    Ok(())
}
