//! A server's care: options before the connection, a limit, and an end without a lost answer.

use std::time::Duration;

use fend::net::{Listener, Shutdown, TcpSocket, TcpStream};
use fend::task::TaskGroup;

use crate::Outcome;

/// Typed, by name, and as the C library has them.
pub(crate) async fn options() -> Outcome {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuse_port(true)?;
    socket.set_socket_option("DEFER_ACCEPT", 5)?;
    socket.bind("127.0.0.1:0")?;
    let listener = socket.listen(64)?;
    let misspelt = listener.set_socket_option("REUSEADR", true).err().ok_or("REUSEADR was taken")?;
    ensure!(misspelt.to_string().contains("REUSEADDR"), "no near name: {misspelt}");

    let client = TcpStream::connect(listener.local_addr()?).await?;
    client.set_nodelay(true)?;
    client.send_all(b"hello").await?;
    let (server, _) = listener.accept().await?;
    server.recv_exact(&mut [0; 5]).await?;
    let info = client.tcp_info()?;
    Ok(format!(
        "set by type and by name; the round trip takes {:?}, {} segments were sent again",
        info.rtt, info.total_retrans
    ))
}

/// Twenty clients at a server that takes four at a time; then a drain.
pub(crate) async fn drain() -> Outcome {
    let listener = Listener::bind("127.0.0.1:0").await?.max_connections(4);
    let (address, handle) = (listener.local_addr()?, listener.handle());
    let server = fend::spawn(listener.serve(|stream, _peer| async move {
        let mut name = [0; 16];
        if let Ok(count) = stream.recv(&mut name).await {
            let _ = stream.send_all(&name[..count]).await;
        }
    }));
    let mut clients: TaskGroup<std::io::Result<()>> = (0..20)
        .map(|_| async move {
            let stream = TcpStream::connect(address).await?;
            stream.send_all(b"who?").await?;
            stream.shutdown(Shutdown::Write)?;
            stream.recv_exact(&mut [0; 4]).await
        })
        .collect();
    while let Some(client) = clients.join_next().await {
        client??;
    }
    let report = handle.drain(Duration::from_secs(5)).await;
    server.await??;
    let metrics = handle.metrics();
    ensure!(report.is_clean(), "the drain: {report:?}");
    ensure!(metrics.accepted == 20, "{} accepted", metrics.accepted);
    Ok(format!(
        "20 clients, 4 at a time, told {} times that it is full; drained without an abort",
        metrics.limit_reached
    ))
}
