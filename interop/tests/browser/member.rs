//! A member of the chat without a page: async-tungstenite over a socket.

use std::net::SocketAddr;

use async_tungstenite::WebSocketStream;
use async_tungstenite::tungstenite::Message;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use fend::net::TcpStream;
use futures_lite::StreamExt;

/// A member, without a page.
pub(crate) struct Member(pub(crate) WebSocketStream<TcpStream>);

impl Member {
    /// Shakes hands, and no more.
    pub(crate) async fn connect(address: SocketAddr) -> Member {
        Member::over(TcpStream::connect(address).await.expect("a connection"), address).await
    }

    pub(crate) async fn over(stream: TcpStream, address: SocketAddr) -> Member {
        let url = format!("ws://{address}/chat");
        let (socket, _) = async_tungstenite::client_async(url, stream).await.expect("a WebSocket");
        Member(socket)
    }

    /// Joins, and is in.
    pub(crate) async fn join(address: SocketAddr, name: &str) -> Member {
        let mut member = Member::connect(address).await;
        member.sends(&format!("join\nlobby\n{name}")).await;
        assert!(member.next().await.starts_with("here\n"));
        member
    }

    pub(crate) async fn sends(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("the server takes it");
    }

    /// The next message, pings left out.
    pub(crate) async fn next(&mut self) -> String {
        loop {
            match self.0.next().await.expect("a message").expect("a message") {
                Message::Text(text) => return text.as_str().to_owned(),
                Message::Ping(_) => {}
                other => panic!("{other:?} is no text"),
            }
        }
    }

    #[track_caller]
    pub(crate) fn hears(&mut self, expected: &str) -> impl Future<Output = ()> {
        let expected = expected.to_owned();
        async move { assert_eq!(self.next().await, expected) }
    }

    /// What `name` says next, whenever it is.
    pub(crate) async fn hears_from(&mut self, name: &str, text: &str) {
        let said = self.next().await;
        let parts: Vec<_> = said.splitn(4, '\n').collect();
        assert!(
            matches!(parts[..], ["said", time, by, what]
            if time.parse::<u64>().is_ok() && by == name && what == text),
            "{said:?}"
        );
    }

    /// Reads to the end: the close frame before it.
    pub(crate) async fn is_closed(&mut self) -> (CloseCode, String) {
        loop {
            match self.0.next().await.expect("a close frame") {
                Ok(Message::Close(Some(frame))) => {
                    assert!(self.0.next().await.is_none(), "something behind the close frame");
                    return (frame.code, frame.reason.as_str().to_owned());
                }
                Ok(_) => {}
                Err(error) => panic!("no close frame: {error}"),
            }
        }
    }
}
