//! The server's half of the opening handshake: [RFC 6455, section 4.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2).

use async_tungstenite::tungstenite::handshake::derive_accept_key;
use http_body_util::Full;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Response, StatusCode, Version};

use crate::page::{Answer, refuse};

/// The one version there is.
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// Why there is no WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The request does not ask for one, or not as HTTP/1.1 does.
    NotAsked,
    Version,
    Key,
    /// See [`origin`](crate::origin).
    Origin,
}

/// The key to answer a GET with that has these fields.
pub(crate) fn check(version: Version, fields: &HeaderMap) -> Result<HeaderValue, Refusal> {
    let asks = names(fields, CONNECTION, "upgrade") && names(fields, UPGRADE, "websocket");
    if version != Version::HTTP_11 || !asks {
        return Err(Refusal::NotAsked);
    }
    if fields.get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(Refusal::Version);
    }
    let key = fields.get(SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes())).ok_or(Refusal::Key)?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes())).map_err(|_| Refusal::Key)
}

/// Says that what follows is a WebSocket.
pub(crate) fn switch(key: HeaderValue) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    announce(answer.headers_mut());
    answer.headers_mut().insert(SEC_WEBSOCKET_ACCEPT, key);
    answer
}

impl Refusal {
    pub(crate) fn answer(self) -> Answer {
        let (status, why) = match self {
            Refusal::NotAsked => (StatusCode::UPGRADE_REQUIRED, "Here is a WebSocket, by HTTP/1.1."),
            Refusal::Version => (StatusCode::UPGRADE_REQUIRED, "The version of WebSocket here is 13."),
            Refusal::Key => (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is not that of a handshake."),
            Refusal::Origin => (StatusCode::FORBIDDEN, "Pages from elsewhere may not connect."),
        };
        let mut answer = refuse(status, why);
        if status == StatusCode::UPGRADE_REQUIRED {
            announce(answer.headers_mut());
            answer.headers_mut().insert(SEC_WEBSOCKET_VERSION, VERSION);
        }
        answer
    }
}

fn announce(fields: &mut HeaderMap) {
    fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

/// Whether `word` is in the list that a field is.
fn names(fields: &HeaderMap, field: HeaderName, word: &str) -> bool {
    let values = fields.get_all(field);
    let mut words = values.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    words.any(|other| other.trim().eq_ignore_ascii_case(word))
}

/// Sixteen bytes in base64.
fn is_key(key: &[u8]) -> bool {
    let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    key.len() == 24 && key.ends_with(b"==") && key[..22].iter().all(of_base64)
}
