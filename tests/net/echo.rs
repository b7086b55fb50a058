//! Bytes there and back, more of them than any buffer holds, in pieces of odd sizes.

use std::io::{self, Read, Write};
use std::net::{self, Shutdown};
use std::thread;

use fend::net::{TcpListener, TcpStream};

use crate::peer::{assert_same, noise, odd_pieces};

on_every_dispatcher!(
    server_echoes_to_std_client,
    client_sends_and_receives_at_once,
    both_ends_on_one_runtime
);

const SIZE: usize = 8 << 20;

async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut buf = vec![0; 10_007];
    loop {
        match stream.recv(&mut buf).await? {
            0 => return stream.shutdown(Shutdown::Write),
            n => stream.send_all(&buf[..n]).await?,
        }
    }
}

fn send_pieces(mut peer: net::TcpStream) -> io::Result<()> {
    for piece in odd_pieces(&noise(SIZE)) {
        peer.write_all(piece)?;
    }
    peer.shutdown(Shutdown::Write)
}

async fn server_echoes_to_std_client() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let mut client = net::TcpStream::connect(listener.local_addr()?)?;
    let sender = client.try_clone()?;
    let sender = thread::spawn(move || send_pieces(sender));
    let receiver = thread::spawn(move || {
        let mut received = Vec::new();
        client.read_to_end(&mut received).map(|_| received)
    });
    let (stream, _) = listener.accept().await?;
    fend::spawn(echo(stream)).await.expect("the server")?;
    sender.join().expect("the sender")?;
    assert_same(&receiver.join().expect("the receiver")?, &noise(SIZE));
    Ok(())
}

async fn client_sends_and_receives_at_once() -> io::Result<()> {
    let listener = net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || -> io::Result<()> {
        let (stream, _) = listener.accept()?;
        io::copy(&mut &stream, &mut &stream)?;
        stream.shutdown(Shutdown::Write)
    });
    let stream = TcpStream::connect(address).await?;
    both_directions(stream).await?;
    server.join().expect("the server")
}

async fn both_ends_on_one_runtime() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    let server = fend::spawn(echo(server));
    both_directions(client).await?;
    server.await.expect("the server")
}

/// Sends from one task and receives in another, on two clones.
async fn both_directions(stream: TcpStream) -> io::Result<()> {
    let writer = stream.clone();
    let sender = fend::spawn(async move {
        for piece in odd_pieces(&noise(SIZE)) {
            writer.send_all(piece).await?;
        }
        writer.shutdown(Shutdown::Write)
    });
    let mut received = vec![0; SIZE];
    stream.recv_exact(&mut received).await?;
    assert_eq!(stream.recv(&mut [0; 8]).await?, 0, "the end after the last byte");
    sender.await.expect("the sender")?;
    assert_same(&received, &noise(SIZE));
    Ok(())
}
