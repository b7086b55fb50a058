//! Pipes, and copying inside the kernel: between sockets, and from a file.

use std::io;
use std::net::Shutdown;
use std::path::PathBuf;

use fend::fs::{self, File};
use fend::io::copy;
use fend::net::pipe::pipe;
use fend::net::{TcpListener, TcpStream};
use futures::future::{try_join, try_join3};

/// More than a pipe holds at once.
const LARGE: usize = 100_000;

pub(super) async fn all(place: PathBuf) -> io::Result<()> {
    let data = vec![7; LARGE];
    through_a_pipe(&data).await?;
    between_sockets(&data).await?;
    from_a_file(&data, place.join("file")).await
}

async fn connected() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let (client, (server, _)) =
        try_join(TcpStream::connect(listener.local_addr()?), listener.accept()).await?;
    Ok((client, server))
}

async fn through_a_pipe(data: &[u8]) -> io::Result<()> {
    let (reader, writer) = pipe()?;
    let mut received = vec![0; data.len()];
    try_join(writer.send_all(data), reader.recv_exact(&mut received)).await?;
    assert!(received == data);
    drop(writer);
    assert_eq!(reader.recv(&mut [0; 8]).await?, 0);
    Ok(())
}

async fn between_sockets(data: &[u8]) -> io::Result<()> {
    let ((from, input), (output, to)) = try_join(connected(), connected()).await?;
    let send = async {
        from.send_all(data).await?;
        from.shutdown(Shutdown::Write)
    };
    let pass = async {
        assert_eq!(copy(&input, &output).await?, data.len() as u64);
        output.shutdown(Shutdown::Write)
    };
    let receive = async {
        let mut received = vec![0; data.len()];
        to.recv_exact(&mut received).await?;
        assert!(received == data);
        Ok(())
    };
    try_join3(send, pass, receive).await.map(drop)
}

async fn from_a_file(data: &[u8], path: PathBuf) -> io::Result<()> {
    fs::write(&path, data.to_vec()).await?;
    let file = File::open(&path).await?;
    let (from, to) = connected().await?;
    let send = async {
        assert_eq!(from.send_file(&file, 0, 8).await?, 8);
        assert_eq!(copy(file, &from).await?, data.len() as u64);
        from.shutdown(Shutdown::Write)
    };
    let mut received = vec![0; 8 + data.len()];
    try_join(send, to.recv_exact(&mut received)).await?;
    assert!(&received[8..] == data);
    Ok(())
}
