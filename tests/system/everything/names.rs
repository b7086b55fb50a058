//! Names: asked of a server of the test's own, and of the system.

use std::io;
use std::net::Ipv4Addr;

use fend::dns::{Path, RecordData, RecordType, Resolver};
use fend::net::UdpSocket;
use futures::future::try_join;

/// The answer to a question for A: the address 192.0.2.1.
fn answer(question: &[u8]) -> Vec<u8> {
    // The name ends with an empty label; its type and class follow.
    let end = 12 + question[12..].iter().position(|byte| *byte == 0).expect("an end") + 5;
    let mut message = question[..end].to_vec();
    // An answer, to a question that wished for recursion, with one record.
    message[2..12].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    // The name is that of the question; A, IN, a minute, four bytes.
    message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1]);
    message
}

pub(super) async fn asked(round: u64) -> io::Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0").await?;
    let resolver = Resolver::builder()
        .path(Path::Native)
        .resolv_conf("/nonexistent/resolv.conf")
        .hosts("/nonexistent/hosts")
        .nsswitch("/nonexistent/nsswitch.conf")
        .search(Vec::<String>::new())
        .name_server(server.local_addr()?)
        .build()?;
    let name = format!("round{round}.test");
    let serve = async {
        let mut buf = [0; 600];
        let (count, from) = server.recv_from(&mut buf).await?;
        server.send_to(&answer(&buf[..count]), from).await
    };
    let ask = async { resolver.records(&name, RecordType::A).await.map_err(io::Error::from) };
    let (_, records) = try_join(serve, ask).await?;
    assert!(matches!(records[0].data, RecordData::A(address) if address == Ipv4Addr::new(192, 0, 2, 1)));
    Ok(())
}

/// By the C library, on a thread for blocking code.
pub(super) async fn of_the_system() -> io::Result<()> {
    let resolver = Resolver::builder().path(Path::System).build()?;
    let found = resolver.lookup("localhost", 443).await?;
    assert!(found.iter().all(|info| info.socket_addr().ip().is_loopback()), "{found:?}");
    assert!(found.iter().next().is_some());
    Ok(())
}
