//! What fend can wait for: sockets of each kind, TLS, names, timers, signals, files, file events, children, other threads, and tasks.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fend::inotify::{EventKind, Mask, Watcher};
use fend::net::{UdpSocket, UnixStream};
use fend::process::Command;
use fend::signal::{Signal, Signals};
use futures::{StreamExt, TryFutureExt};

use crate::pair::{echo, exchange, tcp, tls};
use crate::place::Place;

/// Each by itself, and then all at the same time.
pub(super) async fn everything() -> io::Result<()> {
    streams().await?;
    datagrams().await?;
    timers().await?;
    names().await?;
    signals().await?;
    files().await?;
    children().await?;
    threads_and_tasks().await?;
    futures::try_join!(
        streams(),
        datagrams(),
        timers(),
        names(),
        signals(),
        files(),
        children(),
        threads_and_tasks(),
    )?;
    Ok(())
}

const LENGTH: usize = 100_000;

async fn streams() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    futures::try_join!(exchange(ours, LENGTH), echo(theirs))?;
    let (ours, theirs) = tls().await?;
    futures::try_join!(exchange(ours, LENGTH), echo(theirs))?;
    let (ours, theirs) = UnixStream::pair()?;
    futures::try_join!(exchange(ours, LENGTH), echo(theirs))?;
    Ok(())
}

async fn datagrams() -> io::Result<()> {
    let (ours, theirs) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    let address = theirs.local_addr()?;
    for number in 0..20_u8 {
        let (sent, mut buf) = ([number; 700], [0; 1000]);
        let (_, (count, from)) =
            futures::try_join!(ours.send_to(&sent, address), theirs.recv_from(&mut buf))?;
        assert_eq!((&buf[..count], from), (&sent[..], ours.local_addr()?));
    }
    Ok(())
}

async fn timers() -> io::Result<()> {
    let before = Instant::now();
    fend::time::sleep(Duration::from_millis(3)).await;
    assert!(before.elapsed() >= Duration::from_millis(3));
    let waits = fend::time::timeout(Duration::from_millis(3), futures::future::pending::<()>()).await;
    assert!(waits.is_err());
    let mut ticks = fend::time::interval(Duration::from_millis(1));
    for _ in 0..3 {
        ticks.tick().await;
    }
    Ok(())
}

async fn names() -> io::Result<()> {
    let addresses = fend::dns::lookup("localhost", 80).await?;
    assert!(!addresses.is_empty() && addresses.iter().all(|info| info.ip().is_loopback()));
    Ok(())
}

/// Tests beside this one send it too. Whoever listens receives each one that comes from then on.
async fn signals() -> io::Result<()> {
    let mut signals = Signals::new([Signal::USR2])?;
    fend::signal::raise(Signal::USR2)?;
    assert_eq!(signals.recv().await?.signal(), Signal::USR2);
    Ok(())
}

async fn files() -> io::Result<()> {
    let place = Place::new();
    let path = PathBuf::from(place.file("letter"));
    let mut watcher = Watcher::new()?;
    watcher.add(place.path(), Mask::CLOSE_WRITE)?;
    fend::fs::write(&path, "dear reader").await?;
    let event = watcher.next().await.expect("events do not end")?;
    assert_eq!((event.kind(), event.path()), (EventKind::ClosedAfterWrite, path.clone()));
    assert_eq!(fend::fs::read_to_string(&path).await?, "dear reader");
    Ok(())
}

async fn children() -> io::Result<()> {
    let output = Command::new("sh").args(["-c", "echo spoken; exit 3"]).output().await?;
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(3), &b"spoken\n"[..]));
    Ok(())
}

async fn threads_and_tasks() -> io::Result<()> {
    let blocking = fend::spawn_blocking(|| 6 * 7).map_err(io::Error::from);
    let task = fend::spawn(async {
        fend::yield_now().await;
        fend::time::sleep(Duration::from_millis(1)).await;
        6 * 7
    });
    let (one, other) = futures::try_join!(blocking, task.map_err(io::Error::from))?;
    assert_eq!((one, other), (42, 42));
    Ok(())
}
