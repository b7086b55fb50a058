//! Vectored calls with empty buffers among the others, in numbers.

use std::fs::File;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;

use fend::net::control::{ControlBuffer, ControlMessage, ReceivedControl, space};
use fend::net::{MsgFlags, UnixDatagram, UnixSeqpacket, UnixStream};

on_every_dispatcher!(
    leading_empty_buffers_are_not_the_end,
    nor_are_they_in_a_pipe,
    more_buffers_than_one_call_takes,
    messages_of_a_stream_with_many_buffers,
    records_of_too_many_buffers_are_refused,
    descriptors_without_a_byte_are_refused,
);

/// More than the kernel takes in one call.
const MANY: usize = 1500;

/// Empty ones, and a last one that is not.
fn empty_but_the_last(last: &mut [u8]) -> Vec<IoSliceMut<'_>> {
    let empty = (0..MANY).map(|_| IoSliceMut::new(&mut []));
    empty.chain([IoSliceMut::new(last)]).collect()
}

async fn leading_empty_buffers_are_not_the_end() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut out = vec![IoSlice::new(b""); MANY];
    out.push(IoSlice::new(b"here"));
    let mut buf = [0; 8];
    assert_eq!(theirs.send_vectored(&out).await?, 4);
    assert_eq!(ours.recv_vectored(&mut empty_but_the_last(&mut buf)).await?, 4);
    assert_eq!(theirs.try_send_vectored(&out)?, 4);
    assert_eq!(ours.try_recv_vectored(&mut empty_but_the_last(&mut buf))?, 4);
    assert_eq!(&buf[..4], b"here");
    let error = ours.try_recv_vectored(&mut empty_but_the_last(&mut buf)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock, "no end");
    assert_eq!(theirs.send_vectored(&out[..MANY]).await?, 0, "nothing to send");
    drop(theirs);
    assert_eq!(ours.recv_vectored(&mut empty_but_the_last(&mut buf)).await?, 0, "the end");
    Ok(())
}

async fn nor_are_they_in_a_pipe() -> io::Result<()> {
    let (reader, writer) = fend::net::pipe::pipe()?;
    let mut out = vec![IoSlice::new(b""); MANY];
    out.push(IoSlice::new(b"here"));
    let mut buf = [0; 8];
    assert_eq!(writer.send_vectored(&out).await?, 4);
    assert_eq!(reader.recv_vectored(&mut empty_but_the_last(&mut buf)).await?, 4);
    assert_eq!(writer.try_send_vectored(&out)?, 4);
    assert_eq!(reader.try_recv_vectored(&mut empty_but_the_last(&mut buf))?, 4);
    assert_eq!(&buf[..4], b"here");
    drop(writer);
    assert_eq!(reader.recv_vectored(&mut empty_but_the_last(&mut buf)).await?, 0, "the end");
    Ok(())
}

async fn more_buffers_than_one_call_takes() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let out = vec![IoSlice::new(b"x"); MANY];
    assert_eq!(theirs.send_vectored(&out).await?, 1024);
    assert_eq!(theirs.send_vectored(&out[1024..]).await?, MANY - 1024);
    let mut bytes = vec![0; MANY];
    let mut bufs: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
    assert_eq!(ours.recv_vectored(&mut bufs).await?, 1024);
    // All that was asked for came, and there is more.
    assert_eq!(ours.recv_vectored(&mut bufs[1024..]).await?, MANY - 1024);
    assert_eq!(bytes, vec![b'x'; MANY]);
    Ok(())
}

async fn messages_of_a_stream_with_many_buffers() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let file = File::open("/dev/null")?;
    let mut control = ControlBuffer::new();
    control.push_descriptors(&[file.as_fd()])?;
    let mut out = vec![IoSlice::new(b""); MANY];
    out.extend(vec![IoSlice::new(b"y"); MANY]);
    assert_eq!(theirs.send_msg(&out, &control, MsgFlags::NONE).await?, 1024);
    let mut buf = [0; 2000];
    let mut received = ReceivedControl::with_capacity(space(4));
    let message = ours.recv_msg(&mut empty_but_the_last(&mut buf), &mut received, MsgFlags::NONE).await?;
    assert_eq!(message.len, 1024);
    assert!(matches!(received.messages().next(), Some(ControlMessage::Descriptors(_))));
    Ok(())
}

async fn records_of_too_many_buffers_are_refused() -> io::Result<()> {
    let (out, none) = (vec![IoSlice::new(b"x"); MANY], ControlBuffer::new());
    let mut bytes = vec![0; MANY];
    let mut bufs: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
    let mut control = ReceivedControl::default();
    let (ours, theirs) = UnixDatagram::pair()?;
    theirs.send(b"whole").await?;
    let errors = [
        theirs.send_msg(&out, &none, MsgFlags::NONE).await.map(drop),
        ours.recv_msg(&mut bufs, &mut control, MsgFlags::NONE).await.map(drop),
        UnixSeqpacket::pair()?.0.send_msg(&out, &none, MsgFlags::NONE).await.map(drop),
    ];
    for error in errors {
        assert_eq!(error.unwrap_err().raw_os_error(), Some(libc::EMSGSIZE));
    }
    assert_eq!(ours.recv(&mut [0; 8]).await?, 5, "and nothing is lost");
    Ok(())
}

async fn descriptors_without_a_byte_are_refused() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    let (mut reader, writer) = StdUnixStream::pair()?;
    let mut control = ControlBuffer::new();
    control.push_descriptors(&[writer.as_fd()])?;
    for bufs in [&[][..], &[IoSlice::new(b"")], &[IoSlice::new(b""); 2000]] {
        let errors = [
            theirs.send_msg(bufs, &control, MsgFlags::NONE).await,
            theirs.try_send_msg(bufs, &control, MsgFlags::NONE),
            theirs.try_send_with_fds(b"", &[&writer]),
        ];
        for error in errors {
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("at least one byte"), "{error}");
        }
        assert_eq!(theirs.send_msg(bufs, &ControlBuffer::new(), MsgFlags::NONE).await?, 0, "no harm done");
    }
    drop((writer, ours));
    assert_eq!(reader.read(&mut [0])?, 0, "no copy is anywhere");
    Ok(())
}
