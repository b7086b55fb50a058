//! Fds that were closed, or whose number was given to another file, behind the runtime's back.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use fend::io::AsyncFd;
use futures_lite::future::poll_once;

use crate::alone::alone;
use crate::idleness::stays_idle;
use crate::kernel;
use crate::shape::Shape;

on_every_shape!(
    the_new_file_under_a_number_gets_its_own_events_only,
    whoever_waits_for_the_old_file_is_told,
    a_ghost_with_unread_data_costs_nothing,
);

/// Fds of this suite whose numbers no other thread will use.
const HIGH: i32 = 700;

/// A registered fd whose number now belongs to another file, while a duplicate keeps the old file open.
struct Replaced {
    old: AsyncFd<Arc<OwnedFd>>,
    old_peer: UnixStream,
    _duplicate: UnixStream,
    number: Arc<OwnedFd>,
    new_peer: UnixStream,
}

fn replaced() -> io::Result<Replaced> {
    let (duplicate, old_peer) = UnixStream::pair()?;
    let number = Arc::new(kernel::duplicate_above(duplicate.as_fd(), HIGH)?);
    let old = AsyncFd::new(number.clone())?;
    let (new, new_peer) = UnixStream::pair()?;
    kernel::replace(&number, &new)?;
    Ok(Replaced { old, old_peer, _duplicate: duplicate, number, new_peer })
}

/// All events that happened before this was called have been dispatched.
async fn events_have_arrived() -> io::Result<()> {
    let (ours, mut theirs) = UnixStream::pair()?;
    let ours = AsyncFd::new(ours)?;
    assert!(poll_once(ours.readable()).await.is_none());
    theirs.write_all(b"x")?;
    ours.readable().await
}

async fn receive(from: &AsyncFd<Arc<OwnedFd>>) -> io::Result<String> {
    let mut buf = [0; 16];
    let n = from.read_with(|fd| File::from(fd.try_clone()?).read(&mut buf)).await?;
    Ok(String::from_utf8_lossy(&buf[..n]).into_owned())
}

/// RE1
fn the_new_file_under_a_number_gets_its_own_events_only(shape: Shape) {
    shape
        .block_on(async {
            let Replaced { old, mut old_peer, _duplicate, number, mut new_peer } = replaced()?;
            let new = AsyncFd::new(number.clone())?;
            old_peer.write_all(b"stale")?;
            events_have_arrived().await?;
            assert!(poll_once(new.readable()).await.is_none(), "an event of the old file");

            new_peer.write_all(b"first")?;
            assert_eq!(receive(&new).await?, "first");
            drop(old);
            let error = new.try_read_with(|fd| File::from(fd.try_clone()?).read(&mut [0; 8])).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            assert!(poll_once(new.readable()).await.is_none());
            new_peer.write_all(b"second")?;
            assert_eq!(receive(&new).await?, "second", "the old one's end took nothing from the new one");
            io::Result::Ok(())
        })
        .expect("the sockets");
}

/// RE1
fn whoever_waits_for_the_old_file_is_told(shape: Shape) {
    shape
        .block_on(async {
            // All of it lives to the end: a peer that is gone is news of the file.
            let Replaced { old, old_peer: _old_peer, _duplicate, number, new_peer: _new_peer } = replaced()?;
            let old = Arc::new(old);
            let waiting = old.clone();
            let waiter = fend::spawn(async move { waiting.readable().await });
            fend::yield_now().await;
            let _new = AsyncFd::new(number)?;
            let error = waiter.await.expect("no panic").unwrap_err();
            assert!(error.to_string().contains("its number is in use by another file"), "{error}");
            let error = old.writable().await.unwrap_err();
            assert!(error.to_string().contains("its number is in use by another file"), "{error}");
            io::Result::Ok(())
        })
        .expect("the sockets");
}

/// RE1
fn a_ghost_with_unread_data_costs_nothing(shape: Shape) {
    alone(shape, || {
        shape
            .block_on(async {
                let Replaced { old, old_peer, _duplicate, number, new_peer } = replaced()?;
                let new = AsyncFd::new(number.clone())?;
                drop(old);
                (&old_peer).write_all(b"stale")?;
                assert!(poll_once(new.readable()).await.is_none());
                stays_idle().await?;
                drop((old_peer, new_peer));
                stays_idle().await
            })
            .expect("the sockets");
    });
}
