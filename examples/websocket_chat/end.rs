//! How a visit ends, and what the member is told of it: [RFC 6455, section 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4).

use std::fmt;

use async_tungstenite::tungstenite::Error;
use async_tungstenite::tungstenite::error::CapacityError;
use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

#[derive(Debug)]
pub(crate) enum End {
    /// The member has said goodbye.
    Left,
    /// Nothing came, not even an answer to a ping; or nobody joined.
    Silent,
    /// Too many messages waited.
    Slow,
    TooLarge,
    NotText,
    /// The server was told to end.
    Ending,
    /// What came was no WebSocket, or the connection broke.
    Broken(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> End {
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => End::Left,
            Error::Capacity(CapacityError::MessageTooLong { .. }) => End::TooLarge,
            error => End::Broken(error),
        }
    }
}

impl End {
    /// The last frame. A browser shows its page the code and the reason.
    pub(crate) fn frame(&self) -> CloseFrame {
        let code = match self {
            End::Left => CloseCode::Normal,
            End::Silent | End::Slow => CloseCode::Policy,
            End::TooLarge => CloseCode::Size,
            End::NotText => CloseCode::Unsupported,
            // 1001: whoever goes away, be it a page that is left or a server that ends.
            End::Ending => CloseCode::Away,
            End::Broken(Error::Utf8(_)) => CloseCode::Invalid,
            End::Broken(_) => CloseCode::Protocol,
        };
        // What has broken is for the log.
        let reason = match self {
            End::Broken(_) => String::new(),
            end => end.to_string(),
        };
        CloseFrame { code, reason: reason.into() }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Left => f.write_str("has left"),
            End::Silent => f.write_str("was silent for too long"),
            End::Slow => f.write_str("received too slowly"),
            End::TooLarge => f.write_str("sent too large a message"),
            End::NotText => f.write_str("sent what is not text"),
            End::Ending => f.write_str("the server ends"),
            End::Broken(error) => error.fmt(f),
        }
    }
}
