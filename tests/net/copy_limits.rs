//! Limits on a copy: silence, counts, and turns.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use fend::io::{copy, copy_bidirectional};
use fend::time::{now, pause, sleep};
use futures_lite::future::poll_once;
use futures_lite::io::{AsyncReadExt, repeat, sink};

use crate::peer::{accepted, assert_same, noise};

on_every_dispatcher!(
    silence_ends_a_copy,
    any_byte_breaks_the_silence,
    silence_after_a_half_close,
    a_stalled_writer_is_silence_too,
    no_more_is_taken_than_the_limit,
    limits_at_the_edge,
    endless_copies_let_others_run,
);

const MINUTE: Duration = Duration::from_secs(60);

async fn silence_ends_a_copy() -> io::Result<()> {
    pause();
    for no_splice in [false, true] {
        let ((a, _client), (b, _server)) = (accepted().await?, accepted().await?);
        let start = now();
        let error = copy_bidirectional(&a, &b).no_splice(no_splice).idle_timeout(MINUTE).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(error.to_string(), "no byte was copied for 60s");
        assert!((MINUTE..MINUTE * 2).contains(&(now() - start)), "{:?}", now() - start);
        let error = copy(&a, &b).no_splice(no_splice).idle_timeout(MINUTE).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let forever = copy(&a, &b).no_splice(no_splice).idle_timeout(Duration::MAX);
        assert!(fend::time::timeout(MINUTE * 60 * 24, forever).await.is_err(), "a limit that never comes");
    }
    Ok(())
}

async fn any_byte_breaks_the_silence() -> io::Result<()> {
    pause();
    let ((a, mut client), (b, _server)) = (accepted().await?, accepted().await?);
    let start = now();
    let mut copy = copy_bidirectional(a, b).idle_timeout(MINUTE);
    let (_, progress) = copy.progress();
    let progress = (progress, {
        let (up, _) = copy.progress();
        up
    });
    let copying = fend::spawn(copy);
    for count in 1..=5 {
        sleep(MINUTE * 3 / 4).await;
        client.write_all(b".")?;
        while progress.1.copied() < count {
            fend::yield_now().await;
        }
    }
    let last = now();
    let error = copying.await?.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert!(now() - start >= MINUTE * 15 / 4 + MINUTE);
    assert!((MINUTE..MINUTE * 5 / 4).contains(&(now() - last)), "{:?}", now() - last);
    assert_eq!((progress.0.copied(), progress.1.copied()), (0, 5));
    Ok(())
}

/// What looks like a half close, and is a peer that has gone.
async fn silence_after_a_half_close() -> io::Result<()> {
    pause();
    let ((a, client), (b, mut server)) = (accepted().await?, accepted().await?);
    let copying = fend::spawn(async move {
        let mut copy = copy_bidirectional(a, b).half_close_timeout(MINUTE);
        let result = (&mut copy).await;
        (result, copy.copied())
    });
    sleep(MINUTE * 60).await;
    assert!(!copying.is_finished(), "while both directions are open, silence is fine");
    server.write_all(b"kept")?;
    client.shutdown(Shutdown::Write)?;
    let start = now();
    let (result, counts) = copying.await?;
    assert_eq!(result.unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert!((MINUTE..MINUTE * 2).contains(&(now() - start)), "{:?}", now() - start);
    assert_eq!(counts, (0, 4));
    assert_eq!(server.read(&mut [0; 8])?, 0);
    Ok(())
}

async fn a_stalled_writer_is_silence_too() -> io::Result<()> {
    pause();
    let (b, mut server) = accepted().await?;
    let mut copying = copy(repeat(b'x'), &b).idle_timeout(MINUTE);
    assert_eq!((&mut copying).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    let copied = copying.copied();
    drop(copying);
    drop(b);
    let mut received = Vec::new();
    server.read_to_end(&mut received)?;
    assert_eq!(received.len() as u64, copied, "the count is what the socket took");
    Ok(())
}

async fn no_more_is_taken_than_the_limit() -> io::Result<()> {
    for no_splice in [false, true] {
        let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
        client.write_all(&noise(300_000))?;
        assert_eq!(copy(&a, &b).no_splice(no_splice).limit(100_001).await?, 100_001);
        assert_eq!(copy(&a, &b).no_splice(no_splice).limit(0).await?, 0);
        drop(b);
        let mut received = Vec::new();
        server.read_to_end(&mut received)?;
        let mut rest = vec![0; 199_999];
        a.recv_exact(&mut rest).await?;
        received.append(&mut rest);
        assert_same(&received, &noise(300_000));
    }
    Ok(())
}

/// NT13
async fn limits_at_the_edge() -> io::Result<()> {
    let edges = [u64::MAX, u64::MAX - 1, usize::MAX as u64, isize::MAX as u64, 1 << 32, (1 << 31) - 1];
    for limit in edges {
        for no_splice in [false, true] {
            let ((a, mut client), (b, mut server)) = (accepted().await?, accepted().await?);
            client.write_all(&noise(100_000))?;
            drop(client);
            let copied =
                if no_splice { copy((&a).take(limit), &b).await? } else { copy(&a, &b).limit(limit).await? };
            assert_eq!(copied, 100_000, "limit {limit}");
            drop(b);
            let mut received = Vec::new();
            server.read_to_end(&mut received)?;
            assert_same(&received, &noise(100_000));
        }
    }
    Ok(())
}

async fn endless_copies_let_others_run() -> io::Result<()> {
    // As many as there are workers, and more.
    let endless: Vec<_> = (0..4).map(|_| fend::spawn(copy(repeat(0), sink()))).collect();
    let trickles: Vec<_> = (0..4).map(|_| fend::spawn(copy(repeat(0), sink()).buffer_size(1))).collect();
    for _ in 0..20 {
        sleep(Duration::from_micros(10)).await;
        fend::spawn(async {}).await?;
    }
    for copying in endless.into_iter().chain(trickles) {
        assert!(!copying.is_finished());
        copying.abort();
        assert!(copying.await.is_err());
    }
    let mut one = copy(repeat(0), sink());
    assert!(poll_once(&mut one).await.is_none(), "a poll ends");
    assert!((1..=2 << 20).contains(&one.copied()), "{}", one.copied());
    Ok(())
}
