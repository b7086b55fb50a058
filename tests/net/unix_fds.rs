//! Descriptors handed over between sockets.

use std::fs::{self, File};
use std::io::{self, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdStream;
use std::path::PathBuf;

use fend::net::control::{ControlBuffer, ControlMessage, ReceivedControl, space};
use fend::net::{MsgFlags, TcpListener, TcpStream, UnixDatagram, UnixSeqpacket, UnixStream};
use futures_lite::future::poll_once;

use crate::unix_place::Directory;

on_every_dispatcher!(
    passed_over_a_stream,
    passed_over_datagrams,
    passed_over_seqpacket,
    received_descriptors_close_on_exec,
    unclaimed_descriptors_are_closed,
    plain_receives_close_descriptors,
    more_than_expected_is_an_error_and_closes_all,
    truncation_is_told_by_recv_msg,
    too_many_or_without_a_byte_is_refused,
    as_many_as_the_kernel_takes,
    bytes_behind_descriptors_are_not_left_behind,
    cancelled_receive_loses_no_descriptor,
    listener_in_use_is_handed_over,
    full_socket_is_waited_for,
    forms_that_do_not_wait,
);

/// A descriptor to hand over, and the end that notices when all copies of it are closed.
fn witness() -> io::Result<(OwnedFd, StdStream)> {
    let (passed, kept) = StdStream::pair()?;
    Ok((passed.into(), kept))
}

/// Blocks for ever when a copy is still open: the harness notices.
fn assert_closed(mut kept: StdStream) -> io::Result<()> {
    assert_eq!(kept.read(&mut [0])?, 0);
    Ok(())
}

/// That it is the same open file, and that it is the only one: closing it ends the stream.
fn assert_works(received: OwnedFd, mut kept: StdStream) -> io::Result<()> {
    StdStream::from(received).write_all(b"through it")?;
    let mut text = String::new();
    kept.read_to_string(&mut text)?;
    assert_eq!(text, "through it");
    Ok(())
}

/// NT14
async fn passed_over_a_stream() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let (passed, kept) = witness()?;
    assert_eq!(ours.send_with_fds(b"take this", &[passed]).await?, 9);
    let mut buf = [0; 32];
    let (len, mut fds) = theirs.recv_with_fds(&mut buf, 4).await?;
    assert_eq!((&buf[..len], fds.len()), (&b"take this"[..], 1));
    assert_works(fds.pop().expect("one"), kept)?;

    // Several, in order, borrowed.
    let files = [File::open("/dev/null")?, File::open("/dev/zero")?];
    ours.send_with_fds(b"x", &files).await?;
    let (_, fds) = theirs.recv_with_fds(&mut buf, 2).await?;
    let names = fds.iter().map(|fd| fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())));
    assert_eq!(names.collect::<io::Result<Vec<_>>>()?, ["/dev/null", "/dev/zero"].map(PathBuf::from));

    // None, and the end.
    ours.send_all(b"plain").await?;
    assert_eq!(theirs.recv_with_fds(&mut buf, 2).await?.0, 5);
    drop(ours);
    let (len, fds) = theirs.recv_with_fds(&mut buf, 2).await?;
    assert_eq!((len, fds.len()), (0, 0));
    Ok(())
}

/// NT14
async fn passed_over_datagrams() -> io::Result<()> {
    let (ours, theirs) = UnixDatagram::pair()?;
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"", &[passed]).await?;
    let (len, mut fds) = theirs.recv_with_fds(&mut [0; 8], 1).await?;
    assert_eq!((len, fds.len()), (0, 1));
    assert_works(fds.pop().expect("one"), kept)?;

    let directory = Directory::new()?;
    let receiver = UnixDatagram::bind(directory.join("receiver")).await?;
    let (passed, kept) = witness()?;
    let mut control = ControlBuffer::new();
    control.push_descriptors(&[passed.as_fd()])?;
    let bufs = [io::IoSlice::new(b"by "), io::IoSlice::new(b"address")];
    let sender = UnixDatagram::unbound()?;
    let sent = sender.send_msg_to(&bufs, directory.join("receiver"), &control, MsgFlags::NONE).await?;
    assert_eq!(sent, 10);
    drop(passed);
    let (len, mut fds) = receiver.recv_with_fds(&mut [0; 16], 1).await?;
    assert_eq!(len, 10);
    assert_works(fds.pop().expect("one"), kept)
}

/// NT14
async fn passed_over_seqpacket() -> io::Result<()> {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"record", &[passed]).await?;
    ours.send(b"next").await?;
    // From here on there is a time stamp with each record, which must not take the descriptors' room.
    let (also_passed, also_kept) = witness()?;
    ours.send_with_fds(b"last", &[also_passed]).await?;
    let mut buf = [0; 16];
    let (len, mut fds) = theirs.recv_with_fds(&mut buf, 1).await?;
    assert_eq!(&buf[..len], b"record");
    assert_works(fds.pop().expect("one"), kept)?;
    assert_eq!(theirs.recv_record(&mut buf).await?.map(|record| record.len), Some(4));
    theirs.set_passcred(true)?;
    let (len, mut fds) = theirs.recv_with_fds(&mut buf, 1).await?;
    assert_eq!(&buf[..len], b"last");
    assert_works(fds.pop().expect("one"), also_kept)
}

/// NT14
async fn received_descriptors_close_on_exec() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    ours.send_with_fds(b"x", &[File::open("/dev/null")?]).await?;
    let (_, fds) = theirs.recv_with_fds(&mut [0; 8], 1).await?;
    assert!(closes_on_exec(fds[0].as_fd())?);
    Ok(())
}

fn closes_on_exec(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd()))?;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).expect("its flags").trim();
    let flags = i32::from_str_radix(flags, 8).expect("an octal number");
    Ok(flags & libc::O_CLOEXEC != 0)
}

/// NT14
async fn unclaimed_descriptors_are_closed() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"x", &[passed]).await?;
    drop(theirs.recv_with_fds(&mut [0; 8], 1).await?);
    assert_closed(kept)?;

    // Received, and not looked at.
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"x", &[passed]).await?;
    let mut control = ReceivedControl::with_capacity(space(4));
    theirs.recv_msg(&mut [IoSliceMut::new(&mut [0])], &mut control, MsgFlags::NONE).await?;
    drop(control);
    assert_closed(kept)?;

    // Still in the socket when that is closed.
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"x", &[passed]).await?;
    drop((ours, theirs));
    assert_closed(kept)
}

/// NT14
async fn plain_receives_close_descriptors() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"x", &[passed]).await?;
    assert_eq!(theirs.recv(&mut [0; 8]).await?, 1);
    assert_closed(kept)?;
    let (ours, theirs) = UnixSeqpacket::pair()?;
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"x", &[passed]).await?;
    assert_eq!(theirs.recv_record(&mut [0; 8]).await?.map(|record| record.len), Some(1));
    assert_closed(kept)?;
    let (ours, theirs) = UnixDatagram::pair()?;
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"x", &[passed]).await?;
    assert_eq!(theirs.recv_from(&mut [0; 8]).await?.0, 1);
    assert_closed(kept)
}

async fn more_than_expected_is_an_error_and_closes_all() -> io::Result<()> {
    for (expected, sent) in [(0, 1), (1, 2), (1, 60), (2, 253)] {
        let (ours, theirs) = UnixStream::pair()?;
        let (passed, kept) = witness()?;
        ours.send_with_fds(b"x", &vec![passed.as_fd(); sent]).await?;
        drop(passed);
        let error = theirs.recv_with_fds(&mut [0; 8], expected).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(
            error.to_string().contains(&format!("more descriptors than the {expected} expected")),
            "{error}"
        );
        assert_closed(kept)?;
    }
    Ok(())
}

async fn truncation_is_told_by_recv_msg() -> io::Result<()> {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"too long", &[passed]).await?;
    let error = theirs.recv_with_fds(&mut [0; 3], 1).await.unwrap_err();
    assert!(error.to_string().contains("8 bytes was cut to the 3 bytes"), "{error}");
    assert_closed(kept)?;

    let (ours, theirs) = UnixDatagram::pair()?;
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"too long", &[passed.as_fd(); 5]).await?;
    drop(passed);
    let mut control = ReceivedControl::with_capacity(space(4));
    let mut buf = [0; 3];
    let message = theirs.recv_msg(&mut [IoSliceMut::new(&mut buf)], &mut control, MsgFlags::NONE).await?;
    assert!(message.is_truncated() && message.is_control_truncated(), "{message:?}");
    assert_eq!((message.len, &buf), (3, b"too"));
    assert!(message.source.is_unnamed());
    let received: Vec<_> = control.messages().collect();
    assert!(matches!(&received[..], [ControlMessage::Descriptors(fds)] if fds.len() < 5), "{received:?}");
    drop(received);
    assert_closed(kept)
}

async fn too_many_or_without_a_byte_is_refused() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let file = File::open("/dev/null")?;
    let error = ours.send_with_fds(b"x", &vec![&file; 254]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("254 descriptors"), "{error}");
    let error = ours.send_with_fds(b"", &[&file]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("at least one byte"), "{error}");
    assert_eq!(ours.send_with_fds::<&File>(b"", &[]).await?, 0);
    assert!(poll_once(theirs.readable()).await.is_none(), "nothing was sent");
    Ok(())
}

async fn as_many_as_the_kernel_takes() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let (passed, kept) = witness()?;
    ours.send_with_fds(b"x", &vec![passed.as_fd(); 253]).await?;
    drop(passed);
    let (len, fds) = theirs.recv_with_fds(&mut [0; 8], 253).await?;
    assert_eq!((len, fds.len()), (1, 253));
    assert!(fds.iter().all(|fd| closes_on_exec(fd.as_fd()).unwrap()));
    drop(fds);
    assert_closed(kept)
}

/// A receive ends where descriptors do, with less than it could take. What is behind came at the same time, so that no event
/// will announce it.
async fn bytes_behind_descriptors_are_not_left_behind() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let file = File::open("/dev/null")?;
    let mut buf = [0; 64];
    for plain in [true, false] {
        // Registered, and known to be empty.
        assert!(poll_once(theirs.recv(&mut buf)).await.is_none());
        ours.send_with_fds(b"a", &[&file]).await?;
        ours.send_with_fds(b"b", &[&file]).await?;
        ours.send_all(b"c").await?;
        let mut received = Vec::new();
        let mut receives = 0;
        while received.len() < 3 {
            let n = match plain {
                true => theirs.recv(&mut buf).await?,
                false => theirs.recv_with_fds(&mut buf, 1).await?.0,
            };
            received.extend_from_slice(&buf[..n]);
            receives += 1;
        }
        assert_eq!(received, b"abc");
        assert!(receives > 1, "or the kernel has changed, and this test shows nothing");
    }
    // The same through a half and the traits.
    assert!(poll_once(theirs.recv(&mut buf)).await.is_none());
    let (reader, _writer) = theirs.into_split();
    ours.send_with_fds(b"a", &[&file]).await?;
    ours.send_all(b"bc").await?;
    let mut received = Vec::new();
    while received.len() < 3 {
        let n = reader.recv(&mut buf).await?;
        received.extend_from_slice(&buf[..n]);
    }
    assert_eq!(received, b"abc");
    Ok(())
}

/// NT11
async fn cancelled_receive_loses_no_descriptor() -> io::Result<()> {
    const COUNT: usize = 200;
    let (ours, theirs) = UnixStream::pair()?;
    let sender = fend::spawn(async move {
        let mut kept = Vec::new();
        for _ in 0..COUNT {
            let (passed, keep) = witness()?;
            ours.send_with_fds(b"x", &[passed]).await?;
            kept.push(keep);
        }
        io::Result::Ok(kept)
    });
    let mut received = Vec::new();
    let mut buf = [0; 1];
    while received.len() < COUNT {
        match poll_once(theirs.recv_with_fds(&mut buf, 1)).await {
            Some(outcome) => received.extend(outcome?.1),
            None => theirs.readable().await?,
        }
    }
    for (fd, kept) in received.into_iter().zip(sender.await.expect("the sender")?) {
        assert_works(fd, kept)?;
    }
    Ok(())
}

async fn listener_in_use_is_handed_over() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let waiting = TcpStream::connect(address).await?;
    ours.send_with_fds(b"listener", &[&listener]).await?;
    drop(listener);
    let (_, mut fds) = theirs.recv_with_fds(&mut [0; 8], 1).await?;
    let listener = TcpListener::try_from(fds.pop().expect("one"))?;
    assert_eq!(listener.local_addr()?, address);
    let (_, peer) = listener.accept().await?;
    assert_eq!(peer, waiting.local_addr()?, "who was in the queue still is");
    Ok(())
}

async fn full_socket_is_waited_for() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let block = vec![0; 64 << 10];
    let mut sent = 0;
    while let Some(n) = poll_once(ours.send(&block)).await {
        sent += n?;
    }
    let (passed, kept) = witness()?;
    let fds = [passed];
    let mut sending = Box::pin(ours.send_with_fds(b"late", &fds));
    assert!(poll_once(&mut sending).await.is_none());
    theirs.recv_exact(&mut vec![0; sent]).await?;
    assert_eq!(sending.await?, 4);
    drop(fds);
    let (_, mut fds) = theirs.recv_with_fds(&mut [0; 8], 1).await?;
    assert_works(fds.pop().expect("one"), kept)
}

async fn forms_that_do_not_wait() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let error = theirs.try_recv_with_fds(&mut [0; 8], 1).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    let (passed, kept) = witness()?;
    assert_eq!(ours.try_send_with_fds(b"x", &[passed])?, 1);
    let (_, mut fds) = theirs.try_recv_with_fds(&mut [0; 8], 1)?;
    assert_works(fds.pop().expect("one"), kept)?;
    let mut control = ReceivedControl::default();
    let mut buf = [0; 8];
    let sent = futures_lite::future::poll_fn(|cx| {
        ours.poll_send_msg(cx, &[io::IoSlice::new(b"ab")], &ControlBuffer::new(), MsgFlags::NONE)
    });
    assert_eq!(sent.await?, 2);
    let mut bufs = [IoSliceMut::new(&mut buf)];
    let received =
        futures_lite::future::poll_fn(|cx| theirs.poll_recv_msg(cx, &mut bufs, &mut control, MsgFlags::NONE));
    assert_eq!(received.await?.len, 2);
    Ok(())
}
