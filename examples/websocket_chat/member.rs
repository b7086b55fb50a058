//! One member's WebSocket, from the handshake to its last byte.

use std::time::{Duration, Instant};

use async_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use async_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};
use async_tungstenite::{WebSocketReceiver, WebSocketSender, WebSocketStream};
use fend::time::{interval_at, timeout};
use futures::channel::mpsc::Receiver;
use futures_lite::StreamExt;
use futures_lite::future::or;
use futures_lite::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::chat::Chat;
use crate::end::End;
use crate::pace::Pace;
use crate::protocol::{Request, Told, parse};
use crate::rooms::Seat;

/// How long who has connected may take to join.
const JOIN_PATIENCE: Duration = Duration::from_secs(10);

/// How long a member may take to hear that it is over. Less than all have when the server is told to end.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// Messages here are small, and members many.
const BUFFER: usize = 4096;

/// Attends to whoever has shaken hands over `stream`, until that is over.
pub(crate) async fn attend<S: AsyncRead + AsyncWrite + Unpin>(stream: S, peer: &str, chat: &Chat) {
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(Some(chat.settings.largest))
        .max_frame_size(Some(chat.settings.largest));
    let socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let (mut sender, mut receiver) = socket.split();
    let told = async {
        chat.ending.cancelled().await;
        End::Ending
    };
    let end = or(told, visit(&mut sender, &mut receiver, peer, chat)).await;
    // Who does not take even that is left.
    let _ = timeout(CLOSE_PATIENCE, close(sender, receiver, &end)).await;
}

/// Says goodbye, and waits until the other side has closed: a connection with unread bytes in it would be reset, and the goodbye lost.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(
    mut sender: WebSocketSender<S>,
    mut receiver: WebSocketReceiver<S>,
    end: &End,
) {
    // An error is one of a connection that is gone.
    let _ = sender.close(Some(end.frame())).await;
    // Until the other's close frame has come; or, if that came first, until the answer to it has gone.
    while let Some(Ok(_)) = receiver.next().await {}
    let Ok(socket) = WebSocketStream::reunite(sender, receiver) else { return };
    let mut stream = socket.into_inner();
    let _ = stream.close().await;
    let mut unread = [0; 1024];
    while stream.read(&mut unread).await.is_ok_and(|count| count > 0) {}
}

async fn visit<S: AsyncRead + AsyncWrite + Unpin>(
    sender: &mut WebSocketSender<S>,
    receiver: &mut WebSocketReceiver<S>,
    peer: &str,
    chat: &Chat,
) -> End {
    let (seat, messages) = match timeout(JOIN_PATIENCE, join(sender, receiver, chat)).await {
        Ok(Ok(joined)) => joined,
        Ok(Err(end)) => return end,
        Err(_) => return End::Silent,
    };
    let who = seat.to_string();
    chat.log.tell(format!("{peer}: {who} joins"));
    let slow = seat.slow.clone();
    let put_out = async {
        slow.cancelled().await;
        End::Slow
    };
    let ping = chat.settings.ping;
    let end = or(put_out, or(listen(receiver, &seat, chat), speak(sender, messages, ping))).await;
    // The others see at once that he is gone, not when his connection is.
    drop(seat);
    chat.log.tell(format!("{peer}: {who}: {end}"));
    end
}

/// Waits for a name that can be had.
async fn join<S: AsyncRead + AsyncWrite + Unpin>(
    sender: &mut WebSocketSender<S>,
    receiver: &mut WebSocketReceiver<S>,
    chat: &Chat,
) -> Result<(Seat, Receiver<Utf8Bytes>), End> {
    loop {
        let message = text(receiver.next().await)?;
        let joined = match message.as_deref().map(parse) {
            None => continue,
            Some(Ok(Request::Join { room, name })) => chat.rooms.join(room, name),
            Some(Ok(Request::Say(_))) => Err("you have not joined".to_owned()),
            Some(Err(why)) => Err(why),
        };
        match joined {
            Ok(joined) => return Ok(joined),
            Err(why) => sender.send(Message::Text(Told::Refused(&why).encode())).await?,
        }
    }
}

/// Passes on what the member says.
async fn listen<S: AsyncRead + AsyncWrite + Unpin>(
    receiver: &mut WebSocketReceiver<S>,
    seat: &Seat,
    chat: &Chat,
) -> End {
    let mut pace = Pace::new(chat.settings.rate);
    // An answer to the last ping has as long again to come.
    let patience = chat.settings.ping * 2;
    loop {
        let Ok(message) = timeout(patience, receiver.next()).await else { return End::Silent };
        match text(message) {
            Err(end) => return end,
            Ok(None) => {}
            Ok(Some(message)) => {
                pace.next().await;
                match parse(&message) {
                    Ok(Request::Say(text)) => seat.say(text),
                    Ok(Request::Join { .. }) => seat.refuse("you have joined already"),
                    Err(why) => seat.refuse(&why),
                }
            }
        }
    }
}

/// What came, when it is text; `None` for what the library has answered itself.
fn text(message: Option<Result<Message, Error>>) -> Result<Option<Utf8Bytes>, End> {
    match message.transpose()? {
        Some(Message::Text(text)) => Ok(Some(text)),
        Some(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Ok(None),
        Some(Message::Binary(_)) => Err(End::NotText),
        Some(Message::Close(_)) | None => Err(End::Left),
    }
}

/// Tells the member what there is for him, and asks now and then whether he is still there.
async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
    sender: &mut WebSocketSender<S>,
    mut messages: Receiver<Utf8Bytes>,
    ping: Duration,
) -> End {
    let mut pings = interval_at(Instant::now() + ping, ping);
    loop {
        let ask = async {
            pings.tick().await;
            Some(Message::Ping(Bytes::new()))
        };
        let tell = async { messages.next().await.map(Message::Text) };
        let Some(message) = or(tell, ask).await else { return End::Left };
        if let Err(error) = sender.send(message).await {
            return error.into();
        }
    }
}
