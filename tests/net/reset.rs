//! Connections that the peer breaks off.

use std::io::{self, IoSlice};

use fend::net::TcpStream;

use crate::peer::{accepted, reset};

on_every_dispatcher!(sending_after_reset_is_an_error_and_no_signal, waiting_sender_sees_the_reset);

/// NT2
async fn sending_after_reset_is_an_error_and_no_signal() -> io::Result<()> {
    restore_sigpipe();
    let (stream, peer) = accepted().await?;
    reset(peer)?;
    stream.peer_closed().await?;
    // The first error is the reset itself; from then on the pipe is broken.
    assert_broken(stream.send(b"lost").await);
    assert_broken(stream.send(b"lost").await);
    assert_broken(stream.send_vectored(&[IoSlice::new(b"lo"), IoSlice::new(b"st")]).await);
    assert_broken(stream.try_send(b"lost"));
    assert_broken(futures_lite::AsyncWriteExt::write(&mut &stream, b"lost").await);
    Ok(())
}

/// NT2
async fn waiting_sender_sees_the_reset() -> io::Result<()> {
    let (stream, peer) = accepted().await?;
    let sender = fend::spawn(async move { send_for_ever(&stream).await });
    // The peer has seen data and reads none of it, so that the sender runs into a full buffer sooner or later.
    peer.peek(&mut [0; 1])?;
    reset(peer)?;
    let error = sender.await.expect("the sender");
    assert_broken(Err(error));
    Ok(())
}

async fn send_for_ever(stream: &TcpStream) -> io::Error {
    let block = vec![0; 64 << 10];
    loop {
        if let Err(error) = stream.send_all(&block).await {
            return error;
        }
    }
}

#[track_caller]
fn assert_broken(result: io::Result<usize>) {
    let kind = result.expect_err("the connection is gone").kind();
    assert!(matches!(kind, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset), "{kind:?}");
}

/// As a program in C or Python around us may have it: the signal ends the process.
#[expect(unsafe_code, reason = "there is no safe interface to signal(2)")]
pub(crate) fn restore_sigpipe() {
    // SAFETY: SIG_DFL is a valid disposition, and no code of this process relies on another one.
    let previous = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    assert_ne!(previous, libc::SIG_ERR);
}
