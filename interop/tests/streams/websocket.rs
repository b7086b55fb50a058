//! WebSocket by async-tungstenite, over TCP and over TLS, with both ends on fend; and with ends made by hand.

mod by_hand;
mod ends;

use std::io;

use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::{Bytes, Error, Message};
use futures::{AsyncRead, AsyncWrite, AsyncWriteExt, Sink, SinkExt, StreamExt};

use ends::{Stream, tcp, tls};

/// How many messages go each way.
const COUNT: u8 = 20;
/// How long each is.
const LENGTH: usize = 300_000;

on_every_dispatcher!(
    large_frames_both_ways_at_once,
    large_frames_both_ways_at_once_over_tls,
    large_frames_through_halves_of_its_own,
    a_ping_is_answered,
    a_ping_is_answered_over_tls,
    the_closing_handshake,
    the_closing_handshake_over_tls,
);

async fn large_frames_both_ways_at_once() -> io::Result<()> {
    let (client, server) = tcp().await?;
    all_four_at_once(StreamExt::split(client), StreamExt::split(server)).await
}

async fn large_frames_both_ways_at_once_over_tls() -> io::Result<()> {
    let (client, server) = tls().await?;
    all_four_at_once(StreamExt::split(client), StreamExt::split(server)).await
}

async fn large_frames_through_halves_of_its_own() -> io::Result<()> {
    let (client, server) = tls().await?;
    all_four_at_once(client.split(), server.split()).await
}

async fn a_ping_is_answered() -> io::Result<()> {
    ping(tcp().await?).await
}

async fn a_ping_is_answered_over_tls() -> io::Result<()> {
    ping(tls().await?).await
}

async fn the_closing_handshake() -> io::Result<()> {
    closing(tcp().await?).await
}

async fn the_closing_handshake_over_tls() -> io::Result<()> {
    closing(tls().await?).await
}

/// The client's connection and the server's.
type Both<S> = (WebSocketStream<S>, WebSocketStream<S>);

fn message(number: u8) -> Bytes {
    (0..LENGTH).map(|index| number.wrapping_add((index % 251) as u8)).collect::<Vec<_>>().into()
}

/// Each end sends in one task and receives in another. Far more is under way than sockets hold, so that each sender waits for its receiver.
async fn all_four_at_once(
    (client_send, client_receive): (impl Sender, impl Receiver),
    (server_send, server_receive): (impl Sender, impl Receiver),
) -> io::Result<()> {
    let sending = [fend::spawn(send_all(client_send)), fend::spawn(send_all(server_send))];
    let receiving = [fend::spawn(receive_all(client_receive)), fend::spawn(receive_all(server_receive))];
    for task in sending.into_iter().chain(receiving) {
        task.await??;
    }
    Ok(())
}

trait Sender: Sink<Message, Error = Error> + Send + Unpin + 'static {}
impl<S: Sink<Message, Error = Error> + Send + Unpin + 'static> Sender for S {}

trait Receiver: futures::Stream<Item = Result<Message, Error>> + Send + Unpin + 'static {}
impl<S: futures::Stream<Item = Result<Message, Error>> + Send + Unpin + 'static> Receiver for S {}

async fn send_all(mut sender: impl Sender) -> io::Result<()> {
    for number in 0..COUNT {
        sender.send(Message::Binary(message(number))).await.map_err(io::Error::other)?;
    }
    Ok(())
}

async fn receive_all(mut receiver: impl Receiver) -> io::Result<()> {
    for number in 0..COUNT {
        let received = receiver.next().await.expect("a message").map_err(io::Error::other)?;
        assert!(received == Message::Binary(message(number)), "message {number} has changed on its way");
    }
    Ok(())
}

/// Sends back what comes, until the connection is closed. tungstenite answers pings by itself, when it is asked for a message.
async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocketStream<S>) -> io::Result<()> {
    while let Some(message) = socket.next().await {
        let message = message.map_err(io::Error::other)?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await.map_err(io::Error::other)?;
        }
    }
    end(socket).await
}

/// Ends the stream below, as the server has to, once WebSocket's own closing handshake is over. The library drops it, which is enough for TCP; over
/// TLS the client sees an error then, as it must not take a cut connection for the end.
async fn end<S: AsyncRead + AsyncWrite + Unpin>(socket: WebSocketStream<S>) -> io::Result<()> {
    socket.into_inner().close().await
}

async fn ping<S: Stream>((mut client, server): Both<S>) -> io::Result<()> {
    let echo = fend::spawn(echo(server));
    for message in [Message::Ping(Bytes::from_static(b"are you there?")), Message::text("hello")] {
        client.send(message).await.map_err(io::Error::other)?;
    }
    let pong = client.next().await.expect("a pong").map_err(io::Error::other)?;
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"are you there?")));
    let text = client.next().await.expect("a message").map_err(io::Error::other)?;
    assert_eq!(text, Message::text("hello"));
    client.close(None).await.map_err(io::Error::other)?;
    assert!(matches!(client.next().await, Some(Ok(Message::Close(None)))));
    assert!(client.next().await.is_none());
    echo.await?
}

async fn closing<S: Stream>((mut client, mut server): Both<S>) -> io::Result<()> {
    let reason = CloseFrame { code: CloseCode::Away, reason: "going".into() };
    server.close(Some(reason.clone())).await.map_err(io::Error::other)?;
    let told = client.next().await.expect("a close frame").map_err(io::Error::other)?;
    assert_eq!(told, Message::Close(Some(reason.clone())));
    let refused = client.send(Message::text("too late")).await;
    refused.expect_err("nothing is sent after it");
    // The answer to it, and the end of the stream.
    let answered = async {
        let answer = server.next().await.expect("an answer").map_err(io::Error::other)?;
        assert_eq!(answer, Message::Close(Some(reason)));
        assert!(server.next().await.is_none());
        end(server).await
    };
    let (answered, ended) = futures::join!(answered, client.next());
    assert!(ended.is_none(), "{ended:?}");
    answered
}
