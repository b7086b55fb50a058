//! UDP: single datagrams, connected or not, and many at once.

use std::io;
use std::path::PathBuf;

use fend::net::UdpSocket;
use fend::net::udp::{RecvBatch, SendBatch};
use futures::future::try_join;

pub(super) async fn all(_: PathBuf) -> io::Result<()> {
    let one = UdpSocket::bind("127.0.0.1:0").await?;
    let other = UdpSocket::bind("127.0.0.1:0").await?;
    let (from, to) = (one.local_addr()?, other.local_addr()?);
    let mut buf = [0; 16];
    let (_, (count, source)) = try_join(one.send_to(b"one", to), other.recv_from(&mut buf)).await?;
    assert_eq!((&buf[..count], source), (&b"one"[..], from));
    one.connect(to).await?;
    let (_, count) = try_join(one.send(b"four"), other.recv(&mut buf)).await?;
    assert_eq!(&buf[..count], b"four");
    many(&one, &other).await
}

async fn many(one: &UdpSocket, other: &UdpSocket) -> io::Result<()> {
    let mut outgoing = SendBatch::new();
    for word in ["a", "bc", "def"] {
        outgoing.push(word.as_bytes());
    }
    let mut sent = 0;
    while sent < 3 {
        sent += one.send_many(&mut outgoing).await?;
    }
    let (mut incoming, mut received) = (RecvBatch::new(4, 16), 0);
    while received < 3 {
        received += other.recv_many(&mut incoming).await?;
    }
    Ok(())
}
