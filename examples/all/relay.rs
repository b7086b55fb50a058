//! Bytes that pass from socket to socket without passing through the program.

use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

use fend::io::copy_bidirectional;
use fend::net::{Shutdown, TcpListener, TcpStream};
use futures_lite::future;

use crate::Outcome;

/// A relay in the middle: the client's half close reaches the server, and the server's answer the client.
pub(crate) async fn between_sockets() -> Outcome {
    const BYTES: usize = 64 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = TcpStream::connect(address).await?;
    let (relay_in, _) = listener.accept().await?;
    let relay_out = TcpStream::connect(address).await?;
    let (server, _) = listener.accept().await?;

    let start = Instant::now();
    let relay = fend::spawn(async move {
        copy_bidirectional(&relay_in, &relay_out).idle_timeout(Duration::from_secs(30)).await
    });
    let ask = async {
        let block = vec![7; 64 << 10];
        for _ in 0..BYTES / block.len() {
            client.send_all(&block).await?;
        }
        client.shutdown(Shutdown::Write)?;
        let mut answer = [0; 8];
        client.recv_exact(&mut answer).await?;
        io::Result::Ok(u64::from_le_bytes(answer))
    };
    let serve = async {
        let (mut buffer, mut total) = (vec![0; 256 << 10], 0_u64);
        loop {
            match server.recv(&mut buffer).await? {
                0 => break,
                count => total += count as u64,
            }
        }
        server.send_all(&total.to_le_bytes()).await?;
        server.shutdown(Shutdown::Write)
    };
    let (told, ()) = future::try_zip(ask, serve).await?;
    let (up, down) = relay.await??;
    ensure!((up, down) == (BYTES as u64, 8), "the relay copied {up} and {down} bytes");
    ensure!(told == BYTES as u64, "the server got {told} bytes");
    let rate = BYTES as f64 / start.elapsed().as_secs_f64() / 1e6;
    Ok(format!("64 MiB through a relay and an answer back: {rate:.0} MB/s"))
}

/// A file goes out by sendfile(2).
pub(crate) async fn file() -> Outcome {
    let program = File::open(std::env::current_exe()?)?;
    let size = program.metadata()?.len();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let stream = TcpStream::connect(listener.local_addr()?).await?;
    let (peer, _) = listener.accept().await?;
    let sender = fend::spawn(async move { stream.send_file(&program, 0, u64::MAX).await });
    let (mut buffer, mut total, mut magic) = (vec![0; 256 << 10], 0, None);
    loop {
        match peer.recv(&mut buffer).await? {
            0 => break,
            count => {
                magic.get_or_insert_with(|| buffer[..count.min(4)].to_vec());
                total += count as u64;
            }
        }
    }
    let sent = sender.await??;
    ensure!(sent == size && total == size, "{sent} sent and {total} received of {size} bytes");
    ensure!(magic.as_deref() == Some(&b"\x7fELF"[..]), "it begins with {magic:?}");
    Ok(format!("this program's own {size} bytes sent from its file"))
}
