//! The urgent byte of TCP: taking it, waiting for it, and the data around it.

use std::future::poll_fn;
use std::io::{self, Write};
use std::net;
use std::pin::pin;
use std::sync::mpsc;
use std::task::Poll;
use std::time::Duration;

use fend::io::Interest;
use fend::net::{MsgFlags, TcpListener, TcpStream};
use fend::time::timeout;
use futures_lite::future::poll_once;
use socket2::SockRef;

use crate::peer::accepted;

on_every_dispatcher!(
    the_byte_is_taken_and_the_data_around_it_read,
    data_behind_the_mark_is_read_although_nobody_announced_it,
    a_wait_for_priority_leaves_the_byte,
    a_peek_leaves_the_byte,
    of_two_who_wait_each_gets_a_byte,
    one_waits_for_priority_while_one_receives,
    the_end_of_the_stream_ends_the_wait,
    a_reset_ends_the_wait,
    the_polled_form_takes_and_peeks,
    a_time_stamp_in_the_error_queue_is_no_end,
);

const HANG: Duration = Duration::from_secs(5);

/// An answer that does not come is a failure here, with the place.
#[track_caller]
fn soon<T>(future: impl Future<Output = io::Result<T>>) -> impl Future<Output = io::Result<T>> {
    let place = std::panic::Location::caller();
    async move {
        match timeout(HANG, future).await {
            Ok(result) => result,
            Err(_) => panic!("nothing came: {place}"),
        }
    }
}

fn send_urgent(peer: &net::TcpStream, byte: u8) -> io::Result<()> {
    assert_eq!(SockRef::from(peer).send_out_of_band(&[byte])?, 1);
    Ok(())
}

/// All that is read up to these many bytes, and whether a receive ever went past the mark.
async fn read_up_to(stream: &TcpStream, len: usize) -> io::Result<Vec<u8>> {
    let (mut all, mut buf) = (Vec::new(), [0; 64]);
    while all.len() < len {
        let n = soon(stream.recv(&mut buf)).await?;
        assert!(n > 0, "the end after {all:?}");
        all.extend_from_slice(&buf[..n]);
    }
    Ok(all)
}

/// HP4
async fn the_byte_is_taken_and_the_data_around_it_read() -> io::Result<()> {
    let (stream, mut peer) = accepted().await?;
    for round in 0..3 {
        peer.write_all(b"before")?;
        send_urgent(&peer, b'0' + round)?;
        peer.write_all(b"after")?;
        assert_eq!(soon(stream.recv_oob()).await?, Some(b'0' + round));
        assert!(poll_once(stream.recv_oob()).await.is_none(), "there is one");
        let mut buf = [0; 64];
        assert_eq!(soon(stream.recv(&mut buf)).await?, 6, "up to the mark");
        assert!(stream.at_mark()?);
        assert_eq!(read_up_to(&stream, 5).await?, b"after");
        assert!(poll_once(stream.recv(&mut buf)).await.is_none());
    }
    Ok(())
}

/// HP4: the byte is taken before the driver has turned, which then hears of plain data alone.
async fn data_behind_the_mark_is_read_although_nobody_announced_it() -> io::Result<()> {
    type Take = fn(&TcpStream) -> io::Result<Option<u8>>;
    let with_flags: Take = |stream| {
        let mut byte = [0];
        stream.try_recv_with_flags(&mut byte, MsgFlags::OOB).map(|n| (n > 0).then_some(byte[0]))
    };
    for take in [TcpStream::try_recv_oob, with_flags] {
        for _ in 0..20 {
            let (stream, mut peer) = accepted().await?;
            assert!(poll_once(stream.recv(&mut [0; 1])).await.is_none(), "registered");
            peer.write_all(b"before")?;
            send_urgent(&peer, b'!')?;
            peer.write_all(b"after")?;
            loop {
                match take(&stream) {
                    Ok(byte) => break assert_eq!(byte, Some(b'!')),
                    // Of the second form what recv(2) says.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EINVAL)),
                }
            }
            assert_eq!(read_up_to(&stream, 11).await?, b"beforeafter");
        }
    }
    Ok(())
}

/// HP4
async fn a_wait_for_priority_leaves_the_byte() -> io::Result<()> {
    for _ in 0..3 {
        let (stream, peer) = accepted().await?;
        assert!(poll_once(stream.priority()).await.is_none());
        send_urgent(&peer, b'!')?;
        for _ in 0..2 {
            soon(stream.priority()).await?;
            let ready = soon(stream.ready(Interest::PRIORITY)).await?;
            assert!(ready.contains(fend::io::Readiness::PRIORITY));
        }
        assert_eq!(soon(stream.recv_oob()).await?, Some(b'!'));
        assert!(poll_once(stream.priority()).await.is_none(), "it was taken");
        assert_eq!(stream.try_recv_oob().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }
    Ok(())
}

/// HP4
async fn a_peek_leaves_the_byte() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    send_urgent(&peer, b'!')?;
    for _ in 0..2 {
        let mut byte = [0];
        assert_eq!(soon(stream.recv_with_flags(&mut byte, MsgFlags::OOB | MsgFlags::PEEK)).await?, 1);
        assert_eq!(byte, *b"!");
    }
    let mut thrown_away = [7; 4];
    let flags = MsgFlags::OOB | MsgFlags::TRUNC;
    assert_eq!(soon(stream.recv_with_flags(&mut thrown_away, flags | MsgFlags::PEEK)).await?, 1);
    assert_eq!(thrown_away, [7; 4]);
    assert_eq!(soon(stream.recv_oob()).await?, Some(b'!'));
    Ok(())
}

async fn of_two_who_wait_each_gets_a_byte() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    let (told, bytes) = mpsc::channel();
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let (stream, told) = (stream.clone(), told.clone());
            fend::spawn(async move {
                let byte = stream.recv_oob().await;
                told.send(()).expect("the test waits");
                byte
            })
        })
        .collect();
    let bytes = std::sync::Arc::new(std::sync::Mutex::new(bytes));
    for byte in [b'1', b'2'] {
        send_urgent(&peer, byte)?;
        let bytes = bytes.clone();
        let one = fend::spawn_blocking(move || bytes.lock().unwrap().recv_timeout(HANG));
        one.await.expect("no panic").expect("one of them got it");
    }
    let mut got = Vec::new();
    for task in tasks {
        got.push(task.await.expect("no panic")?);
    }
    got.sort();
    assert_eq!(got, [Some(b'1'), Some(b'2')]);
    Ok(())
}

/// The question must not use up what the receive waits for.
async fn one_waits_for_priority_while_one_receives() -> io::Result<()> {
    for _ in 0..20 {
        let (stream, peer) = accepted().await?;
        let mut announced = pin!(stream.priority());
        let mut taken = pin!(stream.recv_oob());
        assert!(poll_once(announced.as_mut()).await.is_none());
        assert!(poll_once(taken.as_mut()).await.is_none());
        send_urgent(&peer, b'!')?;
        // The one who asks goes first.
        soon(announced).await?;
        assert_eq!(soon(taken).await?, Some(b'!'));
    }
    Ok(())
}

async fn the_end_of_the_stream_ends_the_wait() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    assert!(poll_once(stream.recv_oob()).await.is_none());
    send_urgent(&peer, b'!')?;
    peer.shutdown(net::Shutdown::Write)?;
    soon(stream.peer_closed()).await?;
    assert_eq!(soon(stream.recv_oob()).await?, Some(b'!'));
    assert_eq!(soon(stream.recv_oob()).await?, None);
    assert_eq!(stream.try_recv_oob()?, None);
    Ok(())
}

async fn a_reset_ends_the_wait() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    let mut taken = pin!(stream.recv_oob());
    assert!(poll_once(taken.as_mut()).await.is_none());
    crate::peer::reset(peer)?;
    assert_eq!(soon(taken).await.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(soon(stream.recv_oob()).await?, None, "the error was told");
    Ok(())
}

async fn the_polled_form_takes_and_peeks() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    let mut byte = [0];
    let early = poll_fn(|cx| Poll::Ready(stream.poll_recv_with_flags(cx, &mut byte, MsgFlags::OOB))).await;
    assert!(early.is_pending());
    send_urgent(&peer, b'!')?;
    for flags in [MsgFlags::OOB | MsgFlags::PEEK, MsgFlags::OOB] {
        byte = [0];
        assert_eq!(soon(poll_fn(|cx| stream.poll_recv_with_flags(cx, &mut byte, flags))).await?, 1);
        assert_eq!(byte, *b"!");
    }
    let again = poll_fn(|cx| Poll::Ready(stream.poll_recv_with_flags(cx, &mut byte, MsgFlags::OOB))).await;
    assert!(again.is_pending());
    peer.shutdown(net::Shutdown::Write)?;
    assert_eq!(soon(poll_fn(|cx| stream.poll_recv_with_flags(cx, &mut byte, MsgFlags::OOB))).await?, 0);
    Ok(())
}

/// poll(2) reports an error for what waits in the error queue.
async fn a_time_stamp_in_the_error_queue_is_no_end() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    let stamps = libc::SOF_TIMESTAMPING_TX_SOFTWARE | libc::SOF_TIMESTAMPING_SOFTWARE;
    stream.set_option(libc::SOL_SOCKET, libc::SO_TIMESTAMPING, &(stamps as i32))?;
    stream.send_all(b"stamped").await?;
    soon(server.recv(&mut [0; 7])).await?;
    soon(stream.ready(Interest::PRIORITY)).await?;
    assert!(poll_once(stream.peer_closed()).await.is_none(), "the peer is there");
    assert!(poll_once(stream.recv_oob()).await.is_none(), "so is the stream");
    assert_eq!(stream.try_recv_oob().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    server.send_oob(b'!').await?;
    assert_eq!(soon(stream.recv_oob()).await?, Some(b'!'));
    drop(server);
    soon(stream.peer_closed()).await?;
    assert_eq!(soon(stream.recv_oob()).await?, None);
    Ok(())
}
