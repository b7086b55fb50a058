//! tokio-tungstenite, at both ends.

use std::io;

use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_async, connect_async};

async fn large_frames_over_two_tasks() -> io::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/", listener.local_addr()?);
    let server = fend::spawn(async move {
        let (stream, _) = listener.accept().await?;
        let (mut sink, mut messages) = accept_async(stream).await.map_err(io::Error::other)?.split();
        while let Some(message) = messages.next().await {
            let message = message.map_err(io::Error::other)?;
            // The answer to a close is sent when the next message is asked for.
            if message.is_binary() {
                sink.send(message).await.map_err(io::Error::other)?;
            }
        }
        io::Result::Ok(())
    });
    let (client, _) = connect_async(url).await.map_err(io::Error::other)?;
    let (mut sink, mut messages) = client.split();
    let sender = fend::spawn(async move {
        for n in 0..10 {
            sink.send(Message::binary(vec![n; 300_000])).await?;
        }
        sink.close().await
    });
    let mut count = 0;
    while let Some(message) = messages.next().await {
        let message = message.map_err(io::Error::other)?;
        if let Message::Binary(bytes) = message {
            assert!(bytes == vec![count; 300_000]);
            count += 1;
        }
    }
    assert_eq!(count, 10);
    sender.await?.map_err(io::Error::other)?;
    server.await?
}

on_every_dispatcher!(large_frames_over_two_tasks);
