//! TCP: listening, connecting, accepting, an echo, a half close; and a server that accepts for itself.

use std::io;
use std::net::Shutdown;
use std::path::PathBuf;
use std::time::Duration;

use fend::net::{Listener, TcpListener, TcpStream};
use futures::future::try_join;

pub(super) async fn all(_: PathBuf) -> io::Result<()> {
    echo().await?;
    served().await
}

async fn echo() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (client, (server, peer)) =
        try_join(TcpStream::connect(listener.local_addr()?), listener.accept()).await?;
    assert_eq!(peer, client.local_addr()?);
    client.set_nodelay(true)?;
    let answer = async {
        let mut buf = [0; 16];
        loop {
            match server.recv(&mut buf).await? {
                0 => return server.shutdown(Shutdown::Write),
                count => server.send_all(&buf[..count]).await?,
            }
        }
    };
    let ask = async {
        let mut buf = [0; 4];
        for word in [b"one.", b"two."] {
            client.send_all(word).await?;
            client.recv_exact(&mut buf).await?;
            assert_eq!(&buf, word);
        }
        client.shutdown(Shutdown::Write)?;
        assert_eq!(client.recv(&mut buf).await?, 0);
        Ok(())
    };
    try_join(answer, ask).await.map(drop)
}

/// One that outlives errors of accepting. Its connections end with what they have.
async fn served() -> io::Result<()> {
    let listener = Listener::bind("127.0.0.1:0").await?;
    let (address, handle) = (listener.local_addr()?, listener.handle());
    let serve = listener.serve(|stream: TcpStream, _| async move {
        let _ = stream.send_all(b"hello").await;
    });
    let ask = async {
        let result = async {
            let client = TcpStream::connect(address).await?;
            client.recv_exact(&mut [0; 5]).await
        };
        let result = result.await;
        handle.drain(Duration::from_secs(5)).await;
        result
    };
    try_join(serve, ask).await.map(drop)
}
