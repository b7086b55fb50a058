//! UDP: many datagrams with one call, and what is known of each.

use fend::net::UdpSocket;
use fend::net::udp::{RecvBatch, SendBatch};

use crate::Outcome;

/// A batch there and back, with two system calls at each end.
pub(crate) async fn batches() -> Outcome {
    const COUNT: usize = 32;
    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let client = UdpSocket::bind("127.0.0.1:0").await?;
    client.connect(server.local_addr()?).await?;
    let (mut outgoing, mut incoming) = (SendBatch::new(), RecvBatch::new(COUNT, 64));
    for number in 0..COUNT as u64 {
        outgoing.push(&number.to_le_bytes());
    }
    client.send_many(&mut outgoing).await?;

    let (mut answered, mut calls) = (0, 0);
    while answered < COUNT {
        calls += 1;
        server.recv_many(&mut incoming).await?;
        for datagram in &incoming {
            outgoing.push_to(datagram.data(), datagram.source()?);
        }
        answered += server.send_many(&mut outgoing).await?;
    }
    let mut sum = 0;
    let mut received = 0;
    while received < COUNT {
        received += client.recv_many(&mut incoming).await?;
        for datagram in &incoming {
            sum += u64::from_le_bytes(datagram.data().try_into()?);
        }
    }
    let expected = (0..COUNT as u64).sum::<u64>();
    ensure!(sum == expected, "the numbers add up to {sum}, not {expected}");
    Ok(format!("{COUNT} datagrams echoed with {calls} receives"))
}

/// A datagram that did not fit, and where another one came from.
pub(crate) async fn metadata() -> Outcome {
    let server = UdpSocket::bind("0.0.0.0:0").await?;
    server.set_recv_packet_info(true)?;
    server.set_recv_tos(true)?;
    let client = UdpSocket::bind("127.0.0.1:0").await?;
    client.set_tos(0b10)?; // ECN: capable
    client.connect(("127.0.0.1", server.local_addr()?.port())).await?;
    client.send(b"too long for eight bytes").await?;
    let mut buffer = [0; 8];
    let meta = server.recv_msg(&mut buffer).await?;
    ensure!(meta.is_truncated() && meta.datagram_len == 24, "the cut was not told: {meta:?}");
    let local = meta.local.ok_or("no local address")?;
    ensure!(local.is_loopback() && meta.ecn() == Some(0b10), "what came with it: {meta:?}");
    client.send(b"").await?;
    let empty = server.recv_msg(&mut buffer).await?;
    ensure!(empty.len == 0 && !empty.is_truncated(), "an empty one: {empty:?}");
    Ok(format!("24 bytes cut to 8, told; it came to {local} on interface {}", meta.interface.unwrap_or(0)))
}
