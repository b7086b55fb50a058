//! What the two ends of a connection do.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use Behaviour::*;

use crate::bytes::{Noise, Sum, odd_sizes};
use crate::kinds::{Kind, Library, Shared, Stream};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// The client sends in odd sizes while it receives; the server sends everything back.
    Echo,
    /// One end says that it will send nothing more, before the other has sent anything: both directions are to arrive whole.
    ClientFinishesFirst,
    ServerFinishesFirst,
    /// One end breaks the connection off: the other one's receive and send are to fail.
    ClientResets,
    ServerResets,
    /// One end reads slower than the other sends: the sender is to wait, and nothing to be lost.
    ServerReadsSlowly,
    ClientReadsSlowly,
}

/// Bytes of an echo.
const ECHO: u64 = if cfg!(debug_assertions) { 4 << 20 } else { 64 << 20 };

/// Bytes of one direction elsewhere: more than the kernel's buffers hold.
const SOME: u64 = if cfg!(debug_assertions) { 2 << 20 } else { 8 << 20 };

/// Bytes in front of a reset.
const FEW: u64 = 1000;

/// Asked of the kernel for each buffer of a slow connection. It makes twice that of it. With less than a few segments of the loopback
/// interface (64 KiB) it would wait for timers of its own.
const SMALL: usize = 128 << 10;

/// More than such buffers hold on both sides, and less than [`SOME`].
const MOST_AHEAD: u64 = 1 << 20;

/// The slow end naps this long after each [`NAP_AFTER`] bytes.
const NAP: Duration = Duration::from_millis(1);
const NAP_AFTER: u64 = 64 << 10;

/// Two ends and what they have to do.
pub(crate) struct Meeting {
    behaviour: Behaviour,
    /// How far the slow end is.
    received: AtomicU64,
}

/// What an end has seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    sent: Sum,
    received: Sum,
}

impl Meeting {
    pub(crate) fn new(behaviour: Behaviour) -> Meeting {
        Meeting { behaviour, received: AtomicU64::new(0) }
    }

    /// The server's end.
    pub(crate) async fn serve<K: Kind>(self: Arc<Self>, stream: Shared<K>) -> io::Result<Seen> {
        match self.behaviour {
            Echo => echo(&*stream).await,
            ClientFinishesFirst => finish_second(&stream).await,
            ServerFinishesFirst => finish_first(&stream).await,
            ClientResets => is_reset(&*stream).await,
            ServerResets => reset(stream).await,
            ServerReadsSlowly => self.read_slowly::<K>(&stream).await,
            ClientReadsSlowly => self.send_no_further_than_read(&stream).await,
        }
    }

    /// The client's end.
    pub(crate) async fn ask<K: Kind>(self: Arc<Self>, stream: Shared<K>) -> io::Result<Seen> {
        match self.behaviour {
            Echo => ask_for_echo::<K>(stream).await,
            ClientFinishesFirst => finish_first(&stream).await,
            ServerFinishesFirst => finish_second(&stream).await,
            ClientResets => reset(stream).await,
            ServerResets => is_reset(&*stream).await,
            ServerReadsSlowly => self.send_no_further_than_read(&stream).await,
            ClientReadsSlowly => self.read_slowly::<K>(&stream).await,
        }
    }

    pub(crate) fn check(&self, server: &Seen, client: &Seen) {
        // The end that breaks off does so with a byte unread.
        if self.behaviour != ServerResets {
            assert_eq!(server.received, client.sent, "from the client to the server");
        }
        if self.behaviour != ClientResets {
            assert_eq!(client.received, server.sent, "from the server to the client");
        }
        let counts = match self.behaviour {
            Echo => [echo_len(); 2],
            ClientFinishesFirst | ServerFinishesFirst => [SOME; 2],
            ClientResets => [FEW, 2],
            ServerResets => [2, FEW],
            ServerReadsSlowly => [SOME, 0],
            ClientReadsSlowly => [0, SOME],
        };
        assert_eq!([client.sent.count, server.sent.count], counts);
        if self.behaviour == Echo {
            assert_eq!(client.received, client.sent);
        }
    }

    /// Every piece that is sent must have left for buffers of a known size.
    async fn send_no_further_than_read(&self, stream: &Arc<impl Stream>) -> io::Result<Seen> {
        stream.socket().set_send_buffer_size(SMALL)?;
        let sent = send_noise(stream, SOME, |sent| {
            let ahead = sent - self.received.load(SeqCst).min(sent);
            assert!(ahead <= MOST_AHEAD, "{ahead} bytes are nowhere to be seen");
        });
        let sent = sent.await?;
        Ok(Seen { sent, received: receive_all(stream).await? })
    }

    async fn read_slowly<K: Kind>(&self, stream: &Shared<K>) -> io::Result<Seen> {
        stream.socket().set_recv_buffer_size(SMALL)?;
        let (mut buf, mut received, mut naps) = ([0; 1013], Sum::new(), 0);
        loop {
            match stream.recv(&mut buf).await? {
                0 => break,
                count => received.add(&buf[..count]),
            }
            self.received.store(received.count, SeqCst);
            if received.count / NAP_AFTER > naps {
                naps += 1;
                K::Library::nap(NAP).await;
            }
        }
        stream.finish()?;
        Ok(Seen { sent: Sum::new(), received })
    }
}

fn echo_len() -> u64 {
    if std::env::var_os("FEND_TEST_FULL").is_some() { 64 << 20 } else { ECHO }
}

async fn echo(stream: &impl Stream) -> io::Result<Seen> {
    let (mut buf, mut seen) = (vec![0; 1 << 20], Sum::new());
    for size in odd_sizes() {
        match stream.recv(&mut buf[..size]).await? {
            0 => break,
            count => {
                seen.add(&buf[..count]);
                stream.send_all(&buf[..count]).await?;
            }
        }
    }
    stream.finish()?;
    Ok(Seen { sent: seen, received: seen })
}

async fn ask_for_echo<K: Kind>(stream: Shared<K>) -> io::Result<Seen> {
    let (sender, receiver) = (stream.clone(), stream);
    let send = async move { send_noise(&sender, echo_len(), |_| ()).await };
    let receive = async move { receive_all(&receiver).await };
    let (sent, received) = K::Library::both(send, receive).await;
    Ok(Seen { sent: sent?, received: received? })
}

async fn finish_first(stream: &Arc<impl Stream>) -> io::Result<Seen> {
    let sent = send_noise(stream, SOME, |_| ()).await?;
    Ok(Seen { sent, received: receive_all(stream).await? })
}

/// Sends only after the other end has closed its direction.
async fn finish_second(stream: &Arc<impl Stream>) -> io::Result<Seen> {
    let received = receive_all(stream).await?;
    Ok(Seen { sent: send_noise(stream, SOME, |_| ()).await?, received })
}

/// Sends a few bytes, waits until they have been received, and breaks off.
async fn reset(stream: Arc<impl Stream>) -> io::Result<Seen> {
    let (mut bytes, mut sent, mut received) = ([0; FEW as usize], Sum::new(), Sum::new());
    Noise::new(FEW).fill(&mut bytes);
    stream.send_all(&bytes).await?;
    sent.add(&bytes);
    let mut answer = [0];
    assert_eq!(stream.recv(&mut answer).await?, 1);
    received.add(&answer);
    // What resets a TCP connection is this; a Unix one, what is left unread of the answer.
    stream.socket().set_linger(Some(Duration::ZERO))?;
    // The last one: it is shared with nobody here.
    drop(stream);
    Ok(Seen { sent, received })
}

/// The other end of [`reset`].
async fn is_reset(stream: &impl Stream) -> io::Result<Seen> {
    let (mut buf, mut sent, mut received) = ([0; 77], Sum::new(), Sum::new());
    while received.count < FEW {
        match stream.recv(&mut buf).await? {
            0 => break,
            count => received.add(&buf[..count]),
        }
    }
    // In one piece.
    stream.send_all(b"!!").await?;
    sent.add(b"!!");
    let error = stream.recv(&mut buf).await.expect_err("no end, but a reset");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
    let error = stream.send_all(b"!").await.expect_err("the connection is gone");
    assert!(matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset), "{error}");
    Ok(Seen { sent, received })
}

/// Sends bytes in pieces of odd sizes, tells `sent` of each, and finishes.
async fn send_noise(stream: &Arc<impl Stream>, len: u64, sent: impl Fn(u64)) -> io::Result<Sum> {
    let (mut noise, mut sum, mut buf) = (Noise::new(len), Sum::new(), vec![0; 1 << 20]);
    for size in odd_sizes() {
        let left = usize::try_from(len - sum.count).expect("a length in memory");
        let piece = &mut buf[..size.min(left)];
        if piece.is_empty() {
            break;
        }
        noise.fill(piece);
        stream.send_all(piece).await?;
        sum.add(piece);
        sent(sum.count);
    }
    stream.finish()?;
    Ok(sum)
}

/// Receives until the other end has finished, into buffers of odd sizes.
async fn receive_all(stream: &Arc<impl Stream>) -> io::Result<Sum> {
    let (mut sum, mut buf) = (Sum::new(), vec![0; 1 << 20]);
    for size in odd_sizes() {
        match stream.recv(&mut buf[..size]).await? {
            0 => break,
            count => sum.add(&buf[..count]),
        }
    }
    Ok(sum)
}
