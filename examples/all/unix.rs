//! Unix sockets: descriptors that change hands, records, and who is at the other end; and pipes.

use std::fs::File;
use std::io::Read;

use fend::net::{PipeReader, UnixSeqpacket, UnixStream, pipe};
use futures_lite::future;

use crate::Outcome;

/// The reading end of a pipe goes through a socket, and what is written into the other end comes out of the copy.
pub(crate) async fn descriptors() -> Outcome {
    let (ours, theirs) = UnixStream::pair()?;
    let (reader, writer) = pipe::pipe()?;
    ours.send_with_fds(
        b"a pipe and a file",
        &[&reader.into_blocking_fd()?, &File::open("/proc/self/comm")?.into()],
    )
    .await?;
    let mut text = [0; 32];
    let (count, fds) = theirs.recv_with_fds(&mut text, 2).await?;
    ensure!(&text[..count] == b"a pipe and a file", "it came with {:?}", &text[..count]);
    let [pipe, file] = <[_; 2]>::try_from(fds).map_err(|fds| format!("{} descriptors, not 2", fds.len()))?;

    let pipe = PipeReader::try_from(pipe)?;
    let mut greeting = [0; 7];
    future::try_zip(writer.send_all(b"through"), pipe.recv_exact(&mut greeting)).await?;
    ensure!(&greeting == b"through", "the pipe gave {greeting:?}");
    let mut name = String::new();
    File::from(file).read_to_string(&mut name)?;
    ensure!(!name.trim().is_empty(), "the file that came was empty");
    Ok("a pipe and a file went through a socket, and both work".to_owned())
}

/// Records keep their borders, and the kernel vouches for the peer.
pub(crate) async fn records() -> Outcome {
    let (ours, theirs) = UnixSeqpacket::pair()?;
    for record in [&b"one"[..], b"", b"three"] {
        ours.send(record).await?;
    }
    let mut lengths = Vec::new();
    let mut buffer = [0; 4];
    while lengths.len() < 3 {
        let record = theirs.recv_record(&mut buffer).await?.ok_or("the end came early")?;
        lengths.push((record.len, record.is_truncated()));
    }
    // The last one has five bytes, and there was room for four.
    ensure!(lengths.iter().map(|&(_, cut)| cut).eq([false, false, true]), "records: {lengths:?}");
    let peer = theirs.peer_cred()?;
    ensure!(peer.pid == std::process::id() as i32, "the peer is process {}", peer.pid);
    Ok(format!("3 records, a cut one reported; the peer is process {}, user {}", peer.pid, peer.uid))
}
