//! TLS in TLS, as with a proxy that is reached by https: the session inside is one library's, and its stream is another's session.
//!
//! A session inside ends before the one outside does. Whoever closes TCP then has something left unread, and the kernel resets the connection:
//! so the server reads until the client has ended, and the client reads no end.

use std::io;

use futures::{AsyncReadExt, AsyncWriteExt};

use super::libraries::{LIBRARIES, Stream, accept, connect};
use crate::pair::{noise, tcp};

on_every_dispatcher!(a_session_in_a_session, three_sessions_in_each_other);

const LENGTH: usize = 200_000;

/// Gives back all that comes until the client has ended the session.
async fn give_back(stream: Stream) -> io::Result<u64> {
    let (reader, mut writer) = stream.split();
    futures::io::copy(reader, &mut writer).await
}

/// Sends bytes, gets them back, and ends the session.
async fn exchange(stream: Stream) -> io::Result<()> {
    let (sent, mut received) = (noise(LENGTH), vec![0; LENGTH]);
    let (mut reader, mut writer) = stream.split();
    let writing = async {
        writer.write_all(&sent).await?;
        writer.flush().await
    };
    futures::try_join!(writing, reader.read_exact(&mut received))?;
    assert!(received == sent);
    writer.close().await
}

async fn a_session_in_a_session() -> io::Result<()> {
    for outside in LIBRARIES {
        for inside in LIBRARIES {
            let fails = |error| io::Error::other(format!("{inside:?} in {outside:?}: {error}"));
            let (ours, theirs) = tcp().await?;
            let server = fend::spawn(async move {
                let outer = accept(outside, Box::new(theirs)).await?;
                give_back(accept(inside, outer).await?).await
            });
            let outer = connect(outside, outside.newest_of_server(), "localhost", Box::new(ours)).await;
            let inner = connect(inside, inside.newest_of_server(), "localhost", outer.map_err(fails)?).await;
            exchange(inner.map_err(fails)?).await.map_err(fails)?;
            assert_eq!(server.await?.map_err(fails)?, LENGTH as u64);
        }
    }
    Ok(())
}

/// At each layer the client's library is another one than the server's, but for the layer in the middle.
async fn three_sessions_in_each_other() -> io::Result<()> {
    let (ours, theirs) = tcp().await?;
    let server = fend::spawn(async move {
        let mut stream: Stream = Box::new(theirs);
        for library in LIBRARIES.into_iter().rev() {
            stream = accept(library, stream).await?;
        }
        give_back(stream).await
    });
    let mut stream: Stream = Box::new(ours);
    for (library, server) in LIBRARIES.into_iter().zip(LIBRARIES.into_iter().rev()) {
        stream = connect(library, server.newest_of_server(), "localhost", stream).await?;
    }
    exchange(stream).await?;
    assert_eq!(server.await??, LENGTH as u64);
    Ok(())
}
