//! A receive that comes back short empties readiness without asking the kernel again. Whatever happens next must be
//! seen all the same, wherever it falls.

use std::io::{self, Write};
use std::net::{self, Shutdown};

use fend::net::TcpStream;
use futures_lite::future::poll_once;

use crate::peer::{accepted, reset};

on_every_dispatcher!(what_follows_a_short_read_is_seen);

/// What the peer does after its first bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    Data,
    Fin,
    Rst,
}

/// When it does so.
#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    /// With the first bytes still in the socket.
    BeforeTheShortRead,
    /// When the short read is over, and nobody waits.
    AfterTheShortRead,
    /// When the next receive waits.
    WhileWaiting,
}

/// RE7
async fn what_follows_a_short_read_is_seen() -> io::Result<()> {
    for then in [Then::Data, Then::Fin, Then::Rst] {
        for when in [When::BeforeTheShortRead, When::AfterTheShortRead, When::WhileWaiting] {
            for registered in [false, true] {
                check(then, when, registered).await?;
            }
        }
    }
    Ok(())
}

async fn check(then: Then, when: When, registered: bool) -> io::Result<()> {
    let case = format!("{then:?} {when:?}, registered: {registered}");
    let (stream, mut peer) = accepted().await?;
    let mut buf = [0; 64];
    if registered {
        assert!(poll_once(stream.recv(&mut buf)).await.is_none(), "{case}");
    }
    peer.write_all(b"abc")?;
    stream.readable().await?;
    let mut peer = Peer { stream: Some(peer), then, when };

    peer.act(When::BeforeTheShortRead)?;
    let first = stream.recv(&mut buf).await?;
    assert!(buf[..first].starts_with(b"abc"), "{case}");
    peer.act(When::AfterTheShortRead)?;
    let mut next = Box::pin(outcome(&stream, &buf[3..first]));
    let early = poll_once(&mut next).await;
    peer.act(When::WhileWaiting)?;
    let seen = match early {
        Some(seen) => seen,
        None => next.await,
    };
    assert_eq!(seen, then, "{case}");
    Ok(())
}

/// The peer and what it is about to do. It stays open until the end of the case, unless it ends the connection.
struct Peer {
    stream: Option<net::TcpStream>,
    then: Then,
    when: When,
}

impl Peer {
    fn act(&mut self, now: When) -> io::Result<()> {
        if now != self.when {
            return Ok(());
        }
        let mut stream = self.stream.take().expect("one act only");
        match self.then {
            Then::Data => stream.write_all(b"more")?,
            Then::Fin => stream.shutdown(Shutdown::Write)?,
            Then::Rst => return reset(stream),
        }
        self.stream = Some(stream);
        Ok(())
    }
}

/// What the receiver sees next, of which `early` came with the first bytes.
async fn outcome(stream: &TcpStream, early: &[u8]) -> Then {
    let mut buf = [0; 64];
    let result = match early {
        [] => stream.recv(&mut buf).await,
        _ => return expect_data(early),
    };
    match result {
        Ok(0) => Then::Fin,
        Ok(n) => expect_data(&buf[..n]),
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
            Then::Rst
        }
    }
}

fn expect_data(bytes: &[u8]) -> Then {
    assert_eq!(bytes, b"more");
    Then::Data
}
