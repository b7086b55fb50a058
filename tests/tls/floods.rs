//! Peers that have shaken hands and send what no peer should: broken records, and too much of what is no data.

use std::io::{self, Read, Write};
use std::time::Duration;

use openssl::ssl::SslVersion;

use crate::alone::alone;
use crate::blocking::VERSIONS;
use crate::ours::{acceptor, hello};
use crate::peer;
use crate::process::{cpu_time, resident};
use crate::records::{ALERT, DATA, Forger, HANDSHAKE};
use crate::shape::Shape;

on_every_dispatcher!(
    hand_made_records_are_understood,
    records_that_are_broken,
    a_renegotiation_is_refused,
    warnings_in_place_of_a_hello,
);
alone_on_every_dispatcher!(
    undisturbed: a_flood_of_key_updates,
    a_flood_of_empty_records,
    a_flood_of_warnings,
);

/// What the tests below rest upon.
async fn hand_made_records_are_understood() -> io::Result<()> {
    for version in VERSIONS {
        let (stream, mut forger) = Forger::connect(&acceptor(), version).await?;
        for text in ["by ", "hand"] {
            forger.send(DATA, text.as_bytes())?;
        }
        if version == SslVersion::TLS1_3 {
            forger.update_keys(true)?;
        }
        forger.send(DATA, b" made")?;
        let mut received = [0; 12];
        stream.recv_exact(&mut received).await?;
        assert_eq!(&received, b"by hand made");
        stream.send_all(b"understood").await?;
        let mut answer = [0; 10];
        forger.peer().read_exact(&mut answer)?;
        assert_eq!(&answer, b"understood");
        forger.send(ALERT, &[1, 0])?;
        assert_eq!(stream.recv(&mut received).await?, 0);
    }
    Ok(())
}

async fn records_that_are_broken() -> io::Result<()> {
    for version in VERSIONS {
        for spoil in 0..5 {
            let (stream, mut forger) = Forger::connect(&acceptor(), version).await?;
            forger.send(DATA, b"whole")?;
            let mut record = forger.record(DATA, b"broken");
            let last = record.len() - 1;
            match spoil {
                0 => record[last] ^= 1,
                1 => record[6] ^= 1,
                // A length of 65,535.
                2 => record[3..5].fill(0xFF),
                3 => record[0] = 99,
                // Replayed.
                _ => {
                    forger.peer().get_ref().write_all(&record)?;
                    stream.recv_exact(&mut [0; 11]).await?;
                    forger.peer().get_ref().write_all(&record)?;
                    stream.recv(&mut [0; 16]).await.expect_err("a replayed record");
                    continue;
                }
            }
            forger.peer().get_ref().write_all(&record)?;
            stream.recv_exact(&mut [0; 5]).await?;
            for _ in 0..2 {
                let error = stream.recv(&mut [0; 16]).await.expect_err("a broken record");
                assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
            }
            assert!(stream.send(b"more").await.is_err());
            // The peer is told.
            let mut rest = Vec::new();
            drop(stream);
            let told = forger.peer().read_to_end(&mut rest).expect_err("an alert");
            assert!(told.to_string().contains("alert"), "{told}");
        }
    }
    Ok(())
}

/// TL7
async fn a_renegotiation_is_refused() -> io::Result<()> {
    let (stream, mut forger) = Forger::connect(&acceptor(), SslVersion::TLS1_2).await?;
    let hello = hello().await?;
    forger.send(HANDSHAKE, &hello[5..])?;
    // It may be passed over with a warning, or be the end. What comes next is not a handshake.
    forger.send(DATA, b"after")?;
    let mut received = [0; 5];
    match stream.recv_exact(&mut received).await {
        Ok(_) => assert_eq!(&received, b"after"),
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}"),
    }
    Ok(())
}

/// TL7: before there is any key.
async fn warnings_in_place_of_a_hello() -> io::Result<()> {
    let (stream, mut peer) = peer::accepted().await?;
    let warning = [21, 3, 1, 0, 2, 1, 90];
    peer.write_all(&warning.repeat(1000))?;
    let error = acceptor().handshake(stream).await.unwrap_err();
    assert!(!error.is_timeout(), "{error}");
    Ok(())
}

/// How much CPU time a flood may take of the process, whole records included. The peer takes a part of it.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Sends a flood from `forger`, and gives how it ended for us and what it took.
async fn flood(
    version: SslVersion,
    send: impl FnOnce(&mut Forger) -> io::Result<()> + Send + 'static,
) -> io::Result<(io::Result<usize>, Duration)> {
    let (stream, mut forger) = Forger::connect(&acceptor(), version).await?;
    let before = cpu_time();
    // An error is what becomes of a peer that was closed.
    let flooding = fend::spawn_blocking(move || {
        let _ = send(&mut forger);
        forger
    });
    let end = stream.recv(&mut [0; 64]).await;
    let cost = cpu_time() - before;
    drop(stream);
    drop(flooding.await?);
    Ok((end, cost))
}

/// TL7: 10,000 of them cost little, and our answers to those that nobody reads do not pile up.
fn a_flood_of_key_updates(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                // What the first session leaves for those that follow.
                flood(SslVersion::TLS1_3, |forger| forger.send(DATA, b"the end")).await?.0?;
                for requested in [false, true] {
                    let memory = resident();
                    let (end, cost) = flood(SslVersion::TLS1_3, move |forger| {
                        for _ in 0..10_000 {
                            forger.update_keys(requested)?;
                        }
                        forger.send(DATA, b"the end")
                    })
                    .await?;
                    let grown = resident().saturating_sub(memory);
                    eprintln!("10,000 key updates: {cost:?}, {grown} bytes, {end:?}");
                    assert!(matches!(end, Ok(7) | Err(_)), "{end:?}");
                    assert!(cost < PATIENCE, "{cost:?}");
                    assert!(grown < 4 << 20, "{grown} bytes");
                }
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// Many records of this kind and nothing else are the end of the session, soon.
fn is_refused(shape: Shape, kind: u8, body: &'static [u8]) {
    alone(shape, move || {
        shape
            .block_on(async {
                for version in VERSIONS {
                    let (end, cost) = flood(version, move |forger| {
                        (0..100_000).try_for_each(|_| forger.send(kind, body))?;
                        forger.send(DATA, b"the end")
                    })
                    .await?;
                    eprintln!("100,000 records of kind {kind}: {cost:?}, {end:?}");
                    let error = end.expect_err("too many of them");
                    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
                    assert!(cost < PATIENCE, "{cost:?}");
                }
                io::Result::Ok(())
            })
            .expect("the sockets");
    });
}

/// TL7
fn a_flood_of_empty_records(shape: Shape) {
    is_refused(shape, DATA, &[]);
}

/// TL7: "user canceled", which TLS 1.3 allows still.
fn a_flood_of_warnings(shape: Shape) {
    is_refused(shape, ALERT, &[1, 90]);
}
