//! Who is at the other end of a Unix socket.

use std::env;
use std::io::{self, IoSliceMut, Read};
use std::os::unix::net::UnixStream as StdStream;
use std::process::{self, Child, Command, Stdio};

use fend::io::AsyncFd;
use fend::net::control::{ControlBuffer, ControlMessage, ReceivedControl, space};
use fend::net::{MsgFlags, UCred, UnixDatagram, UnixListener, UnixSeqpacket, UnixStream};
use futures_lite::future::poll_once;
use socket2::SockRef;

use crate::forks::spawn;
use crate::unix_place::Directory;

on_every_dispatcher!(
    pair_knows_this_process,
    peer_in_another_process,
    without_a_connection_there_is_no_peer,
    credentials_come_with_the_bytes,
    accepted_connections_inherit_the_wish,
    pidfd_comes_with_the_bytes,
);

fn own() -> io::Result<UCred> {
    // What /proc/self belongs to.
    use std::os::unix::fs::MetadataExt;
    let own = std::fs::metadata("/proc/self")?;
    Ok(UCred { pid: process::id() as i32, uid: own.uid(), gid: own.gid() })
}

async fn pair_knows_this_process() -> io::Result<()> {
    let (stream, _other) = UnixStream::pair()?;
    assert_eq!(stream.peer_cred()?, own()?);
    let (datagram, _other) = UnixDatagram::pair()?;
    assert_eq!(datagram.peer_cred()?, own()?);
    let (seqpacket, _other) = UnixSeqpacket::pair()?;
    assert_eq!(seqpacket.peer_cred()?, own()?);
    let status = std::fs::read_to_string("/proc/self/status")?;
    let groups = status.lines().find_map(|line| line.strip_prefix("Groups:")).expect("the groups");
    let groups: Vec<u32> = groups.split_whitespace().map(|group| group.parse().expect("a number")).collect();
    assert_eq!(stream.peer_groups()?, groups);
    match stream.peer_security() {
        Ok(label) => assert!(!label.contains(&0), "{label:?}"),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{error}"),
    }
    Ok(())
}

/// Ends with its standard input, so with this process at the latest.
struct Peer(Child);

impl Peer {
    fn start(path: &std::path::Path) -> io::Result<Peer> {
        let mut command = Command::new(env::current_exe()?);
        command
            .args(["--exact", "unix_credentials::in_the_peer", "--nocapture"])
            .env("FEND_TEST_CONNECT", path);
        spawn(command.stdin(Stdio::piped()).stdout(Stdio::null())).map(Peer)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the other process does; in this one, nothing.
#[test]
fn in_the_peer() {
    let Some(path) = env::var_os("FEND_TEST_CONNECT") else { return };
    let _stream = StdStream::connect(path).expect("a connection");
    io::stdin().read_to_end(&mut Vec::new()).expect("the end of the input");
}

async fn peer_in_another_process() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixListener::bind(&path).await?;
    let mut peer = Peer::start(&path)?;
    let (stream, _) = listener.accept().await?;
    assert_eq!(stream.peer_cred()?, UCred { pid: peer.0.id() as i32, ..own()? });
    let pidfd = match stream.peer_pidfd() {
        Ok(pidfd) => AsyncFd::new(pidfd)?,
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            assert!(error.to_string().contains("6.5"), "{error}");
            eprintln!("skipped: {error}");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    assert!(poll_once(pidfd.readable()).await.is_none(), "it runs");
    drop(peer.0.stdin.take());
    pidfd.readable().await?;
    assert!(peer.0.try_wait()?.is_some_and(|status| status.success()));
    assert_eq!(stream.recv(&mut [0]).await?, 0);
    Ok(())
}

async fn without_a_connection_there_is_no_peer() -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    assert_eq!(socket.peer_cred().unwrap_err().kind(), io::ErrorKind::NotConnected);
    assert_eq!(socket.peer_groups().unwrap_err().kind(), io::ErrorKind::NotConnected);
    let error = socket.peer_pidfd().unwrap_err();
    assert!(matches!(error.kind(), io::ErrorKind::NotConnected | io::ErrorKind::Unsupported), "{error}");
    Ok(())
}

async fn received(stream: &UnixStream, room: usize) -> io::Result<Vec<ControlMessage>> {
    let mut control = ReceivedControl::with_capacity(room);
    let message = stream.recv_msg(&mut [IoSliceMut::new(&mut [0; 8])], &mut control, MsgFlags::NONE).await?;
    assert!(!message.is_control_truncated());
    Ok(control.messages().collect())
}

async fn credentials_come_with_the_bytes() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    assert!(!theirs.passcred()?);
    theirs.set_passcred(true)?;
    assert!(theirs.passcred()?);
    ours.send_all(b"who am I").await?;
    let messages = received(&theirs, space(12)).await?;
    assert!(matches!(messages[..], [ControlMessage::Credentials(peer)] if peer == own()?), "{messages:?}");
    // Said by the sender itself, which may only say the truth.
    let mut control = ControlBuffer::new();
    control.push_credentials(own()?);
    ours.send_msg(&[io::IoSlice::new(b"me")], &control, MsgFlags::NONE).await?;
    let messages = received(&theirs, space(12)).await?;
    assert!(matches!(messages[..], [ControlMessage::Credentials(peer)] if peer == own()?), "{messages:?}");
    Ok(())
}

async fn accepted_connections_inherit_the_wish() -> io::Result<()> {
    let directory = Directory::new()?;
    let path = directory.join("listener");
    let listener = UnixListener::bind(&path).await?;
    listener.set_passcred(true)?;
    assert!(listener.passcred()?);
    let client = UnixStream::connect(&path).await?;
    let (server, _) = listener.accept().await?;
    assert!(SockRef::from(&server).passcred()?);
    client.send_all(b"x").await?;
    assert!(matches!(received(&server, space(12)).await?[..], [ControlMessage::Credentials(_)]));
    Ok(())
}

async fn pidfd_comes_with_the_bytes() -> io::Result<()> {
    let (ours, theirs) = UnixStream::pair()?;
    if let Err(error) = theirs.set_passpidfd(true) {
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
        eprintln!("skipped: {error}");
        return Ok(());
    }
    assert!(theirs.passpidfd()? && !ours.passpidfd()?);
    ours.send_all(b"x").await?;
    let messages = received(&theirs, space(4)).await?;
    assert!(matches!(messages[..], [ControlMessage::PidFd(_)]), "{messages:?}");
    Ok(())
}
